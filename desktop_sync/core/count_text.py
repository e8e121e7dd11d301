"""Numbers of things as people write them: "1 record", "2,500 records". The one place for singular and plural."""

from __future__ import annotations

_IRREGULAR = {"entry": "entries", "entity": "entities", "person": "people", "copy": "copies", "match": "matches"}


def count(number: int, thing: str) -> str:
    """The number with the thing, one or many of them."""
    return f"{number:,} {things(number, thing)}"


def doing(number: int, thing: str, one: str, many: str) -> str:
    """The number of things with what they do or are: "1 record waits", "2 records wait"."""
    return f"{count(number, thing)} {one if number == 1 else many}"


def things(number: int, thing: str) -> str:
    """The thing alone, in the form for that many; of several words the last one is changed."""
    if number == 1:
        return thing
    head, space, last = thing.rpartition(" ")
    return f"{head}{space}{_IRREGULAR.get(last, last + 's')}"


def minutes_text(minutes: int) -> str:
    """So many minutes, in the largest unit in which they are a whole number: "90 minutes", "2 hours", "1 week"."""
    for length, unit in ((7 * 24 * 60, "week"), (24 * 60, "day"), (60, "hour")):
        if minutes and minutes % length == 0:
            return count(minutes // length, unit)
    return count(minutes, "minute")


def size_text(number: int) -> str:
    """So many bytes, in a unit that people read: "12.3 MB"."""
    size, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return count(number, "byte") if unit == "bytes" else f"{size:.1f} {unit}"
