"""The password store of the computer: which ones are used, and what each answer means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.secrets.keyring_secrets import KeyringSecrets
from tests.support.keyring_fake import MemoryKeyring

THE_FAKE = frozenset({"tests.support.keyring_fake.MemoryKeyring"})


class PlaintextKeyring(MemoryKeyring):
    """Stands for a store that keeps everything readable."""


class FailingKeyring(KeyringBackend):
    """Raises, or does, what it is told."""

    priority = 1.0

    def __init__(self, act: Callable[[], str | None]) -> None:
        super().__init__()
        self._act = act

    def get_password(self, service: str, username: str) -> str | None:
        return self._act()

    def set_password(self, service: str, username: str, password: str) -> None:
        self._act()

    def delete_password(self, service: str, username: str) -> None:
        self._act()


def failing(error: Exception) -> KeyringSecrets:
    def act() -> str | None:
        raise error

    name = f"{__name__}.FailingKeyring"
    return KeyringSecrets(lambda: FailingKeyring(act), frozenset({name}))


def test_a_secret_is_written_read_and_deleted() -> None:
    secrets = KeyringSecrets(MemoryKeyring, THE_FAKE)
    assert secrets.read("CRM").state is SecretState.ABSENT
    assert secrets.write("CRM", "opensesame") is SecretState.AVAILABLE
    assert secrets.read("CRM") == SecretReading(SecretState.AVAILABLE, "opensesame")
    assert MemoryKeyring.passwords == {("Desktop Sync", "CRM"): "opensesame"}
    assert secrets.delete("CRM") is SecretState.ABSENT
    assert secrets.delete("CRM") is SecretState.ABSENT
    assert secrets.read("CRM").state is SecretState.ABSENT
    assert "MemoryKeyring" in secrets.describe()


def test_a_reading_never_shows_its_value() -> None:
    assert "opensesame" not in repr(SecretReading(SecretState.AVAILABLE, "opensesame"))


@pytest.mark.scenario("X1")
@pytest.mark.parametrize("refused", [PlaintextKeyring, MemoryKeyring, null.Keyring, fail.Keyring])
def test_a_store_that_does_not_keep_secrets_safe_is_refused(refused: type[KeyringBackend]) -> None:
    secrets = KeyringSecrets(refused)
    assert secrets.read("CRM").state is SecretState.NO_BACK_END
    assert secrets.write("CRM", "opensesame") is SecretState.NO_BACK_END
    assert secrets.delete("CRM") is SecretState.NO_BACK_END
    assert not secrets.is_usable()
    assert "no password store" in secrets.describe()
    assert MemoryKeyring.passwords == {}


def test_of_a_chain_only_the_allowed_stores_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(MemoryKeyring):
        passwords: ClassVar[dict[tuple[str, str], str]] = {}

    monkeypatch.setattr(chainer.ChainerBackend, "backends", [Plain(), MemoryKeyring()])
    secrets = KeyringSecrets(chainer.ChainerBackend, THE_FAKE)
    assert secrets.write("CRM", "opensesame") is SecretState.AVAILABLE
    assert (len(Plain.passwords), len(MemoryKeyring.passwords)) == (0, 1)
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [Plain()])
    assert secrets.read("CRM").state is SecretState.NO_BACK_END


class PromptDismissedException(Exception):
    """Named as the one of SecretStorage, which is not installed everywhere."""


def wrapped(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (keyring.errors.KeyringLocked("x"), SecretState.LOCKED),
        (keyring.errors.NoKeyringError("x"), SecretState.NO_BACK_END),
        (keyring.errors.InitError("x"), SecretState.ERROR),
        (keyring.errors.PasswordSetError("x"), SecretState.ERROR),
        (PermissionError("x"), SecretState.DENIED),
        (PromptDismissedException("x"), SecretState.DENIED),
        (wrapped(keyring.errors.InitError("x"), PromptDismissedException("x")), SecretState.DENIED),
        (RuntimeError("x"), SecretState.ERROR),
    ],
)
def test_each_error_of_a_store_is_one_state(error: Exception, state: SecretState) -> None:
    secrets = failing(error)
    assert secrets.read("CRM") == SecretReading(state)
    assert secrets.write("CRM", "x") is state
    assert secrets.delete("CRM") is state


def test_a_store_that_gives_back_something_else_has_not_kept_the_secret() -> None:
    name = f"{__name__}.FailingKeyring"
    secrets = KeyringSecrets(lambda: FailingKeyring(lambda: None), frozenset({name}))
    assert secrets.write("CRM", "x") is SecretState.ERROR


def test_a_store_that_never_answers_is_locked_and_asked_once_only() -> None:
    unlocked = threading.Event()
    asked: list[str] = []

    def wait() -> str | None:
        asked.append("asked")
        unlocked.wait()
        return "opensesame"

    name = f"{__name__}.FailingKeyring"
    secrets = KeyringSecrets(lambda: FailingKeyring(wait), frozenset({name}), time_limit_s=0.01)
    assert secrets.read("CRM").state is SecretState.LOCKED
    assert secrets.read("CRM").state is SecretState.LOCKED
    assert secrets.is_usable()  # there is one; it is locked
    assert len(asked) == 1
    waiting = next(thread for thread in threading.enumerate() if thread.name == "password store")
    unlocked.set()
    waiting.join()
    patient = KeyringSecrets(lambda: FailingKeyring(wait), frozenset({name}))
    assert patient.read("CRM").value == "opensesame"
