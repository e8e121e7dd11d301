"""An entity with its plan, and what the plan was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from desktop_sync.core.configuration import GuardLimits, Side
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.guard import Guard, GuardFinding, SideFigures, check_side
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.plan import EntityPlan
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.services.preparation.care import Care


@dataclass(frozen=True, slots=True)
class Prepared:
    """A planned entity: its plan's head, what it was made from (None where nothing was read at all), and watermarks."""

    layout: Layout
    plan: EntityPlan
    given: PlanInput | None
    watermarks: Mapping[Side, Watermark]
    findings: tuple[GuardFinding, ...]
    """What was found about the systems themselves, whatever the plan does."""
    care: Care | None = None
    missed: Mapping[Side, Mapping[int, datetime]] = field(default_factory=dict)
    figures: Mapping[Side, SideFigures] = field(default_factory=dict)
    """What guards look at besides the plan's own numbers; nothing where nothing was compared."""

    def with_counts(self, counts: Mapping[Action, int], both_sides: int) -> Prepared:
        """The same with the numbers that the plan has now."""
        return replace(self, plan=replace(self.plan, counts=counts, both_sides=both_sides))

    def tripped(self, limits: GuardLimits) -> tuple[GuardFinding, ...]:
        """The guards that the plan meets, as its numbers are now."""
        found = list(self.findings)
        for side, figures in self.figures.items():
            planned = (self.plan.count(action(side)) for action in (delete, create, update))
            now = replace(figures, **dict(zip(("deletes", "creates", "updates"), planned, strict=True)))
            found += check_side(self.plan.entity, side, now, limits, first_run=self.plan.first_run)
        # That a side reads empty comes first: deletes only follow from it.
        places = {Guard.EMPTY_SIDE: 0, Guard.SENTINEL: 2}
        return tuple(sorted(found, key=lambda finding: places.get(finding.guard, 1)))
