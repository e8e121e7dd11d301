"""Normal forms as SQL over columns (`core.normal_form` says what each step means)."""

from __future__ import annotations

from collections.abc import Iterable

from desktop_sync.core.normal_form import MEANINGS, Step, StepKind
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import ValueType, canonical_sql, literal

_TEXT_STEPS = {
    # No text without a character beyond U+02FF changes under NFC, and looking is much quicker than normalizing.
    StepKind.NFC: "CASE WHEN regexp_matches({0}, '[^\\x00-\\x{{2FF}}]') THEN nfc_normalize({0}) ELSE {0} END",
    StepKind.TRIM: "trim({0}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))",
    StepKind.COLLAPSE_SPACES: "trim(regexp_replace({0}, '\\s+', ' ', 'g'))",
    StepKind.LOWER: "lower({0})",
    StepKind.UPPER: "upper({0})",
    StepKind.NO_ACCENTS: "strip_accents({0})",
    StepKind.DIGITS: "regexp_replace({0}, '[^0-9]', '', 'g')",
    StepKind.EMPTY_IS_NULL: "nullif({0}, '')",
    StepKind.EMPTY_IS_EMPTY: "{0}",
}
_TIME_UNITS = {StepKind.SECONDS: "second", StepKind.MINUTES: "minute", StepKind.DAYS: "day"}


def normal_sql(value: str, kind: ValueType, steps: Iterable[Step]) -> str:
    """The value in normal form; a step leaves values of other types as they are."""
    for step in steps:
        if kind.type in MEANINGS[step.kind].types:
            value = _step_sql(value, kind, step)
    return value


def _step_sql(value: str, kind: ValueType, step: Step) -> str:
    if step.kind is StepKind.NFKC:
        # DuckDB has no NFKC. The full-width block, where text of other systems most often differs, is folded.
        return (
            f"translate(nfc_normalize({value}), "
            f"{literal(''.join(chr(code) for code in range(0xFF01, 0xFF5F)))}, "
            f"{literal(''.join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)))})"
        )
    if step.kind is StepKind.SCALE:
        if kind.type is FieldType.TEXT:
            number = f"TRY_CAST({value} AS DECIMAL(38,{max(step.decimals, 9)}))"
            return f"coalesce(CAST(round({number}, {step.decimals}) AS VARCHAR), {value})"
        return f"CAST(round({value}, {step.decimals}) AS {kind.sql})"
    if step.kind is StepKind.UTC:
        return f"CAST(timezone({literal(step.zone)}, {value}) AS TIMESTAMP)"
    if step.kind in _TIME_UNITS:
        if kind.type is FieldType.TIME:
            seconds = 1 if step.kind is StepKind.SECONDS else 60
            return (
                f"CAST(TIMESTAMP '1970-01-01' + to_seconds({seconds} * (epoch({value})::BIGINT // {seconds})) AS TIME)"
            )
        return f"CAST(date_trunc('{_TIME_UNITS[step.kind]}', {value}) AS {kind.sql})"
    return _TEXT_STEPS[step.kind].format(value)


def comparable_sql(value: str, kind: ValueType, steps: Iterable[Step]) -> str:
    """The canonical text of the value in normal form, null for null: equal exactly when the values count as the
    same."""
    return canonical_sql(f"({normal_sql(value, kind, steps)})", kind)
