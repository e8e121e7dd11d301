"""What may go wrong between this program and an external system, told by method, call and record (RELIABILITY 5.3)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


class FaultKind(enum.Enum):
    # requests that write
    TIMEOUT_NOT_APPLIED = "no answer came, and nothing was done"
    TIMEOUT_APPLIED = "no answer came, but it was done"
    LATE = "no answer came, and it is done when the test says so"
    ERROR_BEFORE = "the connection broke before anything was sent"
    REJECT = "the system refuses the record"
    THROTTLE = "the system wants to be left alone for a while"
    WRONG_REPLY = "the answer says that it was done, but nothing was"
    CAS_LIE = "the system writes although the record is not what was expected"
    IMPRECISE = "the system stores another value than was sent"
    TWICE = "the network brings the request twice"
    # answers to batches of requests
    SHORT_REPLY = "the last item of the answer is missing"
    SHUFFLED_REPLY = "the items of the answer come in another order"
    DOUBLED_REPLY = "the items of the answer come twice"
    PARTIAL = "half of the items are done, then the connection breaks"
    # requests that read
    READ_ERROR = "the read fails"
    STALE = "the answer is from before the last change"
    SHORT_PAGE = "the last record of the page is missing"
    EMPTY_PAGE = "the page is empty, though more follow"
    EMPTY_200 = "the answer is an empty listing"
    REPEATED_PAGE = "the page before comes again"
    LOOP = "the next page is the first one"
    MISSED = "one record that the predicate names is missing from the listing"


@dataclass(slots=True)
class Fault:
    """`kind` happens at the `nth` call of `method` (1 is the first) that `when` holds for, and at the `times - 1` after
    it; `times` 0 is for ever. Methods: create, update, delete, batch, get, page, find, describe.

    `when` is given the record as it was sent, as field → text, with its id under "id" where it has one.
    """

    method: str
    kind: FaultKind
    nth: int = 1
    times: int = 1
    when: Callable[[dict[str, str | None]], bool] | None = None
    seen: int = 0
    hits: int = 0

    def strikes(self, method: str, record: dict[str, str | None]) -> bool:
        if method != self.method or (self.when is not None and not self.when(record)):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.seen >= self.nth + self.times):
            return False
        self.hits += 1
        return True


@dataclass(slots=True)
class Faults:
    """The faults of one system; the first that strikes counts."""

    planned: list[Fault] = field(default_factory=list)

    def add(self, method: str, kind: FaultKind, **more: object) -> Fault:
        fault = Fault(method, kind, **more)  # type: ignore[arg-type]
        self.planned.append(fault)
        return fault

    def next(self, method: str, record: dict[str, str | None] | None = None) -> FaultKind | None:
        struck = [fault for fault in self.planned if fault.strikes(method, record or {})]
        return struck[0].kind if struck else None

    def clear(self) -> None:
        self.planned.clear()

    def all_hit(self, kinds: Iterable[FaultKind] = ()) -> bool:
        """Whether each planned fault (of these kinds) struck: a test of a fault that never came proves nothing."""
        wanted = set(kinds)
        return all(fault.hits for fault in self.planned if not wanted or fault.kind in wanted)


class NoAnswerError(Exception):
    """Inside the pretended network: the answer to a request did not come."""


class NotSentError(Exception):
    """Inside the pretended network: the request was not sent, or refused as a whole."""
