"""What a purge took away, or would, in words."""

from __future__ import annotations

from desktop_sync.core.count_text import count, size_text
from desktop_sync.core.history_retention import Purged


def purged_text(found: Purged, before: str, *, is_preview: bool) -> str:
    """One or two sentences; `before` is its time as people read it here."""
    if found.is_empty:
        return f"There is no history from before {before} that could go." + _smaller(found)
    listed = gone_text(found)
    if is_preview:
        return f"What would be removed, from before {before}: {listed}."
    return f"Removed, from before {before}: {listed}." + _smaller(found)


def gone_text(found: Purged) -> str:
    """What it is about: "2 runs, 40 actions and 1 long value, 1.2 MB in all"."""
    parts = (
        (found.runs, "run"),
        (found.actions, "action"),
        (found.conflicts, "settled conflict"),
        (found.values, "long value"),
    )
    said = [count(number, what) for number, what in parts if number]
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"{listed}, {size_text(found.content_bytes)} in all" if found.content_bytes else listed


def _smaller(found: Purged) -> str:
    return f" The files are {size_text(found.given_back)} smaller." if found.given_back else ""
