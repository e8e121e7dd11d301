"""Where secrets are kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from desktop_sync.core.ports import Secrets
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
from desktop_sync.secrets.keyring_secrets import KeyringSecrets
from desktop_sync.secrets.session_secrets import SessionSecrets

MASTER_PASSWORD_VARIABLE = "DESKTOP_SYNC_MASTER_PASSWORD"
VAULT = "secrets.vault"


def choose_secrets(home: Path, master_password: str | None, store: KeyringSecrets | None = None) -> Secrets:
    """The encrypted file where a master password is given, here or in DESKTOP_SYNC_MASTER_PASSWORD; else the password
    store of the computer; else the encrypted file if there is one, locked; else this session only.

    `store` is the computer's password store. May take seconds. Nothing is written.
    """
    password = master_password or os.environ.get(MASTER_PASSWORD_VARIABLE) or None
    vault = home / VAULT
    if password is not None:
        return EncryptedFileSecrets(vault, password)
    store = KeyringSecrets() if store is None else store
    if store.is_usable():
        return store
    if vault.exists():
        return EncryptedFileSecrets(vault, None)
    return SessionSecrets()
