"""Structures of an endpoint and the fields of their records, in words that all providers share."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

LEAST_DECIMALS = 9
"""So many digits after the point a decimal has room for, or as many as its field declares where that are more."""


class FieldType(enum.Enum):
    """The type of a field's values. The value is the word used in screens and files."""

    TEXT = "text"
    INTEGER = "integer"  # 64 bits, signed
    DECIMAL = "decimal"  # exact; up to 38 digits
    FLOAT = "float"  # IEEE 754 double
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"  # microseconds
    TIMESTAMP = "timestamp"  # without a time zone; microseconds
    INSTANT = "instant"  # a point in time, UTC; microseconds
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a structure, as the endpoint declares it.

    `is_typed` is False where the endpoint stores text only (CSV) and `type` is TEXT: the value then takes the
    type of the field that it is mapped with. `length` counts characters, `scale` decimal digits after the point.
    `is_generated`: the endpoint fills it in when a record is created without it.
    `is_required`: a record cannot be created without a value for it. `is_computed`: it cannot be written at all.
    """

    name: str
    type: FieldType = FieldType.TEXT
    nullable: bool = True
    length: int | None = None
    scale: int | None = None
    is_typed: bool = True
    is_unique: bool = False
    is_generated: bool = False
    is_required: bool = False
    is_computed: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """A table, sheet, file or collection. `key` names the fields that make a record's id, in order; it may be empty."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    can_write: bool = True

    def field(self, name: str) -> Field | None:
        """The field of exactly that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)


def encode_record_id(key_values: tuple[str, ...]) -> str:
    """The text id of a record from the text forms of its key values, in key order.

    One key value is its own id. Several are joined by commas, with backslash and comma escaped by a backslash,
    so that different key values never give one id. `engine.canonical.record_id_sql` gives the same text.
    """
    if len(key_values) == 1:
        return key_values[0]
    return ",".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in key_values)


_PLAIN_BYTES = frozenset(range(0x20, 0x7F)).difference(b"\"'\\")


def binary_text(value: bytes) -> str:
    """The text form of a binary key value: printable characters of ASCII as they are, every other byte as `\\xFF`."""
    return "".join(chr(byte) if byte in _PLAIN_BYTES else f"\\x{byte:02X}" for byte in value)


def binary_of(text: str) -> bytes:
    """The value whose text form it is. Raises ValueError where it is none."""
    pieces = re.split(r"\\x([0-9A-F]{2})", text)
    plain, coded = pieces[::2], pieces[1::2]
    value = b"".join(
        piece.encode("ascii") + bytes.fromhex(code) for piece, code in zip(plain, [*coded, ""], strict=True)
    )
    if binary_text(value) != text:
        raise ValueError(f"{text!r} is no binary value")
    return value


def decode_record_id(record_id: str, key_count: int) -> tuple[str, ...]:
    """The key values' text forms of an id made by `encode_record_id`.

    Raises ValueError when the id does not hold `key_count` values.
    """
    if key_count == 1:
        return (record_id,)
    parts: list[str] = []
    part: list[str] = []
    characters = iter(record_id)
    for character in characters:
        if character == "\\":
            part.append(next(characters, ""))
        elif character == ",":
            parts.append("".join(part))
            part = []
        else:
            part.append(character)
    parts.append("".join(part))
    if len(parts) != key_count:
        raise ValueError(f"{record_id!r} holds {len(parts)} key values, not {key_count}")
    return tuple(parts)
