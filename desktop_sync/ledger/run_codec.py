"""Run results and the values of conflicts as the documents that the ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.plan import FieldChange, FieldVerdict
from desktop_sync.core.run import RunResult
from desktop_sync.ledger.json_codec import from_text, to_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ConflictValues:
    """(label, a, b, base) for each mapped field."""

    rows: tuple[tuple[str, str | None, str | None, str | None], ...]


def result_text(result: RunResult) -> str:
    return to_text(FORMAT, result)


@lru_cache(maxsize=256)  # frozen values: after each run, a schedule and the window ask for those of the last ones again
def read_result(text: str) -> RunResult:
    """Raises DocumentError."""
    return from_text(FORMAT, RunResult, text)


@dataclass(frozen=True, slots=True)
class JudgedValues:
    """The same, and besides (label, winner, rule, when A and when B changed it) for each field that both sides changed,
    where fields were judged one by one, and the places in `rows` of fields that are no part of the conflict."""

    rows: tuple[tuple[str, str | None, str | None, str | None], ...]
    verdicts: tuple[tuple[str, Side, Rule, datetime | None, datetime | None], ...] = ()
    equal: tuple[int, ...] = ()


def conflict_text(
    rows: tuple[tuple[str, str | None, str | None, str | None], ...],
    verdicts: tuple[tuple[str, FieldVerdict], ...] = (),
    equal: tuple[int, ...] = (),
) -> str:
    if not verdicts and not equal:
        return to_text(FORMAT, ConflictValues(rows))
    told = tuple((label, one.winner, one.rule, one.a_changed_at, one.b_changed_at) for label, one in verdicts)
    return to_text(FORMAT, JudgedValues(rows, told, equal))


def has_values(text: str, rows: tuple[tuple[str, str | None, str | None, str | None], ...]) -> bool:
    """Whether a kept conflict is about just these values, whatever else was noted with them. Raises DocumentError."""
    return from_text(FORMAT, JudgedValues, text).rows == rows


def read_conflict(text: str) -> tuple[FieldChange, ...]:
    """Raises DocumentError."""
    kept = from_text(FORMAT, JudgedValues, text)
    verdicts = {label: FieldVerdict(winner, rule, a, b) for label, winner, rule, a, b in kept.verdicts}
    return tuple(
        FieldChange(label, a=a, b=b, base=base, differs=place not in kept.equal and a != b, verdict=verdicts.get(label))
        for place, (label, a, b, base) in enumerate(kept.rows)
    )
