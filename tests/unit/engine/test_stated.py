"""What a batch says is sent again as it was sent first, and nothing of a record that comes back is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide, Side
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.engine.layout import Layout, make_layout
from desktop_sync.engine.stated import values_again, values_as_kept
from desktop_sync.engine.workbench import Workbench

TYPED = Structure(
    "people",
    (Field("id"), Field("email"), Field("age", FieldType.INTEGER), Field("photo", FieldType.BINARY)),
    ("id",),
)
TEXTS = Structure("people", tuple(Field(name, is_typed=False) for name in ("id", "email", "age", "photo")), ("id",))
NAMES = ("email", "age", "photo")


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench(in_memory=True) as made:
        yield made


@pytest.fixture(scope="module")
def layout() -> Layout:
    """A is typed, B holds text only."""
    fields = tuple(FieldMapping(name, name, identifying=name == "email") for name in NAMES)
    return make_layout(Entity("people", PerSide("people", "people"), fields), 0, (TYPED, TEXTS), ("CRM", "Shop"))


def rows(side: Side, *ages: str | None) -> pa.Table:
    number = len(ages)
    columns = {"email": ["e"] * number, "age": list(ages), "photo": ["CAFE"] * number}
    return pa.table({f"{side.value}:{name}": pa.array(values, pa.string()) for name, values in columns.items()})


def test_values_are_sent_again_typed_where_the_side_is_typed_and_as_plain_text_elsewhere(
    bench: Workbench, layout: Layout
) -> None:
    again = values_again(bench, layout, Side.A, NAMES, rows(Side.A, "7", None))
    assert again.to_pylist() == [
        {"email": "e", "age": 7, "photo": b"\xca\xfe"},
        {"email": "e", "age": None, "photo": b"\xca\xfe"},
    ]
    again = values_again(bench, layout, Side.B, NAMES, rows(Side.B, "7"))
    assert again.to_pylist() == [{"email": "e", "age": "7", "photo": "CAFE"}]


def test_a_record_comes_back_with_its_numbers_unless_one_of_them_is_none(bench: Workbench, layout: Layout) -> None:
    kept = values_as_kept(bench, layout, Side.A, NAMES, rows(Side.A, "7", None))
    assert kept["age"].to_pylist() == [7, None]
    kept = values_as_kept(bench, layout, Side.A, NAMES, rows(Side.A, "7", "many", None))
    assert kept["age"].to_pylist() == ["7", "many", None], "the text that stood there is not lost"
    assert kept["photo"].to_pylist() == [b"\xca\xfe"] * 3
    assert values_as_kept(bench, layout, Side.B, NAMES, rows(Side.B, "07"))["age"].to_pylist() == ["07"]


def test_of_no_field_at_all_nothing_is_sent(bench: Workbench, layout: Layout) -> None:
    for made in (values_again, values_as_kept):
        nothing = made(bench, layout, Side.A, (), rows(Side.A, "7", "8"))
        assert (nothing.num_rows, nothing.column_names) == (2, [])
