"""A record that is held, as people see it: since when, why, what it may have become, and what they can do
(RELIABILITY 4.3, I7)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import HoldReason
from desktop_sync.core.provider_port import Operation


class HeldAction(enum.Enum):
    """What can be done about a held record; the value is the word for JSON."""

    WAIT = "wait"  # the next run looks again
    LINK = "link"  # it became one of `may_be`, or what a person found where the program cannot look
    SET_PREPARED = "set-prepared"  # it was not written: the next run does it again
    SET_DELETED = "set-deleted"  # an undo was writing it: what is there stays as it is


@dataclass(frozen=True, slots=True)
class HeldCase:
    """Nobody knows whether run `run_id` wrote the record to `endpoint`, so it is in no plan. `since` is aware UTC.

    `may_be`: (a_id, b_id) of the pairs that it may have become, as `link` takes them. `actions`: the fittest first.
    `is_undone`: an undo was writing it.
    """

    record_id: int
    entity: str
    a_id: str | None
    b_id: str | None
    side: Side
    endpoint: str
    operation: Operation
    run_id: int
    since: datetime
    age: timedelta
    reason: HoldReason
    may_be: tuple[tuple[str, str], ...] = ()
    is_undone: bool = False

    @property
    def is_unseen(self) -> bool:
        """It was being created in a system that cannot be looked at: only a person can find it there, by its id."""
        is_open = self.reason is HoldReason.NO_ANSWER or self.is_undone
        return self.operation is Operation.CREATE and not is_open and not self.may_be

    @property
    def actions(self) -> tuple[HeldAction, ...]:
        waits = (HeldAction.WAIT,) if self.reason is HoldReason.NO_ANSWER else ()
        if self.is_undone:
            return (*waits, HeldAction.SET_DELETED)
        if waits:
            return (*waits, HeldAction.SET_PREPARED)
        is_to_link = bool(self.may_be) or self.is_unseen
        return (*((HeldAction.LINK,) if is_to_link else ()), HeldAction.SET_PREPARED)

    @property
    def why(self) -> str:
        """Why it is held, as whole sentences."""
        was = "was bringing it back" if self.is_undone and self.operation is Operation.CREATE else _WAS[self.operation]
        said = f"{'Undo' if self.is_undone else 'Run'} {self.run_id} {was} in {self.endpoint}, and no answer came."
        if self.reason is HoldReason.NO_ANSWER:
            return f"{said} It may still be carried out."
        ids = [a_id if self.side is Side.A else b_id for a_id, b_id in self.may_be]
        if not ids and self.operation is Operation.CREATE:
            return f"{said} It may be there: {self.endpoint} cannot be looked at."
        return f"{said} It may be one of these there now: {', '.join(ids)}." if ids else said

    @property
    def advice(self) -> str:
        """What a person can do, as whole sentences."""
        nothing = "Nothing need be done: the next run looks again." if self.reason is HoldReason.NO_ANSWER else ""
        if self.is_undone:
            return f"{nothing} {_AS_IT_IS}".strip()
        again = f"If it is not in {self.endpoint}, set it as prepared: the next run creates it again."
        if self.operation is not Operation.CREATE:
            again = "Or set it as prepared: the next run compares both sides anew."
        if nothing:
            return f"{nothing} {again}"
        if self.is_unseen:
            return f"Look there: if it is there, link it with its id. {again}"
        return f"Link it to the one that it is. {again}" if self.may_be else again


_AS_IT_IS = "Set it as deleted to leave what is there as it is; the run can be undone again then."
_WAS = {
    Operation.CREATE: "was creating it",
    Operation.UPDATE: "was updating it",
    Operation.DELETE: "was deleting it",
}


def age_text(age: timedelta) -> str:
    """The age in its greatest unit: "3 days", "1 hour", "less than a minute"."""
    seconds = int(age.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
