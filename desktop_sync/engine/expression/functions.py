"""The functions of the expression language: the one table for the allow list, the translation and the documentation."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from desktop_sync.engine.expression import limits


class Group(enum.Enum):
    """The heading a function stands under in the documentation."""

    TEXT = "Text"
    PATTERN = "Patterns"
    NUMBER = "Numbers"
    EMPTY = "Empty values and choices"
    DATE = "Dates and times"


class Constant(enum.Enum):
    """What an argument that must be written out (not computed from a record) is used for."""

    PATTERN = "pattern"
    LIKE = "pattern of LIKE"
    REPLACEMENT = "replacement"
    OPTIONS = "pattern options"
    GROUP = "group number"
    FORMAT = "date format"
    PART = "part of a date"
    DIGITS = "number of digits"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Argument:
    """What is known of an argument without a record: its longest text (estimated) and its literal, if it is one."""

    characters: int
    text: str | None = None
    number: int | None = None


Growth = Callable[[Sequence[Argument]], int]


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, what it means, and a worked example.

    `arguments` is the smallest and largest number of arguments. `sql` holds one DuckDB template, or one per number
    of arguments; `{0}` is the first argument, `{*}` all of them. `constants` says which arguments must be literals.
    `growth` estimates the longest text it gives. `result` is the text form of the example's value ("null" for null).
    """

    name: str
    group: Group
    signature: str
    meaning: str
    example: str
    result: str
    arguments: tuple[int, int]
    sql: tuple[str, ...] = ()
    constants: Mapping[int, Constant] = field(default_factory=lambda: MappingProxyType({}))
    growth: Growth | None = None

    def template(self, count: int) -> str:
        """The DuckDB template for that many arguments."""
        if not self.sql:
            return f"{self.name}({{*}})"
        return self.sql[min(count - self.arguments[0], len(self.sql) - 1)]


MANY = 100


def _sum(arguments: Sequence[Argument]) -> int:
    return sum(argument.characters for argument in arguments)


def _first(arguments: Sequence[Argument]) -> int:
    return arguments[0].characters


def _value(arguments: Sequence[Argument]) -> int:
    return limits.NOMINAL_VALUE_CHARACTERS


def _bounded(arguments: Sequence[Argument]) -> int:
    count = arguments[1].number
    return arguments[0].characters if count is None or count < 0 else min(arguments[0].characters, count)


def _substring(arguments: Sequence[Argument]) -> int:
    return _bounded((arguments[0], arguments[2])) if len(arguments) == 3 else arguments[0].characters


def _padded(arguments: Sequence[Argument]) -> int:
    width = arguments[1].number
    return limits.MAX_REPEAT if width is None else max(0, min(width, limits.MAX_REPEAT))


def _repeated(arguments: Sequence[Argument]) -> int:
    return arguments[0].characters * _padded(arguments)


def _replaced(arguments: Sequence[Argument]) -> int:
    text, old, new = arguments
    shortest = max(1, len(old.text)) if old.text is not None else 1
    return text.characters * max(1, -(-new.characters // shortest))


def _pattern_replaced(arguments: Sequence[Argument]) -> int:
    text, replacement = arguments[0].characters, arguments[2].text or ""
    references = len(re.findall(r"\\\d", replacement))
    return text * (1 + references) + (text + 1) * len(replacement)


def _joined(arguments: Sequence[Argument]) -> int:
    return _sum(arguments[1:]) + arguments[0].characters * len(arguments)


def _formatted(arguments: Sequence[Argument]) -> int:
    return len(arguments[1].text or "") * 32


def _constants(**positions: Constant) -> Mapping[int, Constant]:
    return MappingProxyType({int(key[1:]): value for key, value in positions.items()})


# least() would turn a null count into the largest one.
_COUNT = f"CASE WHEN {{1}} > {limits.MAX_REPEAT} THEN {limits.MAX_REPEAT} ELSE {{1}} END"
_UNIT = _constants(_0=Constant.PART)
_T, _P, _N, _E, _D = Group.TEXT, Group.PATTERN, Group.NUMBER, Group.EMPTY, Group.DATE

_TEXT = (
    Function("upper", _T, "upper(text)", "capital letters", "upper('Zoë')", "ZOË", (1, 1)),
    Function("lower", _T, "lower(text)", "small letters", "lower('ÄB')", "äb", (1, 1)),
    Function("trim", _T, "trim(text [, characters])", "without spaces (or those characters) at both ends",
             "trim('  a b ')", "a b", (1, 2), growth=_first),
    Function("ltrim", _T, "ltrim(text [, characters])", "without them at the start",
             "ltrim('007', '0')", "7", (1, 2), growth=_first),
    Function("rtrim", _T, "rtrim(text [, characters])", "without them at the end",
             "rtrim('a.. ', '. ')", "a", (1, 2), growth=_first),
    Function("replace", _T, "replace(text, old, new)", "every `old` replaced by `new`",
             "replace('06 12', ' ', '')", "0612", (3, 3), growth=_replaced),
    Function("translate", _T, "translate(text, from, to)",
             "each character of `from` replaced by the one at the same place of `to`, or dropped",
             "translate('a-b.c', '-.', '_')", "a_bc", (3, 3), growth=_first),
    Function("substr", _T, "substr(text, start [, length])",
             "a part of the text; the first character is 1, a negative start counts from the end",
             "substr('Vienna', 2, 3)", "ien", (2, 3), growth=_substring),
    Function("substring", _T, "substring(text, start [, length])",
             "the same as substr; also written substring(text FROM start FOR length)",
             "substring('Vienna' FROM -2)", "na", (2, 3), growth=_substring),
    Function("left", _T, "left(text, count)", "the first characters; a negative count leaves out the last ones",
             "left('Vienna', 2)", "Vi", (2, 2), growth=_bounded),
    Function("right", _T, "right(text, count)", "the last characters; a negative count leaves out the first ones",
             "right('Vienna', 2)", "na", (2, 2), growth=_bounded),
    Function("length", _T, "length(text)", "the number of characters", "length('Zoë')", "3", (1, 1), growth=_value),
    Function("concat", _T, "concat(value, …)", "all values joined; null counts as empty (|| gives null instead)",
             "concat('a', NULL, 1)", "a1", (1, MANY)),
    Function("concat_ws", _T, "concat_ws(separator, value, …)", "all values joined with a separator; nulls left out",
             "concat_ws(', ', 'Wien', NULL, 'AT')", "Wien, AT", (2, MANY), growth=_joined),
    Function("split_part", _T, "split_part(text, separator, number)",
             "one part of the text; the first is 1, -1 is the last; empty if there is no such part",
             "split_part('Doe, Jane', ', ', 2)", "Jane", (3, 3), growth=_first),
    Function("lpad", _T, "lpad(text, width, fill)",
             f"filled up at the start to that width, or cut to it (at most {limits.MAX_REPEAT:,})",
             "lpad('42', 5, '0')", "00042", (3, 3), (f"lpad({{0}}, CAST({_COUNT} AS INTEGER), {{2}})",),
             growth=_padded),
    Function("rpad", _T, "rpad(text, width, fill)", "filled up at the end to that width, or cut to it",
             "rpad('ab', 4, '.')", "ab..", (3, 3), (f"rpad({{0}}, CAST({_COUNT} AS INTEGER), {{2}})",),
             growth=_padded),
    Function("repeat", _T, "repeat(text, count)", f"the text that many times (at most {limits.MAX_REPEAT:,})",
             "repeat('ab', 3)", "ababab", (2, 2), (f"repeat({{0}}, {_COUNT})",), growth=_repeated),
    Function("reverse", _T, "reverse(text)", "the characters in reverse order", "reverse('abc')", "cba", (1, 1)),
    Function("starts_with", _T, "starts_with(text, part)", "whether the text begins with the part",
             "starts_with('Vienna', 'Vi')", "true", (2, 2), growth=_value),
    Function("ends_with", _T, "ends_with(text, part)", "whether the text ends with the part",
             "ends_with('a.csv', '.csv')", "true", (2, 2), growth=_value),
    Function("contains", _T, "contains(text, part)", "whether the part is in the text",
             "contains('Vienna', 'enn')", "true", (2, 2), growth=_value),
    Function("strpos", _T, "strpos(text, part)",
             "where the part begins, 0 if nowhere; also written position(part IN text)",
             "strpos('a@b', '@')", "2", (2, 2), growth=_value),
    Function("strip_accents", _T, "strip_accents(text)", "letters without their accents",
             "strip_accents('Zoë Müller')", "Zoe Muller", (1, 1)),
    Function("nfc", _T, "nfc(text)", "the text in Unicode normal form C", "nfc('Zoe\u0308')", "Zoë", (1, 1),
             ("nfc_normalize({0})",)),
    Function("md5", _T, "md5(text)", "the MD5 checksum as 32 hexadecimal digits (not fit for secrets)",
             "md5('a')", "0cc175b9c0f1b6a831c399e269772661", (1, 1), growth=_value),
)  # fmt: skip

_PATTERN = (
    Function("regexp_matches", _P, "regexp_matches(text, pattern [, options])",
             "whether the pattern (RE2) is found anywhere in the text; options: c, i, s, m",
             "regexp_matches('A 12', '[0-9]+')", "true", (2, 3),
             constants=_constants(_1=Constant.PATTERN, _2=Constant.OPTIONS), growth=_value),
    Function("regexp_full_match", _P, "regexp_full_match(text, pattern [, options])",
             "whether the whole text fits the pattern",
             "regexp_full_match('1010', '[0-9]{4}')", "true", (2, 3),
             constants=_constants(_1=Constant.PATTERN, _2=Constant.OPTIONS), growth=_value),
    Function("regexp_replace", _P, "regexp_replace(text, pattern, new [, options])",
             "the first match replaced, with option g all of them; \\1 in `new` is the first group",
             "regexp_replace('+43 1/23', '[^0-9]', '', 'g')", "43123", (3, 4),
             constants=_constants(_1=Constant.PATTERN, _2=Constant.REPLACEMENT, _3=Constant.OPTIONS),
             growth=_pattern_replaced),
    Function("regexp_extract", _P, "regexp_extract(text, pattern [, group])",
             "the first match, or one group of it; empty if nothing fits",
             "regexp_extract('No. 12/7', '([0-9]+)/', 1)", "12", (2, 3),
             constants=_constants(_1=Constant.PATTERN, _2=Constant.GROUP), growth=_first),
)  # fmt: skip

_NUMBER = (
    Function("abs", _N, "abs(x)", "without its sign", "abs(-2.5)", "2.5", (1, 1)),
    Function("round", _N, "round(x [, digits])", "rounded, halves away from zero",
             "round(2.345, 2)", "2.35", (1, 2), constants=_constants(_1=Constant.DIGITS)),
    Function("ceil", _N, "ceil(x)", "the next whole number upwards", "ceil(1.2)", "2", (1, 1)),
    Function("floor", _N, "floor(x)", "the next whole number downwards", "floor(-1.2)", "-2", (1, 1)),
    Function("trunc", _N, "trunc(x)", "without its decimals", "trunc(-1.7)", "-1", (1, 1)),
    Function("sign", _N, "sign(x)", "-1, 0 or 1", "sign(-3)", "-1", (1, 1), ("CAST(sign({0}) AS BIGINT)",)),
    Function("mod", _N, "mod(x, y)", "the remainder of x / y, with the sign of x; the same as x % y",
             "mod(-7, 3)", "-1", (2, 2), ("({0} % {1})",)),
    Function("power", _N, "power(x, y)", "x to the power of y, as a float", "power(2, 10)", "1024.0", (2, 2)),
    Function("sqrt", _N, "sqrt(x)", "the square root, as a float", "sqrt(9)", "3.0", (1, 1)),
    Function("greatest", _N, "greatest(x, …)", "the largest; nulls are ignored", "greatest(1, NULL, 3)", "3",
             (1, MANY)),
    Function("least", _N, "least(x, …)", "the smallest; nulls are ignored", "least('b', 'a')", "a", (1, MANY)),
    Function("format_number", _N, "format_number(x, digits [, decimal mark])",
             "text with exactly that many decimals, 0 to 15, halves rounded away from zero",
             "format_number(1234.5, 2, ',')", "1234,50", (2, 3),
             ("CAST(CAST({0} AS DECIMAL(38,{1})) AS VARCHAR)",
              "replace(CAST(CAST({0} AS DECIMAL(38,{1})) AS VARCHAR), '.', {2})"),
             constants=_constants(_1=Constant.DIGITS, _2=Constant.TEXT), growth=_value),
)  # fmt: skip

_EMPTY = (
    Function("coalesce", _E, "coalesce(value, …)", "the first that is not null", "coalesce(NULL, 'a', 'b')", "a",
             (1, MANY)),
    Function("ifnull", _E, "ifnull(value, other)", "`other` where the value is null", "ifnull(NULL, 'x')", "x",
             (2, 2), ("coalesce({0}, {1})",)),
    Function("nullif", _E, "nullif(value, other)", "null where both are equal, else the value",
             "nullif('', '')", "null", (2, 2), growth=_first),
    Function("if", _E, "if(condition, value, other)",
             "`value` where the condition is true, else `other`; also written CASE WHEN … THEN … ELSE … END",
             "if(1 < 2, 'yes', 'no')", "yes", (3, 3), ("CASE WHEN {0} THEN {1} ELSE {2} END",)),
)  # fmt: skip


def _part(name: str, meaning: str, result: str) -> Function:
    example = f"{name}(TIMESTAMP '2024-02-29 13:45:10')"
    return Function(name, _D, f"{name}(when)", meaning, example, result, (1, 1), growth=_value)


_DATE = (
    _part("year", "the year", "2024"),
    _part("quarter", "the quarter, 1 to 4", "1"),
    _part("month", "the month, 1 to 12", "2"),
    _part("week", "the ISO week, 1 to 53", "9"),
    _part("day", "the day of the month", "29"),
    _part("isodow", "the day of the week, Monday 1 to Sunday 7", "4"),
    _part("dayofyear", "the day of the year", "60"),
    _part("hour", "the hour, 0 to 23", "13"),
    _part("minute", "the minute", "45"),
    _part("second", "the second", "10"),
    _part("last_day", "the last day of that month", "2024-02-29"),
    Function("date_part", _D, "date_part('part', when)",
             "one part as a number; also written EXTRACT(part FROM when)",
             "date_part('month', DATE '2024-02-29')", "2", (2, 2), constants=_UNIT, growth=_value),
    Function("date_trunc", _D, "date_trunc('part', when)", "the start of that year, month, day, hour …",
             "date_trunc('month', TIMESTAMP '2024-02-29 13:45:10')", "2024-02-01 00:00:00", (2, 2), constants=_UNIT,
             growth=_value),
    Function("date_diff", _D, "date_diff('part', from, to)", "how many borders of that part lie between the two",
             "date_diff('day', DATE '2024-02-28', DATE '2024-03-01')", "2", (3, 3), constants=_UNIT, growth=_value),
    Function("date_add", _D, "date_add(when, INTERVAL n part)",
             "later by a span, as a timestamp; the same as when + INTERVAL n part",
             "date_add(DATE '2024-01-31', INTERVAL 1 MONTH)", "2024-02-29 00:00:00", (2, 2), ("({0} + {1})",),
             growth=_value),
    Function("make_date", _D, "make_date(year, month, day)", "a date from its parts",
             "make_date(2024, 2, 29)", "2024-02-29", (3, 3), growth=_value),
    Function("make_time", _D, "make_time(hour, minute, second)", "a time from its parts",
             "make_time(13, 45, 10)", "13:45:10", (3, 3), growth=_value),
    Function("make_timestamp", _D, "make_timestamp(year, month, day, hour, minute, second)",
             "a timestamp from its parts", "make_timestamp(2024, 2, 29, 13, 45, 10)", "2024-02-29 13:45:10", (6, 6),
             growth=_value),
    Function("strftime", _D, "strftime(when, 'format')", "a date as text; %Y %m %d %H %M %S and so on",
             "strftime(DATE '2024-02-29', '%d.%m.%Y')", "29.02.2024", (2, 2),
             constants=_constants(_1=Constant.FORMAT), growth=_formatted),
    Function("strptime", _D, "strptime(text, 'format')",
             "the timestamp that a text in that format means; a text that does not fit is a problem of that record",
             "strptime('29.02.2024', '%d.%m.%Y')", "2024-02-29 00:00:00", (2, 2),
             constants=_constants(_1=Constant.FORMAT), growth=_value),
    Function("try_strptime", _D, "try_strptime(text, 'format')", "the same, but null for a text that does not fit",
             "try_strptime('soon', '%d.%m.%Y')", "null", (2, 2), constants=_constants(_1=Constant.FORMAT),
             growth=_value),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {function.name: function for function in (*_TEXT, *_PATTERN, *_NUMBER, *_EMPTY, *_DATE)}
)

DATE_PARTS: Mapping[str, str] = MappingProxyType(
    {
        spelling: part
        for part in ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond")
        for spelling in (part, part + "s")
    }
    | {part: part for part in ("isoyear", "isodow", "dow", "doy", "epoch")}
)
