"""Frozen dataclasses of core as JSON and back, by their declared types. Strict: what is not declared is refused.

A key that is missing takes the field's default, so that documents written before a field existed can still be read;
where there is no default the document is refused.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime, time
from functools import cache
from typing import TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
T = TypeVar("T")


class DocumentError(ValueError):
    """A document that does not have the form it must have. The message names the place in it."""


def to_text(format_number: int, value: object) -> str:
    """A document of this format holding a dataclass. Equal values give equal text."""
    document = {"format": format_number, "value": to_json(value)}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_text(format_number: int, kind: type[T], text: str) -> T:
    """The dataclass that a document of this format holds. Raises DocumentError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DocumentError("the document is not JSON") from error
    if not isinstance(document, dict) or set(document) != {"format", "value"}:
        raise DocumentError("the document has no format and value")
    if document["format"] != format_number:
        raise DocumentError(f"format {document['format']!r} is not known")
    return typing.cast("T", from_json(kind, document["value"], kind.__name__))


def to_json(value: object) -> Json:
    """JSON of a dataclass, enum, mapping, tuple, time or plain value."""
    if isinstance(value, enum.Enum):
        return to_json(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {_key_text(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def from_json(hint: object, value: Json, path: str) -> object:
    """The value that JSON holds for a declared type. Raises DocumentError naming the path."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(get_args(hint), value, path)
    if origin is tuple:
        return _tuple(get_args(hint), value, path)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(get_args(hint), value, path)
    kind = origin if isinstance(origin, type) else hint
    if isinstance(kind, type):
        if dataclasses.is_dataclass(kind):
            return _dataclass(kind, get_args(hint), value, path)
        if issubclass(kind, enum.Enum):
            return _enum(kind, value, path)
        return _plain(kind, value, path)
    raise TypeError(f"{hint!r} has no form in JSON")


def _key_text(key: object) -> str:
    plain = key.value if isinstance(key, enum.Enum) else key
    if isinstance(plain, bool) or not isinstance(plain, str | int):
        raise TypeError(f"{key!r} cannot be a key in JSON")
    return str(plain)


def _union(members: tuple[object, ...], value: Json, path: str) -> object:
    if value is None and type(None) in members:
        return None
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        return from_json(others[0], value, path)
    for member in others:
        is_exact = type(value) is member
        if is_exact or (isinstance(value, dict) and dataclasses.is_dataclass(member)):
            return from_json(member, value, path)
    raise DocumentError(f"{path}: {type(value).__name__} is not allowed here")


def _tuple(members: tuple[object, ...], value: Json, path: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise DocumentError(f"{path}: a list was expected")
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(from_json(members[0], item, f"{path}[{index}]") for index, item in enumerate(value))
    if len(members) != len(value):
        raise DocumentError(f"{path}: {len(members)} items were expected")
    pairs = enumerate(zip(members, value, strict=True))
    return tuple(from_json(member, item, f"{path}[{index}]") for index, (member, item) in pairs)


def _mapping(members: tuple[object, ...], value: Json, path: str) -> dict[object, object]:
    if not isinstance(value, dict):
        raise DocumentError(f"{path}: an object was expected")
    key_hint, item_hint = members
    return {_key(key_hint, key, path): from_json(item_hint, item, f"{path}.{key}") for key, item in value.items()}


def _key(hint: object, key: str, path: str) -> object:
    if isinstance(hint, type) and issubclass(hint, int):
        try:
            number = int(key)
        except ValueError as error:
            raise DocumentError(f"{path}: {key!r} is not a number") from error
        return from_json(hint, number, path)
    return from_json(hint, key, path)


def _dataclass(kind: type, arguments: tuple[object, ...], value: Json, path: str) -> object:
    if not isinstance(value, dict):
        raise DocumentError(f"{path}: an object was expected")
    hints = _hints(kind)
    bound = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=True))
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise DocumentError(f"{path}: {unknown[0]!r} is not known")
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in value:
            values[name] = from_json(_resolved(hints[name], bound), value[name], f"{path}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise DocumentError(f"{path}: {name!r} is missing")
    made: object = kind(**values)
    return made


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _resolved(hint: object, bound: Mapping[object, object]) -> object:
    return bound.get(hint, hint) if isinstance(hint, typing.TypeVar) else hint


def _enum(kind: type[enum.Enum], value: Json, path: str) -> object:
    try:
        return kind(value)
    except ValueError as error:
        raise DocumentError(f"{path}: {value!r} is not one of the choices") from error


def _plain(kind: type, value: Json, path: str) -> object:
    if kind in (time, datetime) and isinstance(value, str):
        try:
            return time.fromisoformat(value) if kind is time else datetime.fromisoformat(value)
        except ValueError as error:
            raise DocumentError(f"{path}: {value!r} is not a time") from error
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise DocumentError(f"{path}: {kind.__name__} was expected")
    return value
