"""Rules for types, spans of time and time zones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from desktop_sync.engine.expression.functions import DATE_PARTS
from desktop_sync.engine.expression.literals import integer_value, quoted
from desktop_sync.engine.expression.types import DEFAULT_DECIMAL
from desktop_sync.engine.expression.writer import Check, Piece, Rule, Writer, position_of

# Types, spans and time zones

_CAST_TYPES: Mapping[object, str] = MappingProxyType(
    {
        exp.DType.TEXT: "VARCHAR",
        exp.DType.VARCHAR: "VARCHAR",
        exp.DType.INT: "BIGINT",
        exp.DType.BIGINT: "BIGINT",
        exp.DType.FLOAT: "DOUBLE",
        exp.DType.DOUBLE: "DOUBLE",
        exp.DType.BOOLEAN: "BOOLEAN",
        exp.DType.DATE: "DATE",
        exp.DType.TIME: "TIME",
        exp.DType.TIMESTAMP: "TIMESTAMP",
        exp.DType.TIMESTAMPNTZ: "TIMESTAMP",
        exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    }
)
_TYPE_WORDS = "text, integer, decimal(digits, scale), float, boolean, date, time, timestamp and instant"


def _cast(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    target = _cast_type(writer, node.args.get("to"))
    value = writer.node(node.this, depth + 1)
    return writer.join("TRY_CAST(" if isinstance(node, exp.TryCast) else "CAST(", value, f" AS {target})")


def _cast_type(writer: Writer, to: object) -> str:
    refused = writer.source.error(f"that type does not exist here; there are {_TYPE_WORDS}")
    if not isinstance(to, exp.DataType):
        raise refused
    details = {name for name, value in to.args.items() if value not in (None, False, [])}
    if to.this is exp.DType.USERDEFINED and details <= {"this", "kind"}:
        if str(to.args.get("kind")).lower() == "instant":
            return "TIMESTAMPTZ"
        raise refused
    if to.this is exp.DType.DECIMAL and details <= {"this", "expressions"}:
        return _decimal_type(writer, to.expressions)
    if details - {"this"} or to.this not in _CAST_TYPES:
        raise refused
    return _CAST_TYPES[to.this]


def _decimal_type(writer: Writer, parameters: Sequence[object]) -> str:
    if not parameters:
        return DEFAULT_DECIMAL
    sizes = [integer_value(parameter.this) for parameter in parameters if isinstance(parameter, exp.DataTypeParam)]
    digits = sizes[0]
    scale = sizes[1] if len(sizes) == 2 else 0
    if len(sizes) > 2 or digits is None or scale is None or not 1 <= digits <= 38 or not 0 <= scale <= digits:
        raise writer.source.error("decimal(digits, scale) takes 1 to 38 digits and a scale that is not larger")
    return f"DECIMAL({digits},{scale})"


_SPANS: Mapping[str, str] = MappingProxyType(
    {
        "year": "to_years(CAST({} AS INTEGER))",
        "month": "to_months(CAST({} AS INTEGER))",
        "week": "to_weeks(CAST({} AS INTEGER))",
        "day": "to_days(CAST({} AS INTEGER))",
        "hour": "to_hours(CAST({} AS BIGINT))",
        "minute": "to_minutes(CAST({} AS BIGINT))",
        "second": "to_seconds(CAST({} AS DOUBLE))",
    }
)


def _interval(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    unit = node.args.get("unit")
    part = DATE_PARTS.get(str(unit.this).lower()) if isinstance(unit, exp.Var) else None
    if part is None or part not in _SPANS:
        raise writer.source.error(f"INTERVAL needs a number and one of {', '.join(_SPANS)}", position_of(node))
    amount = node.this
    if isinstance(amount, exp.Literal) and re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?", amount.this):
        value = Piece((amount.this,))
    elif isinstance(amount, exp.Literal):
        raise writer.source.error("INTERVAL needs a number", position_of(node))
    else:
        value = writer.node(amount, depth + 1)
    before, after = _SPANS[part].split("{}")
    return writer.join(before, value, after)


def _time_zone(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    zone = node.args.get("zone")
    if not isinstance(zone, exp.Literal) or not zone.is_string or not re.fullmatch(r"[\w+/-]{1,64}", zone.this):
        raise writer.source.error("AT TIME ZONE needs the name of a time zone in single quotes", position_of(node))
    name = quoted(zone.this)
    writer.checks.append(
        Check(
            f"SELECT CAST(TIMESTAMP '2000-01-01' AT TIME ZONE {name} AS VARCHAR)",
            f"there is no time zone {zone.this!r}",
        )
    )
    return writer.join("(", writer.node(node.this, depth + 1), f" AT TIME ZONE {name})")


CAST_RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        exp.Cast: Rule(frozenset({"this", "to"}), _cast),
        exp.TryCast: Rule(frozenset({"this", "to", "safe"}), _cast),
        exp.Interval: Rule(frozenset({"this", "unit"}), _interval),
        exp.AtTimeZone: Rule(frozenset({"this", "zone"}), _time_zone),
    }
)
