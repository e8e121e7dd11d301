"""What a run, or an undo, did for one entity."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.services.processing.lossy import LossyFields


@dataclass(slots=True)
class Carried:
    """What was done for one entity. `stale`: ids of records that changed meanwhile, to be planned anew, by side."""

    actions: dict[Action, int] = field(default_factory=dict)
    failed: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)
    stale: dict[Side, list[str]] = field(default_factory=lambda: {Side.A: [], Side.B: []})
    waiting: int = 0
    notes: tuple[str, ...] = ()
    losses: LossyFields = field(default_factory=LossyFields)
    unlinked: set[int] = field(default_factory=set)
    """Sync records that were created without a reference that follows: its update is part of the create."""
    emptied: set[Side] = field(default_factory=set)
    """Where references were emptied before the deletes."""

    def count(self, action: Action, number: int) -> None:
        if number:
            self.actions[action] = self.actions.get(action, 0) + number

    def may_have_written(self, side: Side) -> bool:
        """Whether a request changed something there, or no answer came to one."""
        return bool(self.in_doubt) or any(action.target is side for action in self.actions)
