"""Small ports: clock, ids, secrets, progress, cancel. The large ones are `provider_port` and `ledger_port`."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Protocol

from desktop_sync.core.errors import CancelledError


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic_s(self) -> float:
        """Seconds that never go back."""

    def boottime_s(self) -> float:
        """Seconds that never go back and go on while the machine sleeps (RELIABILITY 4.9)."""


class Sleep(Protocol):
    """Waits. Tests inject one that only moves their clock."""

    def __call__(self, seconds: float, /) -> None: ...


class Network(Protocol):
    """Whether this machine has a network now. Cheap; sends nothing."""

    def __call__(self) -> bool: ...


def always_up() -> bool:
    """The `Network` of who needs none."""
    return True


class Ids(Protocol):
    def new_id(self) -> str:
        """Unique, unguessable, sorts by time of making."""


class SecretState(enum.Enum):
    AVAILABLE = "available"
    ABSENT = "absent"
    LOCKED = "locked"
    DENIED = "denied"
    NO_BACK_END = "no back end"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SecretReading:
    """What the password store answered. `value` is None unless AVAILABLE; it is never shown by repr."""

    state: SecretState
    value: str | None = None

    def __repr__(self) -> str:
        return f"SecretReading({self.state.value})"


class Secrets(Protocol):
    """The password store. Calls may take seconds or prompt: never in the window's thread."""

    def read(self, name: str) -> SecretReading: ...
    def write(self, name: str, value: str) -> SecretState:
        """AVAILABLE when it is kept."""

    def delete(self, name: str) -> SecretState: ...
    def describe(self) -> str:
        """One sentence for people: where secrets are kept."""

    @property
    def is_lasting(self) -> bool:
        """Whether what is written is still there when the program has ended."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where the listener waits. Port 0: any that is free."""

    host: str = "127.0.0.1"
    port: int = 0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host).is_loopback


class Phase(enum.Enum):
    OPENING = "Opening the endpoints"
    SETTLING = "Settling what an interrupted run left"
    READING = "Reading"
    COMPARING = "Comparing"
    WRITING = "Writing"
    VERIFYING = "Verifying"
    FINISHED = "Finished"


class Progress(Protocol):
    """Told by the running thread, read by whoever shows it. Cheap: called per batch."""

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        """A phase of an entity begins. `total` records are expected, None if unknown."""

    def advance(self, records: int) -> None:
        """So many more records of the phase are done."""

    def fail(self, records: int) -> None:
        """So many more records of the run could not be written."""


class NoProgress:
    """Nobody watches."""

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        return None

    def advance(self, records: int) -> None:
        return None

    def fail(self, records: int) -> None:
        return None


UNWATCHED = NoProgress()


class CancelToken:
    """A wish to stop, set from any thread and looked at between batches."""

    __slots__ = ("_is_cancelled",)

    def __init__(self) -> None:
        self._is_cancelled = False  # one assignment of a bool needs no lock

    def cancel(self) -> None:
        self._is_cancelled = True

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def check(self) -> None:
        """Raises CancelledError when somebody wants to stop."""
        if self._is_cancelled:
            raise CancelledError

    @property
    def is_paused(self) -> bool:
        """Whether somebody wants the work to rest at its next safe point."""
        return False

    def rest(self, keep: Callable[[], None]) -> None:
        """Returns when nobody wants a pause any more, or wants to stop. Called where nothing is open that would hold
        others up; `keep` is called again and again meanwhile, and may raise."""


class Steps(Protocol):
    """Called at each durable boundary; does nothing in production. Crash tests stop the program there."""

    def __call__(self, name: str) -> None: ...


def no_steps(name: str) -> None:
    """The production `Steps`."""
