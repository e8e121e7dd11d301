"""An entity with its plan, and what the plan was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.guard import GuardFinding
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
    care: Care | None = None
    missed: Mapping[Side, Mapping[int, datetime]] = field(default_factory=dict)
