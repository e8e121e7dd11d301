"""Records of every type at every edge, from a seed (RELIABILITY E1–E4): what fields hold, as the endpoint stores it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

Value = str | int | float | bytes | None

TEXTS = (
    "", " ", "  both  ", "plain", "007", "1", "1.0", "1e5", "NaN", "null", "NULL", "\\N", "true", "'quoted'",
    '"double"', "=1+1", "+49 30 123", "-5", "-2+3", "@x", "\ttab", "\rreturn", "two\nlines", "two\r\nlines",
    "a;b,c|d", "é", "e\u0301", "ﬁ", "Ａ１", "ß", "İ", "ı", "Σς", "\u202eright to left", "👩‍👩‍👧", "𝒳", "\ufeffmark",
    "\u200bzero", "\u00a0hard", "日本語", "x" * 3000, "%s {0} $1", "'; DROP TABLE wares; --", "\\", "\\\\,", "``", "#",
)  # fmt: skip
INTEGERS = (0, 1, -1, 7, 2**31, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 0.1 + 0.2, 1 / 3, 1e-300, 1e300, 5e-324, 1.7976931348623157e308, -1.5, 123456789.123456789, 1e22)
DECIMALS = ("0", "0.0001", "-0.0001", "12345678.1234", "-99999999.9999", "10.5", "10.50", "1")
DAYS = (date(1, 1, 1), date(1899, 12, 30), date(1900, 2, 28), date(1970, 1, 1), date(2000, 2, 29), date(9999, 12, 31))
MOMENTS = (
    datetime(1, 1, 1), datetime(1900, 1, 1), datetime(1970, 1, 1, 0, 0, 0, 1), datetime(2026, 3, 29, 2, 30),
    datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 2, 30, 0, 999_999),
    datetime(9999, 12, 31, 23, 59, 59, 999_999),
)  # fmt: skip
CHOICES = ("NEW", "DONE", "LOST", "new", "")


def _text(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(TEXTS)
    letters = [chr(chance.choice((chance.randrange(32, 127), chance.randrange(0xA0, 0x2FFF)))) for _ in range(12)]
    return "".join(letters[: chance.randint(1, 12)])


def _moment(chance: random.Random) -> datetime:
    if chance.random() < 0.3:
        return chance.choice(MOMENTS)
    micros = chance.choice((0, 0, 500_000, 125_000, chance.randrange(1_000_000)))
    return datetime(1950, 1, 1) + timedelta(seconds=chance.randrange(3 * 10**9), microseconds=micros)


def _float(chance: random.Random) -> float:
    return chance.choice(FLOATS) if chance.random() < 0.3 else chance.uniform(-1, 1) * 10 ** chance.randint(-20, 20)


def _decimal(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return chance.choice(DECIMALS)
    return str(Decimal(chance.randrange(-(10**11), 10**11)).scaleb(-4))


def _time(chance: random.Random) -> str:
    return time(chance.randrange(24), chance.randrange(60), chance.randrange(60)).isoformat()


MAKERS: dict[str, Callable[[random.Random], Value]] = {
    "text": _text,
    "integer": lambda chance: chance.choice(INTEGERS) if chance.random() < 0.3 else chance.randrange(-(2**40), 2**40),
    "small": lambda chance: chance.randrange(-(10**6), 10**6),
    "float": _float,
    "decimal": _decimal,
    "boolean": lambda chance: chance.randrange(2),
    "date": lambda chance: (
        chance.choice(DAYS) if chance.random() < 0.3 else date(1950, 1, 1) + timedelta(days=chance.randrange(40_000))
    ).isoformat(),
    "time": _time,
    "timestamp": lambda chance: _moment(chance).isoformat(sep=" "),
    "binary": lambda chance: chance.randbytes(chance.choice((0, 1, 16, 300))),
    "choice": lambda chance: chance.choice(CHOICES),
    "word": lambda chance: "".join(chance.choices("abcdefghij ÄöÜ", k=chance.randint(1, 8))),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the generated records: what it holds, its declared type in a database there and beyond, and how its
    values travel: expressions over `x` there and back, a value map, steps of the normal form."""

    name: str
    kind: str
    declared: str
    beyond: str
    there: str = ""
    back: str = ""
    value_map: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()


def records(columns: Sequence[Column], count: int, chance: random.Random) -> list[tuple[Value, ...]]:
    """`count` records; a seventh of the values is null."""
    return [
        tuple(None if chance.random() < 0.14 else MAKERS[column.kind](chance) for column in columns)
        for _ in range(count)
    ]
