"""Why records are held, for people (RELIABILITY 4.3)."""

from __future__ import annotations

from desktop_sync.core.ledger_values import Hold, HoldReason

_NO_ANSWER = "no answer came when this record was written, and it may still be carried out; the next run looks again"
_AMBIGUOUS = (
    "no answer came when this record was created, and it may be one of these: link it to that one, or set it as "
    "prepared to create it again"
)
_UNSEEN = (
    "no answer came when this record was created, and its system cannot be read: look there yourself; if it is there, "
    "link it with its id there, else set it as prepared to create it again"
)
_AMBIGUOUS_UNDO = (
    "no answer came when this record was brought back, and it may be one of these: set it as deleted to leave them as "
    "they are; where it is none of them, undo the run again then"
)


def hold_text(hold: Hold, *, is_undone: bool = False) -> str:
    """Why a record is held, for people; the ids it may have become stand in brackets at the end. `is_undone`: it was
    an undo that wrote it."""
    if hold.reason is HoldReason.NO_ANSWER:
        return _NO_ANSWER
    if not hold.candidates:
        return _UNSEEN
    return f"{_AMBIGUOUS_UNDO if is_undone else _AMBIGUOUS} ({', '.join(hold.candidates)})"
