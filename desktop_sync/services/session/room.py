"""The workbench of a session: made when it is first needed, for few records where few are expected.

One in memory, planned for few records, starts faster, which nearly every run is for. How many records come is known
when they have come: a plan that was begun for few and meets many is begun anew, with a workbench that lies in a file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from desktop_sync.engine.workbench import Workbench

MOST_IN_MEMORY = 50_000
"""So many records of an entity at most are read into a workbench in memory."""

Made = TypeVar("Made")
More = ParamSpec("More")


class ManyRecordsError(Exception):
    """More records came than there is room for in memory. Nothing was written."""


class Room:
    """One thread at a time."""

    def __init__(self, work_folder: str) -> None:
        self.has_few_records = False
        self.works_in_memory = False
        self._work_folder = work_folder
        self._has_met_many = False
        self._bench: Workbench | None = None

    def expect(self, *, few: bool, in_memory: bool) -> None:
        """What the workbench is to be made for, as far as nothing else has turned out. `few`: the last complete reads
        found few records everywhere."""
        self.has_few_records = few and not self._has_met_many
        self.works_in_memory = in_memory and not self._has_met_many

    @property
    def bench(self) -> Workbench:
        """Opened when it is first needed: an incremental run that reads nothing never does."""
        if self._bench is None:
            is_for_few = self.works_in_memory and self.has_few_records
            self._bench = Workbench(self._work_folder, in_memory=self.works_in_memory, is_for_few=is_for_few)
        return self._bench

    def check(self, records: int) -> None:
        """Raises ManyRecordsError where the workbench has no room for so many records of an entity."""
        if records > MOST_IN_MEMORY and self._bench is not None and self._bench.is_in_memory:
            raise ManyRecordsError

    def begin_anew(self) -> None:
        """What was read is gone; the next workbench has room for many records."""
        self.close()
        self._has_met_many = True

    def close(self) -> None:
        """The workbench is gone with all that is in it. May be repeated."""
        if self._bench is not None:
            self._bench.close()
            self._bench = None


class HasRoom(Protocol):
    @property
    def room(self) -> Room: ...


Session = TypeVar("Session", bound=HasRoom)


def begun_anew(plan: Callable[Concatenate[Session, More], Made]) -> Callable[Concatenate[Session, More], Made]:
    """The same planning, which is done once more where it meets more records than there was room for. Other errors come
    through."""

    @wraps(plan)
    def planned(session: Session, /, *args: More.args, **named: More.kwargs) -> Made:
        try:
            return plan(session, *args, **named)
        except ManyRecordsError:
            session.room.begin_anew()
            return plan(session, *args, **named)

    return planned
