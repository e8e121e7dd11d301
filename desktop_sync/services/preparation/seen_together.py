"""What the plan of one entity owes to those of others that refer to its records, or that these refer to."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_sync.core.configuration import Side
from desktop_sync.engine import outcome_query
from desktop_sync.engine.emptied_references import tell_emptied
from desktop_sync.engine.needed_parents import keep_needed
from desktop_sync.engine.unmarking import tell_unmarked
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.session.sync_session import SyncSession


def seen_together(session: SyncSession, prepared: Sequence[Prepared]) -> tuple[Prepared, ...]:
    """The entities with plans that fit each other: what is needed is not deleted, and what is emptied first says so."""
    planned = [one.given for one in prepared if one.given is not None]
    if session.match_only is not None or not planned:
        return tuple(prepared)  # where nothing was read, there is no workbench, and opening one takes longest
    bench = session.bench
    changed = keep_needed(bench, planned)
    for given in planned:
        tell_unmarked(bench, given.layout)
        for side in Side:
            if session.looks_after_references(side):
                tell_emptied(bench, given, side)
    return tuple(
        one.with_counts(outcome_query.counts(bench, one.layout), outcome_query.count_both(bench, one.layout))
        if one.layout.number in changed
        else one
        for one in prepared
    )
