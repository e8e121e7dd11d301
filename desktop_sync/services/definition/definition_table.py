"""Reads one TOML table key by key; a key that nobody asked for, or of another type, is refused with a sentence."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Mapping
from typing import TypeVar

from desktop_sync.core.configuration import PerSide
from desktop_sync.core.errors import ConfigurationError

E = TypeVar("E", bound=enum.Enum)
MAX_NAME_CHARACTERS = 200


class DefinitionTable:
    """The content of a table and where it stands. Reading marks keys as known; `finish` refuses the others.

    `where` is for people: `shop.toml: configuration "Customers", entity "customers"`.
    """

    def __init__(self, content: Mapping[str, object], where: str) -> None:
        self._content = content
        self._asked: list[str] = []
        self.where = where

    def refuse(self, key: str, problem: str) -> ConfigurationError:
        """The error to raise about a key, or about the whole table when `key` is empty."""
        return ConfigurationError(problem, path=f'{self.where}, key "{key}"' if key else self.where)

    def has(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._content

    def value(self, key: str) -> object:
        """The raw value, None when the key is not there."""
        self._asked.append(key)
        return self._content.get(key)

    def finish(self) -> None:
        """Refuses keys that were not asked for, with the nearest known one."""
        for key in self._content:
            if key not in self._asked:
                raise self.refuse(key, f"this key is not known here{suggestion(key, self._asked)}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without `default` the key must be there."""
        value = self.value(key)
        if value is None:
            if default is None:
                raise self.refuse(key, "this key is missing")
            return default
        if not isinstance(value, str):
            raise self.refuse(key, f"a text in quotes is expected, not {described(value)}")
        return value

    def name(self, key: str) -> str:
        """A text that can stand for something: not empty, one line, no spaces at its ends."""
        value = self.text(key)
        if not value.strip():
            raise self.refuse(key, "the name is empty")
        if value != value.strip() or not value.isprintable():
            raise self.refuse(key, "a name has no spaces at its ends and no line breaks or other control characters")
        if len(value) > MAX_NAME_CHARACTERS:
            raise self.refuse(key, f"the name is longer than {MAX_NAME_CHARACTERS} characters")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, f"true or false is expected, not {described(value)}")
        return value

    def whole_number(self, key: str, default: int | None = None, smallest: int = 0, largest: int = 2**31) -> int:
        value = self.value(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.refuse(key, "this key is missing")
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(key, f"a whole number from {smallest} to {largest} is expected, not {described(value)}")
        if not smallest <= value <= largest:
            raise self.refuse(key, f"a whole number from {smallest} to {largest} is expected, not {value}")
        return value

    def choice(self, key: str, choices: type[E], default: E) -> E:
        value = self.value(key)
        return default if value is None else self.chosen(key, value, choices)

    def chosen(self, key: str, value: object, choices: type[E]) -> E:
        """The member of that value, which is one of the allowed words."""
        words = [str(member.value) for member in choices]
        if not isinstance(value, str):
            raise self.refuse(key, f"one of {quoted(words)} is expected, not {described(value)}")
        if value not in words:
            raise self.refuse(key, f'"{value}" is not one of {quoted(words)}{suggestion(value, words)}')
        return choices(value)

    def items(self, key: str) -> list[object]:
        """The items of an array; empty when the key is not there."""
        value = self.value(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.refuse(key, f"an array in square brackets is expected, not {described(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.items(key)
        for item in items:
            if not isinstance(item, str):
                raise self.refuse(key, f"texts in quotes are expected, not {described(item)}")
        return tuple(str(item) for item in items)

    def table(self, key: str) -> DefinitionTable:
        """A table under a key; an empty one when the key is not there."""
        value = self.value(key)
        if value is None:
            return DefinitionTable({}, f'{self.where}, key "{key}"')
        if not isinstance(value, dict):
            raise self.refuse(key, f"a table is expected ({{ … }}), not {described(value)}")
        return DefinitionTable(value, f'{self.where}, key "{key}"')

    def tables(self, key: str, called: str, name_key: str = "name") -> list[DefinitionTable]:
        """The tables of `[[key]]`, each placed by its name, or by its number while the name is not known."""
        found: list[DefinitionTable] = []
        for number, item in enumerate(self.items(key), start=1):
            if not isinstance(item, dict):
                raise self.refuse(key, f"tables are expected ([[{key}]]), not {described(item)}")
            name = item.get(name_key)
            label = f'"{name}"' if isinstance(name, str) and name.isprintable() and name else str(number)
            separator = ": " if ":" not in self.where else ", "
            found.append(DefinitionTable(item, f"{self.where}{separator}{called} {label}"))
        return found

    def per_side(self, key: str) -> PerSide[str]:
        """`{ a = "…", b = "…" }`, each empty when it is not there."""
        table = self.table(key)
        sides = PerSide(table.text("a", ""), table.text("b", ""))
        table.finish()
        return sides


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` with the nearest known word, or nothing."""
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""


def quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def described(value: object) -> str:
    """A value's kind for people. Never the value itself: it may be a secret in the wrong place."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number with a point"),
        (str, "a text"),
        (list, "an array"),
        (dict, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or a time")
