"""Secrets whose place is looked for when one is wanted: looking asks every password store that may be there, which
takes longer than a small run, and most runs need no secret."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desktop_sync.core.ports import SecretReading, Secrets, SecretState


class LateSecrets:
    """The secrets that `choose` gives, which is called once, by the first that asks. Any thread."""

    def __init__(self, choose: Callable[[], Secrets]) -> None:
        self._choose = choose
        self._turn = threading.Lock()
        self._chosen: Secrets | None = None

    def read(self, name: str) -> SecretReading:
        return self._secrets().read(name)

    def write(self, name: str, value: str) -> SecretState:
        return self._secrets().write(name, value)

    def delete(self, name: str) -> SecretState:
        return self._secrets().delete(name)

    def describe(self) -> str:
        return self._secrets().describe()

    @property
    def is_lasting(self) -> bool:
        return self._secrets().is_lasting

    def _secrets(self) -> Secrets:
        with self._turn:
            if self._chosen is None:
                self._chosen = self._choose()
            return self._chosen
