"""Where secrets are kept, and how they are kept out of the log."""

from __future__ import annotations

from desktop_sync.secrets.choice import choose_secrets
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
from desktop_sync.secrets.keyring_secrets import KeyringSecrets
from desktop_sync.secrets.redact import Redactor, WatchedSecrets
from desktop_sync.secrets.session_secrets import SessionSecrets

__all__ = [
    "EncryptedFileSecrets",
    "KeyringSecrets",
    "Redactor",
    "SessionSecrets",
    "WatchedSecrets",
    "choose_secrets",
]
