"""Normal forms as SQL over columns (`core.normal_form` says what each step means)."""

from __future__ import annotations

from collections.abc import Iterable

from desktop_sync.core.normal_form import MEANINGS, Step, StepKind
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import ValueType, canonical_sql, literal

NFC_ALREADY = (
    (0x0000, 0x02FF),
    (0x0388, 0x0482),  # Greek, Cyrillic
    (0x048A, 0x052F),
    (0x05D0, 0x05EA),  # Hebrew letters
    (0x0620, 0x064A),  # Arabic letters
    (0x1E00, 0x1EFF),  # Latin with two marks, as in Vietnamese
    (0x2010, 0x2027),  # dashes, quotation marks
    (0x2030, 0x205E),
    (0x20A0, 0x20BF),  # currencies
    (0x2190, 0x22FF),  # arrows, mathematics
    (0x2500, 0x27BF),  # boxes, symbols
    (0x3001, 0x3029),  # Japanese and Chinese
    (0x3041, 0x3096),
    (0x30A1, 0x30FF),
    (0x3400, 0x4DB5),
    (0x4E00, 0x9FEF),
    (0xAC00, 0xD7A3),  # Korean syllables
    (0xFF01, 0xFF5E),
    (0x1F300, 0x1F64F),  # pictures
)
"""Ranges of characters, none of which changes under NFC, combines with one before it, or moves: a text of only these is
in NFC already."""

_OTHER = "[^" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in NFC_ALREADY) + "]"


def _nfc_sql(text: str) -> str:
    # Looking is many times quicker than normalizing.
    return f"CASE WHEN regexp_matches({text}, {literal(_OTHER)}) THEN nfc_normalize({text}) ELSE {text} END"


_TEXT_STEPS = {
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


def normal_sql(value: str, kind: ValueType, steps: Iterable[Step], *, looks_first: bool = True) -> str:
    """The value in normal form; a step leaves values of other types as they are. `looks_first`: texts are looked at
    before they are normalized, which pays from some thousand on: what looks must be made first."""
    for step in steps:
        if kind.type in MEANINGS[step.kind].types:
            is_plain = step.kind is StepKind.NFC and not looks_first
            value = f"nfc_normalize({value})" if is_plain else _step_sql(value, kind, step)
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
            whole = f"{seconds} * (epoch_us({value}) // {seconds * 1_000_000})"
            return f"CAST(TIMESTAMP '1970-01-01' + to_seconds({whole}) AS TIME)"
        return f"CAST(date_trunc('{_TIME_UNITS[step.kind]}', {value}) AS {kind.sql})"
    if step.kind is StepKind.NFC:
        return _nfc_sql(value)
    return _TEXT_STEPS[step.kind].format(value)


def comparable_sql(value: str, kind: ValueType, steps: Iterable[Step]) -> str:
    """The canonical text of the value in normal form, null for null: equal exactly when the values count as the
    same."""
    return canonical_sql(f"({normal_sql(value, kind, steps)})", kind)
