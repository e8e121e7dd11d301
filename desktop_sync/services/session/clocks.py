"""The clocks of endpoints, measured when they are in hand anyway (SPEC §14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from desktop_sync.core.clock_doctor import (
    NO_SHIFT,
    Clocks,
    ClockSample,
    ClockShift,
    best,
    sample,
    shift_sentence,
    step_sentence,
    step_us,
)
from desktop_sync.core.configuration import Entity, Side, SyncConfiguration
from desktop_sync.core.errors import EndpointError
from desktop_sync.core.ledger_port import ClockStore
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import EndpointSession
from desktop_sync.core.stamp_fit import stamp_notes, stamp_problems
from desktop_sync.core.structure import Structure

LOOKED_AT = 500
"""Records of which the stamps are looked at."""


class LookedAt(Protocol):
    """Some values of a structure's fields."""

    def values(self, field: str) -> Sequence[str | None]: ...


class Looking(Protocol):
    """Opened endpoints, to look into."""

    def session(self, endpoint: str) -> EndpointSession: ...
    def describe(self, endpoint: str, structure: str) -> Structure: ...
    def look(self, endpoint: str, structure: Structure, fields: Sequence[str], limit: int) -> LookedAt: ...


def measure(session: EndpointSession, clock: Clock) -> ClockSample | None:
    """A measurement, in one short request; None where the endpoint has no clock but this machine's."""
    before = clock.now()
    told = session.time()
    return None if told is None else sample(before, told, clock.now())


@dataclass(frozen=True, slots=True)
class ClockReading:
    """An endpoint's clock: what was measured before and, as the last, now. Empty where it is this machine's."""

    endpoint: str
    samples: tuple[ClockSample, ...] = ()

    @property
    def shift(self) -> ClockShift:
        return best(self.samples) if self.samples else NO_SHIFT

    @property
    def alarm(self) -> str:
        """A sentence, where the clock jumped; else empty."""
        jumped = step_us(self.samples)
        return step_sentence(self.endpoint, jumped) if jumped else ""

    @property
    def sentence(self) -> str:
        if not self.samples:
            return f"{self.endpoint} has the clock of this machine."
        return shift_sentence(self.endpoint, self.shift)


def read_clock(endpoint: str, session: EndpointSession, store: ClockStore, clock: Clock) -> ClockReading:
    """The endpoint's clock, measured now. Keeps nothing."""
    taken = measure(session, clock)
    return ClockReading(endpoint) if taken is None else ClockReading(endpoint, (*store.clock_samples(endpoint), taken))


def keep_reading(reading: ClockReading, store: ClockStore) -> None:
    """What was measured is in the ledger."""
    if reading.samples:
        store.keep_clock_sample(reading.endpoint, reading.samples[-1])


@dataclass(frozen=True, slots=True)
class StampReport:
    """A field that tells when records were changed. `problems`: clauses why "most recent" cannot be trusted on it;
    `notes`: clauses worth knowing."""

    configuration: str
    structure: str
    field: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockReport:
    """An endpoint's clock and the stamps that come from it. `measured`: how many measurements are kept, 0 where it has
    this machine's clock. `alarm`: a sentence, where the clock jumped; else empty."""

    endpoint: str
    sentence: str
    alarm: str
    measured: int
    shift_us: int
    error_us: int
    stamps: tuple[StampReport, ...] = ()


class ClockDoctor:
    """Measures clocks and looks at stamps. Every method blocks, and may be called from any thread."""

    def __init__(self, store: ClockStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def read(self, endpoint: str, session: EndpointSession, *, keeps: bool) -> ClockReading:
        """The clock of an opened endpoint, measured now; with `keeps` the measurement is in the ledger."""
        reading = read_clock(endpoint, session, self._store, self._clock)
        if keeps:
            keep_reading(reading, self._store)
        return reading

    def now_of(self, reading: ClockReading) -> datetime:
        """What the endpoint's clock says now."""
        return self._clock.now() + timedelta(microseconds=reading.shift.shift_us)

    def examine(self, endpoint: str, looking: Looking, configurations: Iterable[SyncConfiguration]) -> ClockReport:
        """The endpoint's clock, and what some records say about the stamps that configurations take from it.

        A structure or field that is not there is left out; the check of the configuration says it.
        """
        reading = self.read(endpoint, looking.session(endpoint), keeps=True)
        now, stamps = self.now_of(reading), list[StampReport]()
        for configuration in configurations:
            for entity in configuration.entities:
                for side in Side:
                    if configuration.endpoint_of(side) == endpoint and entity.modified.of(side):
                        stamps += self._stamp(looking, endpoint, configuration.name, entity, side, now)
        shift = reading.shift
        return ClockReport(
            endpoint,
            reading.sentence,
            reading.alarm,
            len(reading.samples),
            shift.shift_us,
            shift.error_us,
            tuple(stamps),
        )

    @staticmethod
    def _stamp(
        looking: Looking, endpoint: str, configuration: str, entity: Entity, side: Side, now: datetime
    ) -> list[StampReport]:
        name = entity.modified.of(side)
        try:
            structure = looking.describe(endpoint, entity.structures.of(side))
            values = looking.look(endpoint, structure, [name], LOOKED_AT).values(name)
        except EndpointError:
            return []
        field = structure.field(name)
        if field is None:
            return []
        said = stamp_problems(field, values, now), stamp_notes(field, values)
        return [StampReport(configuration, structure.name, name, *said)]


@dataclass(frozen=True, slots=True)
class SessionClocks:
    """The clocks of a session's endpoints."""

    clock: Clock
    readings: Mapping[Side, ClockReading] = field(default_factory=dict)

    def now(self) -> Clocks:
        """For comparing stamps that were read until now."""
        now_us = int(self.clock.now().timestamp() * 1_000_000)
        return Clocks(self.readings[Side.A].shift, self.readings[Side.B].shift, now_us)

    @property
    def alarms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reading.alarm for reading in self.readings.values() if reading.alarm))

    def keep(self, store: ClockStore) -> None:
        for reading in {reading.endpoint: reading for reading in self.readings.values()}.values():
            keep_reading(reading, store)
