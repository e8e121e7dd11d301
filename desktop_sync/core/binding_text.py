"""Sentences for people about match-only mode and bindings."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_sync.core.binding import MatchOnly

WHY: Mapping[MatchOnly, str] = {
    MatchOnly.RESTORED: "The ledger is older than the last run: it was restored from a copy.",
    MatchOnly.DAMAGED: "The ledger was damaged, and its newest good backup was restored.",
    MatchOnly.LOST: "The ledger that knew this synchronization is gone, and a new one is in its place.",
    MatchOnly.TAKEN_OVER: "This synchronization was taken over from another ledger.",
    MatchOnly.FOREIGN: "This synchronization belongs to another ledger; this is only a look.",
}

SHORT: Mapping[MatchOnly, str] = {
    MatchOnly.RESTORED: "only matches: the ledger was restored",
    MatchOnly.DAMAGED: "only matches: the ledger was damaged",
    MatchOnly.LOST: "only matches: the ledger was lost",
    MatchOnly.TAKEN_OVER: "only matches: taken over",
    MatchOnly.FOREIGN: "belongs to another ledger",
}
"""For lists."""

WHAT = (
    "Until you confirm, records are only matched: equal ones are linked, different ones wait under Conflicts, those "
    "without a counterpart under Review. Nothing is created, updated or deleted."
)


LOOK = (
    "Equal records would be linked; different ones would wait under Conflicts, those without a counterpart under "
    "Review. Nothing is written."
)


def match_only_sentences(why: MatchOnly) -> str:
    """Why a configuration only matches, and what that means."""
    return f"{WHY[why]} {LOOK if why is MatchOnly.FOREIGN else WHAT}"
