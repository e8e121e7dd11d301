"""Plugins run with a person's rights, so each is confirmed once, as it is then (RELIABILITY X16)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class PinState(enum.Enum):
    NEW = "not confirmed"
    CONFIRMED = "confirmed"
    CHANGED = "changed since it was confirmed"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """What an installed package offers. `digest`: SHA-256 over its files, in hexadecimal digits; other packages that
    it uses are not in it."""

    name: str
    package: str
    folder: str
    digest: str
    state: PinState


class PluginPins(Protocol):
    """The part of the ledger that knows what was confirmed. Errors: LedgerError."""

    def plugin_pin(self, name: str) -> str:
        """The digest that was confirmed, or empty."""

    def pin_plugin(self, name: str, digest: str) -> None:
        """The plugin is confirmed with that digest, and with no other."""


def pin_state(digest: str, pinned: str) -> PinState:
    if not pinned:
        return PinState.NEW
    return PinState.CONFIRMED if digest == pinned else PinState.CHANGED
