"""A computed plan that can be looked at, changed row by row, and carried out (SPEC §9)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.plan import Plan, PlanRow
from desktop_sync.engine import outcome_query, plan_rows
from desktop_sync.engine.plan_rows import PlanFilter
from desktop_sync.engine.plan_store import save_plan
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.session.sync_session import SyncSession


class Preview:
    """Nothing is written while it is open. One thread at a time; close it.

    `basis` says which state of the ledger it was made from: a run in between makes it stale. `is_kept`: it was loaded.
    """

    def __init__(
        self, plan: Plan, session: SyncSession, prepared: Sequence[Prepared], basis: str, *, is_kept: bool = False
    ) -> None:
        self.plan = plan
        self.session = session
        self.prepared = tuple(prepared)
        self.basis = basis
        self.is_kept = is_kept
        self._waiting_by_itself: int | None = None

    @property
    def match_only(self) -> MatchOnly | None:
        """Why the plan only matches, if it does."""
        return self.session.match_only

    def rows(
        self,
        *,
        entity: str = "",
        actions: tuple[Action, ...] = (),
        text: str = "",
        sort: str = "number",
        descending: bool = False,
        offset: int = 0,
        limit: int = 200,
    ) -> list[PlanRow]:
        """A page over the entities in the order of the plan; sorting is within an entity."""
        wanted = PlanFilter(actions, text, sort, descending)
        rows: list[PlanRow] = []
        for one in self._planned(entity):
            if one.given is None or len(rows) >= limit:
                continue
            count = plan_rows.count_rows(self.session.bench, one.given, wanted)
            if offset < count:
                rows += plan_rows.page(self.session.bench, one.given, wanted, offset, limit - len(rows))
            offset = max(0, offset - count)
        return rows

    def count(self, *, entity: str = "", actions: tuple[Action, ...] = (), text: str = "") -> int:
        wanted = PlanFilter(actions, text)
        return sum(
            plan_rows.count_rows(self.session.bench, one.given, wanted)
            for one in self._planned(entity)
            if one.given is not None
        )

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> None:
        """The rows do not, or do again, take part when the plan is carried out."""
        self._note_what_waits()
        for one in self._planned(entity):
            if one.given is not None:
                plan_rows.exclude(self.session.bench, one.layout, numbers, excluded)

    def exclude_all(self, entity: str, actions: tuple[Action, ...], excluded: bool) -> None:
        """All rows with one of the actions, or all where none is named, do not, or do again, take part."""
        self._note_what_waits()
        for one in self._planned(entity):
            if one.given is not None:
                plan_rows.exclude_actions(self.session.bench, one.layout, actions, excluded)

    def keep_first(self, count: int) -> int:
        """A pilot run (SPEC §9): of the records that would be written to, only the first `count` take part, those first
        that others refer to; how many do. What was left out before stays out. May be repeated with fewer."""
        self._note_what_waits()
        kept = 0
        for one in self._planned(""):
            if one.given is not None:
                kept += plan_rows.keep_first(self.session.bench, one.layout, count - kept)
        return kept

    def taking_part(self) -> dict[str, dict[Action, int]]:
        """By entity, how many rows have which action; those that are left out do not count."""
        planned = [one for one in self.prepared if one.given is not None]
        return {one.plan.entity: dict(outcome_query.counts(self.session.bench, one.layout)) for one in planned}

    def count_written(self) -> int:
        """To how many records the plan as it is now writes."""
        both = sum(outcome_query.count_both(self.session.bench, one.layout) for one in self._planned("") if one.given)
        counted = self.taking_part().values()
        return sum(count for by in counted for action, count in by.items() if action.target is not None) - both

    def count_excluded(self) -> int:
        """How many rows do not take part now, whoever left them out."""
        planned = [one for one in self.prepared if one.given is not None]
        return sum(plan_rows.count_excluded(self.session.bench, one.layout) for one in planned)

    def count_left_out(self) -> int:
        """How many rows do not take part because they were left out of this preview."""
        return 0 if self._waiting_by_itself is None else max(0, self.count_excluded() - self._waiting_by_itself)

    def _note_what_waits(self) -> None:
        """Before the first rows are left out: what waits is what waits by itself, or was left out of a kept plan."""
        if self._waiting_by_itself is None:
            self._waiting_by_itself = self.count_excluded()

    def turn_around(self, entity: str, numbers: Sequence[int], winner: Side) -> int:
        """Updates and conflicts keep the winner's record; how many rows changed: none where the plan only matches."""
        if self.match_only is not None:
            return 0
        return sum(
            plan_rows.turn_around(self.session.bench, one.layout, numbers, winner)
            for one in self._planned(entity)
            if one.given is not None
        )

    def findings(self) -> tuple[GuardFinding, ...]:
        """The guards that stop the plan as it is now: what a person excluded does not count."""
        writes = {Guard.DELETES: delete, Guard.CREATES: create, Guard.UPDATES: update}
        counted = self.taking_part()
        return tuple(
            found
            for found in self.plan.findings
            if found.guard not in writes or counted[found.entity].get(writes[found.guard](found.side), 0) > found.limit
        )

    def save(self, folder: Path) -> None:
        given = {one.layout.entity.name: one.given for one in self.prepared if one.given is not None}
        save_plan(self.session.bench, self.plan, given, folder, self.basis)

    def close(self) -> None:
        """May be repeated."""
        self.session.close()

    def _planned(self, entity: str) -> list[Prepared]:
        return [one for one in self.prepared if entity in ("", one.layout.entity.name)]
