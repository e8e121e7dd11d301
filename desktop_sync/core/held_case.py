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
    LINK = "link"  # it became one of `may_be`
    SET_PREPARED = "set-prepared"  # it was not written: the next run does it again


@dataclass(frozen=True, slots=True)
class HeldCase:
    """Nobody knows whether run `run_id` wrote the record to `endpoint`, so it is in no plan. `since` is aware UTC.

    `may_be`: (a_id, b_id) of the pairs that it may have become, as `link` takes them. `actions`: the fittest first.
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

    @property
    def actions(self) -> tuple[HeldAction, ...]:
        if self.reason is HoldReason.NO_ANSWER:
            return (HeldAction.WAIT, HeldAction.SET_PREPARED)
        return (*((HeldAction.LINK,) if self.may_be else ()), HeldAction.SET_PREPARED)

    @property
    def why(self) -> str:
        """Why it is held, as whole sentences."""
        said = f"Run {self.run_id} {_WAS[self.operation]} in {self.endpoint}, and no answer came."
        if self.reason is HoldReason.NO_ANSWER:
            return f"{said} It may still be carried out."
        ids = [a_id if self.side is Side.A else b_id for a_id, b_id in self.may_be]
        return f"{said} It may be one of these there now: {', '.join(ids)}." if ids else said

    @property
    def advice(self) -> str:
        """What a person can do, as whole sentences."""
        again = f"If it is not in {self.endpoint}, set it as prepared: the next run creates it again."
        if self.operation is not Operation.CREATE:
            again = "Or set it as prepared: the next run compares both sides anew."
        if self.reason is HoldReason.NO_ANSWER:
            return f"Nothing need be done: the next run looks again. {again}"
        return f"Link it to the one that it is. {again}" if self.may_be else again


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
