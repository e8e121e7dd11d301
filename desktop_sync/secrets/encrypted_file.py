"""Secrets in one encrypted file under a master password, for machines without a password store.

The key comes from the password by scrypt; the content is sealed with AES-256-GCM, and the seal covers the head of the
file too. The file is replaced as a whole, so that it is always the old one or the new one.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.secrets.vault_lock import alone

FORMAT = 1
_COST = 2**15
_MOST_COST = 2**20
"""A file that asks for more would use up the memory: it is not one of ours."""
_BLOCKS, _LANES = 8, 1
_KEY_BYTES, _SALT_BYTES, _NONCE_BYTES = 32, 16, 12


class _DamagedError(Exception):
    """The file does not have the form it must have."""


class _WrongPasswordError(Exception):
    """The seal does not open."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What is needed to make the key again."""

    cost: int
    salt: bytes

    def text(self) -> bytes:
        head = {"format": FORMAT, "kdf": "scrypt", "cost": self.cost, "salt": _to_base64(self.salt)}
        return json.dumps(head, sort_keys=True).encode()


class EncryptedFileSecrets:
    """Secrets in `path`. Without a master password, or with a wrong one, everything is LOCKED. Any thread; several
    processes may use the file."""

    def __init__(self, path: Path, master_password: str | None) -> None:
        self._path = path
        self._master_password = master_password
        self._turn = threading.Lock()
        self._keys: dict[_Head, bytes] = {}

    def read(self, name: str) -> SecretReading:
        """ABSENT when the file opens and holds none."""
        with self._turn:
            try:
                value = self._load()[1].get(name)
            except (OSError, _DamagedError, _WrongPasswordError) as error:
                return SecretReading(_state_of(error))
        return SecretReading(SecretState.ABSENT if value is None else SecretState.AVAILABLE, value)

    def write(self, name: str, value: str) -> SecretState:
        """AVAILABLE when it is kept, durably."""
        return self._change(name, value)

    def delete(self, name: str) -> SecretState:
        """ABSENT when it is gone, also when it never was there."""
        return self._change(name, None)

    @property
    def is_lasting(self) -> bool:
        return True

    def describe(self) -> str:
        return f"Secrets are kept in an encrypted file under a master password ({self._path})."

    def _change(self, name: str, value: str | None) -> SecretState:
        with self._turn:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with alone(self._path.with_name(self._path.name + ".lock")):
                    head, secrets = self._load()
                    changed = {key: kept for key, kept in secrets.items() if key != name}
                    if value is not None:
                        changed[name] = value
                    if changed != secrets:
                        self._save(head, changed)
            except (OSError, _DamagedError, _WrongPasswordError) as error:
                return _state_of(error)
        return SecretState.ABSENT if value is None else SecretState.AVAILABLE

    def _load(self) -> tuple[_Head, dict[str, str]]:
        if self._master_password is None:
            raise _WrongPasswordError
        try:
            head, nonce, sealed = _parse(self._path.read_bytes())
        except FileNotFoundError:
            return _Head(_COST, os.urandom(_SALT_BYTES)), {}
        try:
            plain = AESGCM(self._key(head)).decrypt(nonce, sealed, head.text())
        except InvalidTag as error:
            raise _WrongPasswordError from error
        return head, _secrets(plain)

    def _save(self, head: _Head, secrets: dict[str, str]) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key(head)).encrypt(nonce, json.dumps(secrets).encode(), head.text())
        document = {"head": _to_base64(head.text()), "nonce": _to_base64(nonce), "sealed": _to_base64(sealed)}
        temporary = self._path.with_name(self._path.name + ".new")
        temporary.unlink(missing_ok=True)  # of a program that died; the lock is ours
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        _sync_folder(self._path.parent)

    def _key(self, head: _Head) -> bytes:
        if head not in self._keys:
            password = (self._master_password or "").encode("utf-8", "surrogatepass")
            kdf = Scrypt(salt=head.salt, length=_KEY_BYTES, n=head.cost, r=_BLOCKS, p=_LANES)
            self._keys = {head: kdf.derive(password)}
        return self._keys[head]


def _parse(content: bytes) -> tuple[_Head, bytes, bytes]:
    try:
        document = json.loads(content)
        head = json.loads(_from_base64(document["head"]))
        cost, salt = head["cost"], _from_base64(head["salt"])
        is_ours = head["format"] == FORMAT and head["kdf"] == "scrypt" and isinstance(cost, int)
        if not is_ours or not 2 <= cost <= _MOST_COST or cost & (cost - 1):
            raise _DamagedError
        return _Head(cost, salt), _from_base64(document["nonce"]), _from_base64(document["sealed"])
    except (ValueError, KeyError, TypeError) as error:
        raise _DamagedError from error


def _secrets(plain: bytes) -> dict[str, str]:
    found = json.loads(plain)
    if not isinstance(found, dict):
        raise _DamagedError
    return {str(name): str(value) for name, value in found.items()}


def _state_of(error: Exception) -> SecretState:
    if isinstance(error, _WrongPasswordError):
        return SecretState.LOCKED
    return SecretState.DENIED if isinstance(error, PermissionError) else SecretState.ERROR


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # folders cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
