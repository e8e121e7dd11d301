"""The encrypted file: what opens it, what does not, and that it is replaced as a whole."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.secrets.choice import choose_secrets
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
from desktop_sync.secrets.keyring_secrets import KeyringSecrets
from desktop_sync.secrets.session_secrets import SessionSecrets
from tests.support.keyring_fake import MemoryKeyring

WRITER = """
import sys
from pathlib import Path
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
vault = EncryptedFileSecrets(Path(sys.argv[1]), "master")
for number in range(15):
    vault.write(f"{sys.argv[2]} {number}", "x")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "secrets.vault"


def test_what_is_written_is_there_for_the_right_password_only(path: Path) -> None:
    vault = EncryptedFileSecrets(path, "master")
    assert vault.read("CRM").state is SecretState.ABSENT
    assert vault.write("CRM", "opensesame €\0") is SecretState.AVAILABLE
    assert EncryptedFileSecrets(path, "master").read("CRM").value == "opensesame €\0"
    for wrong in ("Master", "", None):
        locked = EncryptedFileSecrets(path, wrong)
        before = path.read_bytes()
        assert locked.read("CRM") == SecretReading(SecretState.LOCKED)
        assert locked.write("CRM", "other") is SecretState.LOCKED
        assert locked.delete("CRM") is SecretState.LOCKED
        assert path.read_bytes() == before


def test_deleting_leaves_the_others(path: Path) -> None:
    vault = EncryptedFileSecrets(path, "master")
    vault.write("CRM", "1")
    vault.write("Shop", "2")
    assert vault.delete("CRM") is SecretState.ABSENT
    assert vault.delete("CRM") is SecretState.ABSENT
    assert (vault.read("CRM").state, vault.read("Shop").value) == (SecretState.ABSENT, "2")


@pytest.mark.scenario("X1", "X21")
def test_the_file_is_the_owners_alone_and_nothing_is_readable_in_it(path: Path) -> None:
    before = os.umask(0)
    try:
        EncryptedFileSecrets(path, "master").write("CRM", "opensesame")
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())}
    assert modes == {"home": 0o700, "secrets.vault": 0o600, "secrets.vault.lock": 0o600}
    assert b"opensesame" not in path.read_bytes()
    assert b"CRM" not in path.read_bytes()


@pytest.mark.parametrize("part", ["head", "nonce", "sealed"])
def test_a_file_that_was_tampered_with_does_not_open(path: Path, part: str) -> None:
    vault = EncryptedFileSecrets(path, "master")
    vault.write("CRM", "opensesame")
    document = json.loads(path.read_text())
    data = bytearray(base64.b64decode(document[part]))
    data[-2] ^= 1
    document[part] = base64.b64encode(data).decode()
    path.write_text(json.dumps(document))
    before = path.read_bytes()
    for each in (vault, EncryptedFileSecrets(path, "master")):
        assert each.read("CRM").state in (SecretState.LOCKED, SecretState.ERROR)
        assert each.write("CRM", "other") in (SecretState.LOCKED, SecretState.ERROR)
    assert path.read_bytes() == before


def test_a_file_that_asks_for_too_much_memory_is_refused(path: Path) -> None:
    vault = EncryptedFileSecrets(path, "master")
    vault.write("CRM", "opensesame")
    document = json.loads(path.read_text())
    head = json.loads(base64.b64decode(document["head"])) | {"cost": 2**30}
    document["head"] = base64.b64encode(json.dumps(head).encode()).decode()
    path.write_text(json.dumps(document))
    assert EncryptedFileSecrets(path, "master").read("CRM").state is SecretState.ERROR


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"head": 1, "nonce": "", "sealed": ""}'])
def test_a_file_that_is_something_else_is_an_error_and_stays(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    vault = EncryptedFileSecrets(path, "master")
    assert vault.read("CRM").state is SecretState.ERROR
    assert vault.write("CRM", "x") is SecretState.ERROR
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = EncryptedFileSecrets(path, "master")
    vault.write("CRM", "old")

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    assert vault.write("CRM", "new") is SecretState.ERROR
    monkeypatch.undo()
    assert vault.read("CRM").value == "old"
    assert vault.write("CRM", "new") is SecretState.AVAILABLE
    assert vault.read("CRM").value == "new"


def test_two_programs_lose_nothing_of_each_other(path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("one", "two")]
    assert [process.wait() for process in running] == [0, 0]
    vault = EncryptedFileSecrets(path, "master")
    states = {vault.read(f"{name} {number}").state for name in ("one", "two") for number in range(15)}
    assert states == {SecretState.AVAILABLE}


def test_the_session_forgets() -> None:
    session = SessionSecrets()
    assert session.write("CRM", "x") is SecretState.AVAILABLE
    assert session.read("CRM").value == "x"
    assert session.delete("CRM") is SecretState.ABSENT
    assert session.read("CRM") == SecretReading(SecretState.ABSENT)
    assert "memory only" in session.describe()


def test_the_store_is_chosen_by_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = path.parent
    usable = KeyringSecrets(MemoryKeyring, frozenset({"tests.support.keyring_fake.MemoryKeyring"}))
    refused = KeyringSecrets(MemoryKeyring)
    assert choose_secrets(home, None, usable) is usable
    assert isinstance(choose_secrets(home, None, refused), SessionSecrets)
    choose_secrets(home, "master", usable).write("CRM", "opensesame")
    locked = choose_secrets(home, None, refused)
    assert locked.read("CRM").state is SecretState.LOCKED
    monkeypatch.setenv("DESKTOP_SYNC_MASTER_PASSWORD", "master")
    assert choose_secrets(home, None, refused).read("CRM").value == "opensesame"
    assert "encrypted file" in choose_secrets(home, None, refused).describe()
