"""Run results and the values of conflicts as the documents that the ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import RunResult
from desktop_sync.ledger.json_codec import from_text, to_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ConflictValues:
    """(label, a, b, base) for each mapped field."""

    rows: tuple[tuple[str, str | None, str | None, str | None], ...]


def result_text(result: RunResult) -> str:
    return to_text(FORMAT, result)


def read_result(text: str) -> RunResult:
    """Raises DocumentError."""
    return from_text(FORMAT, RunResult, text)


def conflict_text(rows: tuple[tuple[str, str | None, str | None, str | None], ...]) -> str:
    return to_text(FORMAT, ConflictValues(rows))


def read_conflict(text: str) -> tuple[FieldChange, ...]:
    """Raises DocumentError."""
    rows = from_text(FORMAT, ConflictValues, text).rows
    return tuple(FieldChange(label, a=a, b=b, base=base, differs=a != b) for label, a, b, base in rows)
