"""Two sides that hardly know each other when they first meet: maybe they are the wrong ones (SPEC §4, §8)."""

from __future__ import annotations

from collections.abc import Iterator

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.count_text import count
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import SMALL
from desktop_sync.core.plan import EntityPlan, Plan


def strangers(part: EntityPlan) -> int | None:
    """How many records of the smaller side found a counterpart at the first contact, where that is less than half of
    them; None where the sides look alike, one is too small to tell, or nothing would be created.

    What has no counterpart is known from what would be created for it.
    """
    reads = {Side.A: part.read_a, Side.B: part.read_b}
    created_for = {Side.A: part.count(Action.CREATE_B), Side.B: part.count(Action.CREATE_A)}
    smaller = min(reads.values())
    if not part.first_run or smaller < SMALL or not any(created_for.values()):
        return None
    matched = max(0, min(reads[side] - count for side, count in created_for.items() if count))
    return matched if 2 * matched < smaller else None


def first_contact_doubts(plan: Plan, configuration: SyncConfiguration) -> Iterator[str]:
    """A sentence for each entity whose sides are significantly different at their first contact."""
    for part in plan.entities:
        matched = strangers(part)
        if matched is not None:
            found = "none belong" if not matched else f"only {matched} belong{'s' if matched == 1 else ''}"
            yield (
                f"{part.entity}: the two sides are significantly different. Of {count(part.read_a, 'record')} in "
                f"{configuration.a} and {part.read_b} in {configuration.b}, {found} together. Check that these are the "
                "right structures, and that the identifying fields hold the same values in both."
            )
