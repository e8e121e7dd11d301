"""Values that a side table keeps, as it does where records are few, are those that staging makes of it again."""

from __future__ import annotations

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, PerSide, Side
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout, make_layout
from desktop_sync.engine.sides import load_side, look_up, side_table
from desktop_sync.engine.workbench import Workbench

NAMES = ("email", "age", "price", "seen")
TYPES = (FieldType.TEXT, FieldType.INTEGER, FieldType.DECIMAL, FieldType.TIMESTAMP)
STRUCTURE = Structure(
    "people",
    (Field("id", is_typed=False), *(Field(n, t, is_typed=False) for n, t in zip(NAMES, TYPES, strict=True))),
    ("id",),
)
ROWS = {
    "id": ["1", "2", "3"],
    "email": ["a\u0308", "", None],
    "age": ["7", "many", "7.0"],
    "price": ["1.50", "1e2", ""],
    "seen": ["2026-01-02 03:04:05", "2026-01-02", None],
}


@pytest.fixture(scope="module")
def layout() -> Layout:
    fields = tuple(
        FieldMapping(name, name, identifying=name == "email", to_b="age * 2" if name == "age" else "") for name in NAMES
    )
    entity = Entity("people", PerSide("people", "people"), fields, direction=Direction.A_TO_B)
    return make_layout(entity, 0, (STRUCTURE, STRUCTURE), ("CRM", "Shop"))


def test_kept_values_are_those_that_are_made_again(layout: Layout) -> None:
    found = []
    for keeps_values in (False, True):
        with Workbench(in_memory=True) as bench:
            bench.execute("CREATE TABLE peer_0 (record_id BIGINT, a_id VARCHAR, b_id VARCHAR)")
            table = pa.table({name: pa.array(ROWS[name], pa.string()) for name in layout.a.fields})
            read = load_side(
                bench,
                layout,
                Side.A,
                table.slice(1),
                is_complete=True,
                keeps_all=True,
                has_peers=False,
                keeps_values=keeps_values,
            )
            read = look_up(bench, read, table.slice(0, 1), ["1"])
            assert read.has_values is keeps_values
            names = ", ".join(["rid", *(column.raw for column in layout.a.columns), *read.staging.values()])
            some = kept_values(read, ["digest AS read_digest", "match_key AS read_key"], "rid <> '3'")
            columns = [row[0] for row in bench.rows(f"DESCRIBE {side_table(layout, Side.A)}")]
            assert ("o1" in columns) is keeps_values
            found.append([
                bench.rows(f"SELECT {names} FROM ({kept_values(read)}) ORDER BY rid"),
                bench.rows(f"SELECT {names}, read_digest, read_key FROM ({some}) ORDER BY rid"),
            ])  # fmt: skip
    assert found[0] == found[1]
    assert len(found[0][0]) == 3
    assert len(found[0][1]) == 2
