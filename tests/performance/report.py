"""What a case found, as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tests.performance.benchmark import Series


@dataclass(frozen=True, slots=True)
class Finding:
    """The best of the repetitions. None where a case has no such number. `goal` says what `met` was judged by."""

    case: str
    records: int | None
    seconds: float | None
    floor_seconds: float | None
    ratio: float | None
    goal: str
    met: bool
    peak_mb: float | None

    def line(self) -> str:
        rounded = {name: _rounded(value) for name, value in asdict(self).items()}
        return json.dumps(rounded, ensure_ascii=False)


def against_floor(case: str, records: int, measured: Series, floors: Series, most: float) -> Finding:
    """The goal is a multiple of the floor."""
    best, floor = measured.best, floors.best
    ratio = best / floor
    return Finding(case, records, best, floor, ratio, f"ratio <= {most:g}", ratio <= most, measured.peak_mb)


def failed(case: str, sentence: str) -> Finding:
    """Nothing could be measured, which is no goal met."""
    return Finding(case, None, None, None, None, sentence, False, None)


def _rounded(value: object) -> object:
    return round(value, 4 if value < 1 else 2) if isinstance(value, float) else value
