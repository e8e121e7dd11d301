"""What an undo writes, streamed in batches, and its rows for the screen.

Columns of a batch: x_record_id, x_action, x_a_id, x_b_id, x_status_after, x_deleted_in_after, x_base_a, x_base_b,
x_other_digest (of the other side as it stands), x_is_half, x_status_before, x_e… expected, x_ha…/x_hb… what A and B
hold afterwards as text, x_hp… what the written side held before, x_digest (of the written side afterwards). The values
that are sent are made from these texts (`engine.stated.values_as_kept`), so that they can be made again. x_g… and x_f…
are the digest and the origin stamp of what stands in a field afterwards; the stamp is null where it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create, delete
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.undo import UndoRow
from desktop_sync.engine.canonical import literal, parsed_sql
from desktop_sync.engine.layout import Column
from desktop_sync.engine.origin_query import (
    origin_table,
    stamp_struct,
    stamped_columns,
    stored_digest,
    value_digest_sql,
)
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.undo_input import (
    UndoInput,
    WrittenSide,
    earlier_table,
    now_table,
    restored_numbers,
    wrote_table,
)
from desktop_sync.engine.undo_plan import undo_table
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.write_columns import WrittenStamp


@dataclass(frozen=True, slots=True)
class UndoQuery:
    """`sql` streams the rows; `values` are the fields that are written, `expected` those of columns x_e0 …; `history`
    has (batch column, x_ column)."""

    target: Side
    action: Action
    operation: Operation
    sql: str
    values: tuple[str, ...]
    expected: tuple[str, ...]
    history: tuple[tuple[str, str], ...]
    stamps: tuple[WrittenStamp, ...] = ()


def undo_query(
    bench: Workbench, undo: UndoInput, side: Side, action: Action, stamped_us: int | None = None
) -> UndoQuery:
    """The query of one inverse action on one side. `stamped_us`: when values that come back count as changed, where
    they carry stamps; the origin tables stand then."""
    return UndoBuilder(bench, undo, side, action, stamped_us).query()


class UndoBuilder:
    """Makes the query of an inverse action."""

    def __init__(self, bench: Workbench, undo: UndoInput, side: Side, action: Action, stamped_us: int | None) -> None:
        self.bench, self.undo, self.side, self.action = bench, undo, side, action
        self.written: WrittenSide = undo.sides[side]
        self.own = self.written.own
        self.stamped_us = stamped_us
        self.operation = (
            Operation.CREATE
            if action is create(side)
            else Operation.DELETE
            if action is delete(side)
            else Operation.UPDATE
        )

    def query(self) -> UndoQuery:
        numbers = self._restored()
        names = self.written.names
        expected = self._expected()
        values = [f"{self._restored_text(number)} AS v{number}" for number in numbers]
        history = self._history(numbers)
        head = self._head()
        checked = [f"t.{self.written.raw(name)} AS x_e{i}" for i, name in enumerate(expected)]
        stamped = self._stamped(numbers)
        known = [f"g.d{column.place} AS x_d{column.place}" for column in stamped]
        told = [*(f"{sql} AS {name}" for name, sql in head.items()), *values, *checked, *known, *self._kept(numbers)]
        inner = f"SELECT {', '.join(told)}{history.inner} {self._from()}"
        after = [f"{self._after(column, numbers)} AS {column.raw}" for column in self.own.columns]
        middle = f"SELECT *, {', '.join([*after, *history.outer])} FROM ({inner})"
        staging = self.written.read_staging
        wanted = [*head, *(f"x_e{i}" for i in range(len(expected)))]
        wanted += [short for _, short in history.labels]
        wanted += [f"{value_digest_sql(self.own, column)} AS {stored_digest(column)}" for column in stamped]
        wanted += [self._stamp(column) for column in stamped]
        if self.operation is Operation.DELETE:
            digest, staged = "CAST(NULL AS BLOB)", staging.select(f"({middle})")
        else:
            digest, staged = "digest", staging.measure(f"({middle})", is_matched=False)
        sql = f"SELECT {', '.join(wanted)}, {digest} AS x_digest FROM ({staged}) ORDER BY x_number"
        return UndoQuery(
            self.side,
            self.action,
            self.operation,
            sql,
            tuple(names[number] for number in numbers),
            expected,
            tuple(history.labels),
            tuple(WrittenStamp(c.name, stored_digest(c), f"x_f{c.place}") for c in stamped),
        )

    def _head(self) -> dict[str, str]:
        """The columns that say what the row is about, and how its sync record stands afterwards: name and SQL."""
        names = (
            "number, record_id, action, a_id, b_id, status_after, deleted_in_after, base_a, base_b, is_half, "
            "status_before"
        )
        return {f"x_{name}": f"u.{name}" for name in names.split(", ")} | {"x_other_digest": "o.digest"}

    def _stamped(self, numbers: Sequence[int]) -> tuple[Column, ...]:
        """The columns that are written and carry stamps."""
        if self.stamped_us is None or self.operation is Operation.DELETE:
            return ()
        restored = {self.written.names[number] for number in numbers}
        return tuple(column for column in stamped_columns(self.undo.layout, self.side) if column.name in restored)

    def _stamp(self, column: Column) -> str:
        """A value that comes back was changed in this endpoint, now; one that stood there anyway keeps its stamp."""
        origins = self.undo.layout.origins
        preference = () if origins is None else origins.preference
        system = self.own.endpoint if origins is None else origins.systems.of(self.side)
        now = stamp_struct(str(self.stamped_us), "0", literal(system), preference)
        is_new = f"x_d{column.place} IS DISTINCT FROM {value_digest_sql(self.own, column)}"
        return f"CASE WHEN {is_new} THEN {now} END AS x_f{column.place}"

    def _restored(self) -> tuple[int, ...]:
        if self.operation is Operation.DELETE:
            return ()
        if self.operation is Operation.UPDATE:
            return restored_numbers(self.bench, self.written, self.side)
        fields = self.own.structure.fields
        return tuple(number for number in sorted(self.written.before) if not fields[number].is_computed)

    def _expected(self) -> tuple[str, ...]:
        """A record that is deleted must be all that was seen; one that is changed, in what the mapping reads."""
        if self.operation is Operation.CREATE:
            return ()
        if self.operation is Operation.DELETE:
            return self.written.read_fields
        restored = {self.written.names[number] for number in self._restored()}
        guarded = [column.name for column in self.own.guarded]
        return tuple(dict.fromkeys([*guarded, *sorted(restored)]))

    def _restored_text(self, number: int) -> str:
        """The text that the record held in the field before the run."""
        if self.operation is Operation.CREATE:
            return self.brought_back(number)
        return f"CASE WHEN {self._is_told(number)} THEN f.p{number} ELSE t.f{number} END"

    def brought_back(self, number: int) -> str:
        """The text of the field of a record that was deleted. Where it was written before in the same run: what it held
        first, and else what it held last."""
        return f"CASE WHEN {self._is_told(number)} THEN f.p{number} ELSE l.p{number} END"

    def _is_told(self, number: int) -> str:
        return f"f.shape IN ({_shapes(self.written.before, number)})"

    def _kept(self, numbers: Sequence[int]) -> list[str]:
        """Columns that stay as they are, for the digest afterwards."""
        if self.operation is Operation.CREATE:
            return []
        return [f"t.{column.raw} AS k{column.place}" for column in self.own.columns]

    def _after(self, column: Column, numbers: Sequence[int]) -> str:
        number = self.written.names.index(column.name)
        is_text = column.place in self.written.read_staging.texts
        if number in numbers:
            return f"v{number}" if is_text else f"({parsed_sql(f'v{number}', column.kind)})"
        if self.operation is Operation.CREATE:
            return "CAST(NULL AS VARCHAR)" if is_text else f"CAST(NULL AS {column.kind.sql})"
        return f"k{column.place}"

    def _history(self, numbers: Sequence[int]) -> _History:
        """What both sides hold afterwards, and what the written one held."""
        found = _History()
        mine, theirs = self.side.value, self.side.other.value
        names = self.written.names
        mapped = [number for number in sorted(self.written.after) if number not in numbers]
        if self.operation is not Operation.DELETE:
            for number in (*numbers, *(mapped if self.operation is Operation.UPDATE else ())):
                source = f"v{number}" if number in numbers else f"t.f{number}"
                found.add(f"{mine}:{names[number]}", f"x_h{mine}{number}", source, is_outer=number in numbers)
        if self.operation is not Operation.CREATE:
            held = range(len(names)) if self.operation is Operation.DELETE else (*numbers, *mapped)
            for number in held:
                found.add(f"before:{names[number]}", f"x_hp{number}", f"t.f{number}")
        if self.operation is not Operation.DELETE:
            other = self.undo.sides[self.side.other]
            for mapping in self.undo.layout.entity.fields:
                name = mapping.field_of(self.side.other)
                if name and f"{theirs}:{name}" not in dict(found.labels):
                    number = other.names.index(name)
                    found.add(f"{theirs}:{name}", f"x_h{theirs}{number}", f"o.f{number}")
        return found

    def _join_stamps(self) -> str:
        if self.stamped_us is None:
            return ""
        return f"LEFT JOIN {origin_table(self.undo.layout, self.side)} g ON g.rid = t.rid "

    def _from(self) -> str:
        layout, me, other = self.undo.layout, self.side.value, self.side.other.value
        wrote = wrote_table(layout, self.side)
        join = "LEFT JOIN" if self.operation is Operation.CREATE else "JOIN"
        return (
            f"FROM {undo_table(self.undo)} u JOIN {wrote} f ON f.n = u.first_n JOIN {wrote} l ON l.n = u.last_n "
            f"{join} {now_table(layout, self.side)} t ON t.rid = u.{me}_id {self._join_stamps()}{self._beside()}"
            f"LEFT JOIN {now_table(layout, self.side.other)} o ON o.rid = u.{other}_id "
            f"WHERE u.side = '{me}' AND u.action = {self._planned():d} AND u.reason IS NULL AND NOT u.excluded"
        )

    def _beside(self) -> str:
        """Further joins of the rows."""
        return ""

    def _planned(self) -> int:
        """Which rows of the plan are written."""
        return self.action


class _History:
    """Batch columns and where they are computed: beside the joined tables, or over the values."""

    def __init__(self) -> None:
        self.labels: list[tuple[str, str]] = []
        self.inner = ""
        self.outer: list[str] = []

    def add(self, label: str, short: str, sql: str, *, is_outer: bool = False) -> None:
        self.labels.append((label, short))
        if is_outer:
            self.outer.append(f"{sql} AS {short}")
        else:
            self.inner += f", {sql} AS {short}"


def adopted_rows(undo: UndoInput, action: Action) -> str:
    """Numbers of the sync records that get the baseline again that they had before they were adopted, or unlinked; with
    the number of the sync record that is the other half of one (half)."""
    return (
        f"SELECT u.record_id, any_value(h.record_id) AS half FROM {undo_table(undo)} u "
        f"JOIN {earlier_table(undo.layout)} e ON e.record_id = u.record_id "
        f"LEFT JOIN {peer_table(undo.layout)} h ON h.b_id = u.b_id AND h.record_id <> u.record_id "
        f"WHERE u.side IS NULL AND u.action = {action:d} AND u.reason IS NULL AND NOT u.excluded "
        "GROUP BY u.record_id, u.number ORDER BY u.number"
    )


def unlinked_rows(undo: UndoInput) -> str:
    """The pairs that are unlinked: record_id, a_id, b_id and the digests that they have."""
    return (
        f"SELECT record_id, a_id, b_id, base_a AS a_digest, base_b AS b_digest FROM {undo_table(undo)} "
        f"WHERE side IS NULL AND action = {Action.UNLINK:d} AND reason IS NULL AND NOT excluded ORDER BY number"
    )


def exclude(bench: Workbench, undo: UndoInput, numbers: Sequence[int], excluded: bool) -> None:
    """Rows with these numbers do, or do not, take part."""
    marks = ", ".join(str(int(number)) for number in numbers) or "NULL"
    bench.execute(f"UPDATE {undo_table(undo)} SET excluded = {str(excluded).lower()} WHERE number IN ({marks})")


def count_rows(bench: Workbench, undo: UndoInput, *, only_listed: bool | None = None) -> int:
    return bench.number(f"SELECT count(*) FROM {undo_table(undo)} WHERE {_listed(only_listed)}")


def page(
    bench: Workbench, undo: UndoInput, offset: int, limit: int, *, only_listed: bool | None = None
) -> list[UndoRow]:
    """Rows from `offset`, at most `limit`. `only_listed`: those that cannot be undone, or just those that can."""
    heads = bench.rows(
        "SELECT number, side, action, record_id, a_id, b_id, reason, excluded, first_n, last_n "
        f"FROM {undo_table(undo)} WHERE {_listed(only_listed)} ORDER BY number LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    fields: dict[int, tuple[FieldChange, ...]] = {}
    for side in Side:
        numbers = [int(str(row[0])) for row in heads if row[1] == side.value]
        if numbers:
            fields |= _fields(bench, undo, side, numbers)
    return [
        UndoRow(
            int(str(row[0])),
            undo.layout.entity.name,
            None if row[1] is None else Side(str(row[1])),
            Action(int(str(row[2]))),
            int(str(row[3])),
            None if row[4] is None else str(row[4]),
            None if row[5] is None else str(row[5]),
            str(row[6] or ""),
            bool(row[7]),
            fields.get(int(str(row[0])), ()),
        )
        for row in heads
    ]


def _listed(only_listed: bool | None) -> str:
    return "true" if only_listed is None else f"reason IS {'NOT ' if only_listed else ''}NULL"


def _fields(
    bench: Workbench, undo: UndoInput, side: Side, numbers: Sequence[int]
) -> dict[int, tuple[FieldChange, ...]]:
    written, layout = undo.sides[side], undo.layout
    restored = set(restored_numbers(bench, written, side))
    shown = sorted(set(written.before) | set(written.after))
    names = [f"t.f{i}, f.p{i}, coalesce(f.shape IN ({_shapes(written.before, i)}), false)" for i in shown]
    marks = ", ".join(str(number) for number in numbers)
    rows = bench.rows(
        f"SELECT u.number, u.action{''.join(', ' + name for name in names)} FROM {undo_table(undo)} u "
        f"JOIN {wrote_table(layout, side)} f ON f.n = u.first_n "
        f"LEFT JOIN {now_table(layout, side)} t ON t.rid = u.{side.value}_id WHERE u.number IN ({marks})"
    )
    masked = {mapping.field_of(side) for mapping in layout.entity.fields if mapping.masked}
    return {
        int(str(row[0])): tuple(
            _change(
                written.names[i],
                row[2 + 3 * place : 5 + 3 * place],
                Action(int(str(row[1]))),
                side,
                restored,
                i,
                masked,
            )
            for place, i in enumerate(shown)
        )
        for row in rows
    }


def _change(
    name: str,
    values: Sequence[object],
    action: Action,
    side: Side,
    restored: set[int],
    number: int,
    masked: set[str],
) -> FieldChange:
    now = None if values[0] is None else str(values[0])
    earlier = None if values[1] is None else str(values[1])
    is_written = action is create(side) or (number in restored and bool(values[2]))
    after = None if action is delete(side) else earlier if is_written else now
    differs = now != after
    if name in masked:
        now, after = (None if value is None else "•••" for value in (now, after))
    return FieldChange(name, before=now, after=after, differs=differs)


def _shapes(held: dict[int, set[int]], number: int) -> str:
    return ", ".join(str(shape) for shape in sorted(held.get(number, ()))) or "NULL"
