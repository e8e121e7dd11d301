"""What may be lost when values of one field are written to another (SPEC §3: lossy mappings are marked)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from desktop_sync.core.normal_form import NUMBER_TYPES, TIME_TYPES
from desktop_sync.core.structure import Field, FieldType

_TRUTH = frozenset({"true", "false", "1", "0", "yes", "no", "t", "f", "y", "n"})
_EXACT_FLOAT_DIGITS = 15
_MIDNIGHT = time()
_GROUPS = (NUMBER_TYPES, TIME_TYPES)


def loss(source: Field, target: Field) -> str:
    """What may be lost or refused, as a clause for people; empty when every value fits.

    A field of a system that stores text only takes the type of its counterpart: going there loses nothing but what is
    longer than the field, coming from there a value may not fit.
    """
    if target.is_typed or target.length is not None:
        problem = _type_loss(source, target)
        if problem:
            return problem
    is_short = target.type is FieldType.TEXT and target.length is not None
    if is_short and source.type is FieldType.TEXT and (source.length is None or source.length > (target.length or 0)):
        return f'"{target.name}" holds {target.length} characters; longer texts are refused'
    return ""


def _type_loss(source: Field, target: Field) -> str:
    if source.type is target.type:
        return _scale_loss(source, target)
    if not source.is_typed or source.type is FieldType.TEXT:
        if target.type is FieldType.TEXT:
            return ""
        return f"a text that is no {target.type.value} is refused"
    if FieldType.BINARY in (source.type, target.type):
        return f"{source.type.value} and {target.type.value} do not go together"
    if target.type is FieldType.TEXT:
        return ""
    if source.type in NUMBER_TYPES and target.type in NUMBER_TYPES:
        return _number_loss(source, target)
    if source.type in TIME_TYPES and target.type in TIME_TYPES:
        return _time_loss(source.type, target.type)
    if source.type is FieldType.BOOLEAN and target.type in NUMBER_TYPES:
        return ""
    if source.type in NUMBER_TYPES and target.type is FieldType.BOOLEAN:
        return "only 0 and 1 fit; other numbers are refused"
    return f"{source.type.value} and {target.type.value} do not go together"


def _scale_loss(source: Field, target: Field) -> str:
    is_decimal = source.type is FieldType.DECIMAL
    if is_decimal and target.scale is not None and (source.scale is None or source.scale > target.scale):
        return f"decimals after the {target.scale}. are cut"
    return ""


def _number_loss(source: Field, target: Field) -> str:
    if target.type is FieldType.INTEGER:
        return "" if source.type is FieldType.DECIMAL and source.scale == 0 else "numbers with decimals are refused"
    if target.type is FieldType.FLOAT:
        return f"only about {_EXACT_FLOAT_DIGITS} digits are kept exactly"
    if source.type is FieldType.FLOAT:
        return f"decimals after the {target.scale}. are cut" if target.scale is not None else ""
    return ""


def _time_loss(source: FieldType, target: FieldType) -> str:
    if FieldType.TIME in (source, target):
        return f"{source.value} and {target.value} do not go together"
    if target is FieldType.DATE:
        return "dates with a time of day are refused"
    if source is FieldType.INSTANT:
        return "the time zone is lost; times are written in UTC"
    if target is FieldType.INSTANT and source is FieldType.TIMESTAMP:
        return "times have no time zone; they are taken as UTC unless the normal form names a zone"
    return ""


def fits(text: str, target: Field) -> bool:
    """Whether a value, given in its plain form, can be written to the field without losing anything."""
    if target.type is FieldType.TEXT:
        return target.length is None or len(text) <= target.length
    if text == "":
        return True
    match target.type:
        case FieldType.INTEGER:
            return bool(re.fullmatch(r"[+-]?\d+(\.0+)?", text.strip())) and -(2**63) <= int(Decimal(text)) < 2**63
        case FieldType.DECIMAL:
            return _decimal_fits(text, target.scale)
        case FieldType.FLOAT:
            return _decimal_fits(text, None) and len(Decimal(text).as_tuple().digits) <= _EXACT_FLOAT_DIGITS
        case FieldType.BOOLEAN:
            return text.strip().lower() in _TRUTH
        case FieldType.DATE:
            moment = moment_of(text)
            return moment is not None and moment.time() == _MIDNIGHT
        case FieldType.TIMESTAMP | FieldType.INSTANT:
            return moment_of(text) is not None
        case FieldType.TIME:
            return bool(re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", text.strip()))
        case _:
            return True


def _decimal_fits(text: str, scale: int | None) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    return scale is None or number == round(number, scale)


def moment_of(text: str) -> datetime | None:
    """The date and time that a text in ISO 8601 means, with its zone if it names one; None for any other text."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        return datetime.combine(date.fromisoformat(text.strip()), _MIDNIGHT)
    except ValueError:
        return None


def affinity(a: Field, b: Field) -> float:
    """How well the types go together, 0 (not at all) to 1 (the same)."""
    if a.type is b.type or not a.is_typed or not b.is_typed:
        return 1.0
    if FieldType.BINARY in (a.type, b.type):
        return 0.0
    if any(a.type in group and b.type in group for group in _GROUPS):
        return 0.9
    if FieldType.TEXT in (a.type, b.type):
        return 0.7
    if FieldType.BOOLEAN in (a.type, b.type) and (a.type in NUMBER_TYPES or b.type in NUMBER_TYPES):
        return 0.6
    return 0.2
