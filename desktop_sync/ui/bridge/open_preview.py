"""A preview as the window uses it: from many jobs, but from one thread at a time, and with a count of what changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.plan import Plan, PlanRow

if TYPE_CHECKING:
    from desktop_sync.services.preparation.preview import Preview


@dataclass(frozen=True, slots=True)
class Tally:
    """What is done by entity and action as the rows are now, and what of it takes part; how many rows there are, and
    how many records those that take part write to; how many of all rows a person left out, and the guards that stop
    what is left. A record that is updated on both sides is one row, and an update of each."""

    counts: Mapping[str, Mapping[Action, int]]
    taking_part: Mapping[str, Mapping[Action, int]]
    rows: int
    written: int
    left_out: int = 0
    findings: tuple[GuardFinding, ...] = ()

    def count(self, *actions: Action, entity: str = "") -> int:
        return _count(self.counts, actions, entity)

    def count_taking_part(self, *actions: Action) -> int:
        return _count(self.taking_part, actions, "")


def _count(counts: Mapping[str, Mapping[Action, int]], actions: Sequence[Action], entity: str) -> int:
    found = [by_action for name, by_action in counts.items() if entity in ("", name)]
    return sum(by_action.get(action, 0) for by_action in found for action in actions)


class OpenPreview:
    """Holds no Qt object. Methods block while another job uses the preview; call them, and make it, in workers."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        self._lock = threading.Lock()
        self.plan: Plan = preview.plan
        self.match_only: MatchOnly | None = preview.match_only

    @property
    def preview(self) -> Preview:
        """For the run that carries it out."""
        return self._preview

    def planned(self) -> Tally:
        """What the plan said when it was made; does not block."""
        counts = {part.entity: part.counts for part in self.plan.entities}
        rows = sum(part.records for part in self.plan.entities)
        both = sum(part.both_sides for part in self.plan.entities)
        return Tally(counts, counts, rows, self.plan.writes - both, findings=self.plan.findings)

    def tally(self) -> Tally:
        with self._lock:
            return Tally(
                {
                    part.entity: {
                        action: self._preview.count(entity=part.entity, actions=(action,))
                        for action in Action
                        if action is not Action.NONE
                    }
                    for part in self.plan.entities
                },
                self._preview.taking_part(),
                self._preview.count(),
                self._preview.count_written(),
                self._preview.count_left_out(),
                self._preview.findings(),
            )

    def rows(
        self,
        *,
        entity: str,
        actions: tuple[Action, ...],
        text: str,
        sort: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> list[PlanRow]:
        with self._lock:
            return self._preview.rows(
                entity=entity,
                actions=actions,
                text=text,
                sort=sort,
                descending=descending,
                offset=offset,
                limit=limit,
            )

    def count(self, *, entity: str, actions: tuple[Action, ...], text: str) -> int:
        with self._lock:
            return self._preview.count(entity=entity, actions=actions, text=text)

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> None:
        with self._lock:
            self._preview.exclude(entity, numbers, excluded)

    def exclude_all(self, entity: str, actions: tuple[Action, ...], excluded: bool) -> None:
        """All rows with one of the actions; without one, all; of all entities where none is named."""
        with self._lock:
            self._preview.exclude_all(entity, actions, excluded)

    def keep_first(self, count: int) -> None:
        """Of the records that would be written to, only the first `count` take part."""
        with self._lock:
            self._preview.keep_first(count)

    def turn_around(self, entity: str, numbers: Sequence[int], winner: Side) -> None:
        with self._lock:
            self._preview.turn_around(entity, numbers, winner)

    def close(self) -> None:
        """Closed as soon as nobody uses it."""
        with self._lock:
            self._preview.close()
