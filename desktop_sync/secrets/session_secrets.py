"""Secrets for this session only: gone when the program ends."""

from __future__ import annotations

from desktop_sync.core.ports import SecretReading, SecretState


class SessionSecrets:
    """Secrets in memory. Any thread: each call is one operation on a dictionary."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def read(self, name: str) -> SecretReading:
        value = self._values.get(name)
        return SecretReading(SecretState.ABSENT if value is None else SecretState.AVAILABLE, value)

    def write(self, name: str, value: str) -> SecretState:
        """AVAILABLE, until the program ends."""
        self._values[name] = value
        return SecretState.AVAILABLE

    def delete(self, name: str) -> SecretState:
        """ABSENT when it is gone, also when it never was there."""
        self._values.pop(name, None)
        return SecretState.ABSENT

    @property
    def is_lasting(self) -> bool:
        return False

    def describe(self) -> str:
        return "Secrets are kept in memory only and must be given again when the program is started."
