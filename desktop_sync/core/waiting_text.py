"""What a run that nobody asks for waits for, in sentences for people."""

from __future__ import annotations

from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import SecretUnavailableError


def waits_for_place(endpoint: str, path: str) -> str:
    return f"It waits for {endpoint}: {path} is not there (is its drive connected?)."


def waits_for_network(endpoint: str) -> str:
    return f"It waits for the network, which {endpoint} needs."


def waits_for_secret(endpoint: str, error: SecretUnavailableError) -> str:
    return f"It waits for a secret that {endpoint} needs. {sentence(error)}"
