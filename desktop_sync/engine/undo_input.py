"""What a run wrote, and how it stands now, as tables of the workbench: what the plan of an undo is made from.

Tables of an entity, for each side: `wrote_<side>_<n>` (one row per record of a batch: n, batch_id, record_id,
operation, a_id, b_id, shape, is_linked: whether it was paired then; then w<i> and p<i>: field i of the structure after
and before the write, as text) and `now_<side>_<n>` (rid, copies, r<place> as read, x<i> other fields as read, f<i>
each field as text, digest). For what was adopted or linked: `quiet_<n>` (batch_id, record_id, action, a_id, b_id,
a_digest, b_digest), and `earlier_<n>` with what was done to these records before (batch_id, record_id, a_id, b_id,
a_digest, b_digest).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import DoneBatch
from desktop_sync.core.provider_port import ArrowStream, Operation
from desktop_sync.engine.canonical import ValueType, parsed_sql, plain_text_sql, quote, value_type
from desktop_sync.engine.held import Held
from desktop_sync.engine.layout import Layout, SideLayout
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.whole_record import field_texts
from desktop_sync.engine.workbench import Workbench

HEAD = (
    "n BIGINT, batch_id BIGINT, record_id BIGINT, operation TINYINT, a_id VARCHAR, b_id VARCHAR, shape INTEGER, "
    "is_linked BOOLEAN"
)
QUIET = "batch_id BIGINT, record_id BIGINT, action TINYINT, a_id VARCHAR, b_id VARCHAR, a_digest BLOB, b_digest BLOB"


def wrote_table(layout: Layout, side: Side) -> str:
    return f"wrote_{side.value}_{layout.number}"


def now_table(layout: Layout, side: Side) -> str:
    return f"now_{side.value}_{layout.number}"


def quiet_table(layout: Layout) -> str:
    return f"quiet_{layout.number}"


def earlier_table(layout: Layout) -> str:
    return f"earlier_{layout.number}"


@dataclass(slots=True)
class WrittenSide:
    """What a run wrote to one side of an entity.

    `after` and `before` say, for a field's number, which shapes hold it; a shape is the set of columns of a batch.
    `lost` are fields that the run wrote and that the structure has no more. `keeps_empty_apart`: an empty text is not
    the same as none there. `staging` is made from the read of how the records stand now. `only`: the fields that are
    restored, where not all are.
    """

    layout: Layout
    own: SideLayout
    keeps_empty_apart: bool
    after: dict[int, set[int]] = field(default_factory=dict)
    before: dict[int, set[int]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    shapes: dict[tuple[str, ...], int] = field(default_factory=dict)
    count: int = 0
    staging: Staging | None = None
    only: frozenset[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return self.own.structure.field_names

    @property
    def others(self) -> tuple[str, ...]:
        """Fields that no mapping reads."""
        return tuple(name for name in self.names if name not in self.own.fields)

    @property
    def read_fields(self) -> tuple[str, ...]:
        """All fields, those of the layout first."""
        return (*self.own.fields, *self.others)

    @property
    def read_staging(self) -> Staging:
        return self.staging or Staging(self.layout, self.own, frozenset())

    def kind(self, number: int) -> ValueType:
        """The type that values of the field are compared in."""
        name = self.names[number]
        if name in self.own.fields:
            return self.own.column(name).kind
        declared = self.own.structure.fields[number]
        return value_type(declared.type, declared.scale)

    def compared(self, column: str, number: int) -> str:
        """A text of the field in a form in which equal values are equal; `column` had better be a plain column."""
        kind = self.kind(number)
        typed = plain_text_sql(f"({parsed_sql(column, kind)})", kind) if kind.type.value != "text" else column
        text = f"coalesce({typed}, {column})"
        return text if self.keeps_empty_apart else f"nullif({text}, '')"

    def raw(self, name: str) -> str:
        """The column of the now table that holds the field as it was read."""
        return self.own.column(name).raw if name in self.own.fields else f"x{self.names.index(name)}"


@dataclass(slots=True)
class UndoInput:
    """What the undo of a run is made from, for one entity.

    `travels`: what comes back goes to the other side at the next run. `quiet_batch`: the run's first batch without a
    write. `other_structures`: names that the run wrote to and that the entity does not map any more, with how many
    records it wrote there. `held`: records of which nobody knows whether they were written."""

    layout: Layout
    sides: dict[Side, WrittenSide]
    travels: bool = False
    quiet_batch: int | None = None
    other_structures: dict[str, int] = field(default_factory=dict)
    held: Held = field(default_factory=Held)


def begin(bench: Workbench, layout: Layout, keeps_empty_apart: dict[Side, bool]) -> UndoInput:
    """The tables are there, empty."""
    sides = {side: WrittenSide(layout, layout.of(side), keeps_empty_apart[side]) for side in Side}
    for side, written in sides.items():
        texts = [f"{letter}{i} VARCHAR" for i in range(len(written.names)) for letter in "wp"]
        bench.execute(f"CREATE OR REPLACE TABLE {wrote_table(layout, side)} ({', '.join([HEAD, *texts])})")
    bench.execute(f"CREATE OR REPLACE TABLE {quiet_table(layout)} ({QUIET})")
    bench.execute(
        f"CREATE OR REPLACE TABLE {earlier_table(layout)} AS SELECT * EXCLUDE (action) FROM {quiet_table(layout)}"
    )
    return UndoInput(layout, sides)


def take(bench: Workbench, given: UndoInput, batch: DoneBatch) -> None:
    """The batch stands in the tables. Batches come in the order in which they were written."""
    layout = given.layout
    if batch.side is None:
        with bench.source(batch.rows) as (source, _):
            bench.execute(
                f"INSERT INTO {quiet_table(layout)} SELECT {batch.id}, record_id, action, a_id, b_id, a_digest, "
                f"b_digest FROM {source}"
            )
        given.quiet_batch = min(batch.id, given.quiet_batch or batch.id)
        return
    if layout.of(batch.side).structure.name != batch.structure:
        number = pa.RecordBatchReader.from_stream(batch.rows).read_all().num_rows
        given.other_structures[batch.structure] = given.other_structures.get(batch.structure, 0) + number
        return
    _take_written(bench, given.sides[batch.side], batch.side, batch)


def _take_written(bench: Workbench, written: WrittenSide, side: Side, batch: DoneBatch) -> None:
    numbers = {name: number for number, name in enumerate(written.names)}
    with bench.source(batch.rows) as (source, schema):
        labels = tuple(name for name in schema.names if name.startswith((f"{side.value}:", "before:")))
        shape = written.shapes.setdefault((str(batch.operation), *labels), len(written.shapes))
        columns, values = [], []
        for label in labels:
            head, _, name = label.partition(":")
            number = numbers.get(name)
            if number is None:
                written.lost.add(name)
                continue
            held = written.before if head == "before" else written.after
            held.setdefault(number, set()).add(shape)
            columns.append(f"{'p' if head == 'before' else 'w'}{number}")
            values.append(f"CAST({quote(label)} AS VARCHAR)")
        table = wrote_table(written.layout, side)
        is_linked = "evidence IS NOT NULL" if "evidence" in schema.names else "false"
        bench.execute(
            f"INSERT INTO {table} "
            f"({', '.join(['n, batch_id, record_id, operation, a_id, b_id, shape, is_linked', *columns])}) "
            f"SELECT {written.count} + row_number() OVER (), {batch.id}, record_id, {int(batch.operation)}, a_id, "
            f"b_id, {shape}, {is_linked}{''.join(', ' + value for value in values)} FROM {source}"
        )
    written.count = bench.number(f"SELECT count(*) FROM {table}")


def take_earlier(bench: Workbench, layout: Layout, batch: DoneBatch) -> None:
    """What was done to adopted records before."""
    with bench.source(batch.rows) as (source, _):
        bench.execute(
            f"INSERT INTO {earlier_table(layout)} SELECT {batch.id}, record_id, a_id, b_id, a_digest, b_digest "
            f"FROM {source}"
        )


def adopted_ids(bench: Workbench, layout: Layout) -> list[int]:
    return [int(str(row[0])) for row in bench.rows(f"SELECT DISTINCT record_id FROM {quiet_table(layout)}")]


def ids_to_read(bench: Workbench, layout: Layout, side: Side) -> list[str]:
    """Ids of the side of everything that the run wrote to either side."""
    me = side.value
    parts = [f"SELECT {me}_id FROM {wrote_table(layout, other)}" for other in Side]
    return [str(row[0]) for row in bench.rows(f"{' UNION '.join(parts)}") if row[0] is not None]


def load_now(bench: Workbench, written: WrittenSide, side: Side, stream: ArrowStream) -> None:
    """The records of the side as they are now; the stream gives `read_fields`, in that order."""
    own, width = written.own, len(written.own.columns)
    with bench.source(stream) as (source, schema):
        texts = field_texts(own.structure, schema)
        staging = Staging(written.layout, own, frozenset(place for place in text_places(schema) if place < width))
        written.staging = staging
        columns = [f"{quote(name)} AS {written.raw(name)}" for name in written.read_fields]
        columns += [f"{texts[name]} AS f{number}" for number, name in enumerate(written.names)]
        kept = [written.raw(name) for name in written.read_fields] + [f"f{i}" for i in range(len(written.names))]
        bench.execute(
            f"CREATE OR REPLACE TABLE {now_table(written.layout, side)} AS SELECT rid, {', '.join(kept)}, "
            "digest, count(*) OVER (PARTITION BY rid) AS copies "
            f"FROM ({staging.measure('(SELECT ' + ', '.join(columns) + f' FROM {source})', is_matched=False)}) "
            "QUALIFY row_number() OVER (PARTITION BY rid) = 1"
        )


def empty_now(written: WrittenSide) -> pa.Table:
    """What `load_now` is given where nothing need be read."""
    return pa.table({name: pa.array([], pa.string()) for name in written.read_fields})


def restored_numbers(bench: Workbench, written: WrittenSide, side: Side) -> tuple[int, ...]:
    """Fields that an undone update writes: those that the run changed in any record and that can be written."""
    found = []
    table = wrote_table(written.layout, side)
    for number in sorted(set(written.before) & set(written.after)):
        is_left = written.only is not None and written.names[number] not in written.only
        if is_left or written.own.structure.fields[number].is_computed:
            continue
        shapes = ", ".join(str(one) for one in written.before[number] & written.after[number])
        changed = f"operation = {Operation.UPDATE:d} AND p{number} IS DISTINCT FROM w{number}"
        if shapes and bench.number(f"SELECT count(*) FROM {table} WHERE shape IN ({shapes}) AND {changed}"):
            found.append(number)
    return tuple(found)
