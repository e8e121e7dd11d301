"""Documents of the ledger hold what was put into them; what does not have its declared form is refused by name."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

import pytest

from desktop_sync.ledger.json_codec import DocumentError, from_json, from_text, to_json, to_text


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0


@dataclass(frozen=True)
class Box:
    corner: Point | str | bool
    counts: Mapping[Number, int]
    colours: Mapping[Colour, tuple[str, ...]]
    pair: tuple[int, str]
    at: time | None = None
    made: datetime | None = None


FULL = Box(
    Point(1.5, 2),
    {Number.TWO: 7},
    {Colour.BLUE: ("a", "b")},
    (1, "one"),
    time(3, 4),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def document(**changed: object) -> str:
    """That of FULL, with these members instead."""
    whole = json.loads(to_text(1, FULL))
    return json.dumps(whole | {"value": whole["value"] | changed})


def test_what_a_document_holds_comes_back_equal() -> None:
    assert from_text(1, Box, to_text(1, FULL)) == FULL


@pytest.mark.parametrize("corner", [True, "top left", Point(3.0)])
def test_one_of_several_types_comes_back_as_the_one_it_was(corner: Point | str | bool) -> None:
    box = Box(corner, {}, {}, (1, "one"))
    assert from_text(1, Box, to_text(1, box)) == box


def test_a_whole_number_is_taken_for_a_declared_fraction() -> None:
    read = from_text(1, Point, '{"format": 1, "value": {"x": 3}}')
    assert (read, type(read.x)) == (Point(3.0), float)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"corner": 5}, "Box.corner: int is not allowed here"),
        ({"corner": None}, "Box.corner: NoneType is not allowed here"),
        ({"corner": {"y": 1}}, "Box.corner: 'x' is missing"),
        ({"counts": [1]}, "Box.counts: an object was expected"),
        ({"counts": {"many": 1}}, "Box.counts: 'many' is not a number"),
        ({"counts": {"3": 1}}, "Box.counts: 3 is not one of the choices"),
        ({"counts": {"1": "1"}}, "Box.counts.1: int was expected"),
        ({"colours": {"green": []}}, "Box.colours: 'green' is not one of the choices"),
        ({"colours": {"red": "ab"}}, "Box.colours.red: a list was expected"),
        ({"colours": {"red": ["a", 2]}}, r"Box.colours.red\[1\]: str was expected"),
        ({"pair": [1]}, "Box.pair: 2 items were expected"),
        ({"at": "noon"}, "Box.at: 'noon' is not a time"),
        ({"at": 12}, "Box.at: time was expected"),
        ({"made": "yesterday"}, "Box.made: 'yesterday' is not a time"),
    ],
)
def test_a_member_of_another_form_is_refused_with_its_place(changed: dict[str, object], complaint: str) -> None:
    with pytest.raises(DocumentError, match=complaint):
        from_text(1, Box, document(**changed))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[1]", "no format and value"),
        ('{"format": 1}', "no format and value"),
        ('{"format": 1, "value": {"x": 1}, "more": 2}', "no format and value"),
        ('{"format": 1, "value": [1, 2]}', "Point: an object was expected"),
    ],
)
def test_a_document_that_does_not_hold_one_value_of_its_kind_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(DocumentError, match=complaint):
        from_text(1, Point, text)


def test_what_has_no_form_in_a_document_is_never_written() -> None:
    with pytest.raises(TypeError, match="bytes has no form"):
        to_json((1, b"raw"))
    with pytest.raises(TypeError, match="type has no form"):
        to_json(Point)
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_text(1, Point(float("nan")))


@pytest.mark.parametrize("key", [True, 1.5, (1,), None])
def test_a_key_that_no_document_could_give_back_is_refused(key: object) -> None:
    with pytest.raises(TypeError, match="cannot be a key"):
        to_json({key: "value"})


def test_a_type_that_is_not_declared_in_full_is_refused() -> None:
    with pytest.raises(TypeError, match="has no form"):
        from_json("int", 1, "Box")
