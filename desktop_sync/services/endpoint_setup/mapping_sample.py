"""Real records through a field mapping or a filter, with the very SQL that a run uses (SPEC §3: live samples)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, PerSide, Side
from desktop_sync.core.entity_check import mapping_title
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.structure import Structure
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.expression import compile_condition
from desktop_sync.engine.layout import Layout, SideLayout, make_layout
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import PROBLEM_SEPARATOR, Staging, sent_type
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.endpoint_setup.structure_reading import Reading
from desktop_sync.services.views import MappingSample

COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Ends:
    """Both structures of an entity and their endpoints' names."""

    endpoint_a: str
    a: Structure
    endpoint_b: str
    b: Structure

    def endpoint(self, side: Side) -> str:
        return self.endpoint_a if side is Side.A else self.endpoint_b

    def structure(self, side: Side) -> Structure:
        return self.a if side is Side.A else self.b


def samples(reading: Reading, ends: Ends, mapping: FieldMapping, toward: Side, limit: int) -> tuple[MappingSample, ...]:
    """The first records of the source side, and what the mapping makes of each for `toward`.

    Raises ConfigurationError, ExpressionError or SchemaDriftError for a mapping that cannot work at all.
    """
    source = toward.other
    if not mapping.field_of(toward):
        raise ConfigurationError(f"{mapping_title(mapping)} has no field to write to in {ends.endpoint(toward)}")
    layout = sample_layout(ends, mapping, toward)
    side = layout.of(source)
    sending = side.sending(0)
    if sending is None:
        raise ConfigurationError(f"{mapping_title(mapping)} takes nothing from {ends.endpoint(source)}")
    table = reading.table(ends.endpoint(source), ends.structure(source), side.fields, limit)
    used = sorted(sending.expression.fields) if sending.expression else [mapping.field_of(source)]
    shown = [plain_text_sql(side.column(name).typed, side.column(name).kind) for name in used if name]
    raw = [f"CAST({side.column(name).raw} AS VARCHAR)" for name in used if name]
    originals = ", ".join(f"coalesce({text}, {plain})" for text, plain in zip(shown, raw, strict=True))
    with Workbench() as bench:
        rows = staged_rows(
            bench, Staging(layout, side, text_places(table.schema)), table,
            f"rid, [{originals or 'NULL'}], {plain_text_sql(sending.name, sent_type(sending))}, problem",
        )  # fmt: skip
    return tuple(_sample(used, *row) for row in rows)


def _sample(used: Sequence[str], rid: object, originals: object, result: object, problem: object) -> MappingSample:
    values = list(originals) if isinstance(originals, list) else []
    texts = [None if value is None else str(value) for value in values]
    source = texts[0] if texts else None
    if len(used) > 1:
        source = "  ".join(f"{name}: {text or ''}" for name, text in zip(used, texts, strict=True))
    text = str(problem).split(PROBLEM_SEPARATOR)[-1] if problem else ""
    return MappingSample(str(rid or ""), source, None if result is None else str(result), text)


def sample_layout(ends: Ends, mapping: FieldMapping, toward: Side) -> Layout:
    """A layout of an entity that has this mapping only, for sending to `toward`."""
    direction = Direction.A_TO_B if toward is Side.B else Direction.B_TO_A
    only = replace(mapping, identifying=True, direction=direction, lookup="")
    return make_layout(single_entity(ends, (only,)), 0, (ends.a, ends.b), (ends.endpoint_a, ends.endpoint_b))


def single_entity(ends: Ends, fields: tuple[FieldMapping, ...]) -> Entity:
    """An entity with these mappings and any key, for looking at values only."""
    return Entity("sample", PerSide(ends.a.name, ends.b.name), fields, key=PerSide(_any_key(ends.a), _any_key(ends.b)))


def _any_key(structure: Structure) -> tuple[str, ...]:
    return structure.key or structure.field_names[:1]


def staged_rows(bench: Workbench, staging: Staging, table: pa.Table, columns: str) -> list[tuple[object, ...]]:
    """These columns of the staged records, in the order they were read. `table` has the side's fields in order."""
    numbered = table.rename_columns([column.raw for column in staging.side.columns])
    numbered = numbered.append_column("place", pa.array(range(table.num_rows), pa.int64()))
    with bench.source(numbered) as (name, _):
        return bench.rows(f"SELECT {columns} FROM ({staging.select(name)}) ORDER BY place")


def distinct_counts(reading: Reading, layout: Layout, side: SideLayout, limit: int) -> list[tuple[int, int, int]]:
    """For each identifying field: records looked at, those with a value, different values, all in normal form."""
    table = reading.table(side.endpoint, side.structure, side.fields, limit)
    staging = Staging(layout, side, text_places(table.schema))
    parts = [f"count({value}), count(DISTINCT {value})" for value in staging.match_values()]
    numbered = table.rename_columns([column.raw for column in side.columns])
    with Workbench() as bench, bench.source(numbered) as (name, _):
        row = bench.rows(f"SELECT {', '.join(parts)} FROM ({staging.select(name)})")[0]
    numbers = [int(str(number)) for number in row]
    return [(table.num_rows, numbers[place], numbers[place + 1]) for place in range(0, len(numbers), 2)]


def filter_count(reading: Reading, endpoint: str, structure: Structure, condition: str) -> tuple[int, int]:
    """How many of the first `COUNT_LIMIT` records take part, and how many were looked at. Raises ExpressionError."""
    types = {field.name: field.type for field in structure.fields}
    compiled = compile_condition(condition, types, path="filter")
    fields = tuple(sorted(compiled.fields)) or structure.field_names[:1]
    table = reading.table(endpoint, structure, fields, COUNT_LIMIT)
    entity = Entity(
        "sample",
        PerSide(structure.name, structure.name),
        (FieldMapping(fields[0], fields[0], identifying=True),),
        filter=PerSide(condition, ""),
        key=PerSide((fields[0],), (fields[0],)),
    )
    layout = make_layout(entity, 0, (structure, structure), (endpoint, endpoint))
    staging = Staging(layout, layout.a, text_places(table.select(layout.a.fields).schema))
    numbered = table.select(layout.a.fields).rename_columns([column.raw for column in layout.a.columns])
    with Workbench() as bench, bench.source(numbered) as (name, _):
        counted = bench.rows(f"SELECT count(*) FILTER (in_filter) FROM ({staging.select(name)})")
    return int(str(counted[0][0])), table.num_rows
