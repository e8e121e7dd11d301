"""No secret lies in any file of the home folder (RELIABILITY X1)."""

from __future__ import annotations

import base64
import random
import string
from pathlib import Path
from urllib.parse import quote

import pytest

from desktop_sync.core.configuration import Endpoint, SecretReference
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.ledger import open_ledger
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
from tests.support.ledger_home import CountedIds, HandClock, configuration

ALPHABET = string.ascii_letters + string.digits + "!$%&/()=?'\"\\ äß€"


def forms(secret: str) -> list[bytes]:
    data = secret.encode()
    return [data, base64.b64encode(data), quote(secret, safe="").encode(), secret.encode("utf-16-le")]


@pytest.mark.scenario("X1")
def test_planted_secrets_are_in_no_file_in_any_form(home: Path) -> None:
    chance = random.Random(7)
    secrets = ["".join(chance.choices(ALPHABET, k=chance.randint(8, 40))) for _ in range(50)]
    ledger = open_ledger(home, HandClock(), CountedIds())
    vault = EncryptedFileSecrets(home / "secrets.vault", "a master password of the test")
    for number, secret in enumerate(secrets):
        name = f"endpoint {number}"
        vault.write(name, secret)
        ledger.save_endpoint(Endpoint(name, "sql", {"url": "sqlite://", "password": SecretReference(name)}))
        try:
            ledger.save_endpoint(Endpoint(name, "sql", {"url": f"mysql://me:{quote(secret, safe='')}@host/db"}))
        except ConfigurationError:
            continue
        raise AssertionError("an address with a password was kept")
    ledger.save_configuration(configuration())
    ledger.backup()
    assert vault.read("endpoint 49").value == secrets[49]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"ledger.sqlite", "ledger.sqlite-wal", "secrets.vault"} <= {path.name for path in files}
    whole = b"\0".join(path.read_bytes() for path in files)
    assert [secret for secret in secrets if any(form in whole for form in forms(secret))] == []
    assert b"endpoint 49" in whole  # the search does find what is there
    ledger.close()
