"""References that go round, in an undo: emptied before their records are deleted, and written after these were created.

As in a run (`engine.emptied_references`, create-then-link). Tables of a side: `emptied_<side>_<n>` and
`deferred_<side>_<n>`, with record_id and, for each number of a field with such a reference, e<number>: whether the
record's own is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.status import Status
from desktop_sync.engine.emptied_references import emptied_table
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.undo_input import UndoInput, now_table, wrote_table
from desktop_sync.engine.undo_plan import undo_table
from desktop_sync.engine.undo_write import UndoBuilder, UndoQuery
from desktop_sync.engine.workbench import Workbench


def deferred_table(layout: Layout, side: Side) -> str:
    return f"deferred_{side.value}_{layout.number}"


def find_emptied(bench: Workbench, undo: UndoInput, side: Side, undos: Mapping[str, UndoInput]) -> bool:
    """The table has the references of the side that must be empty so that the undo's deletes can be carried out;
    whether there are any. `undos` are those of all entities, by name."""
    now = f"JOIN {now_table(undo.layout, side)} t ON t.rid = u.{side.value}_id"
    texts = {number: f"t.f{number}" for number in _going_round(undo, side, undos)}
    return _find(bench, undo, side, undos, delete(side), emptied_table(undo.layout, side), now, texts)


def find_deferred(bench: Workbench, undo: UndoInput, side: Side, undos: Mapping[str, UndoInput]) -> bool:
    """The table has the references of the side that can be written only after the undo's creates; whether there are
    any."""
    wrote = wrote_table(undo.layout, side)
    joins = f"JOIN {wrote} f ON f.n = u.first_n JOIN {wrote} l ON l.n = u.last_n"
    builder = UndoBuilder(bench, undo, side, create(side), None)
    texts = {number: builder.brought_back(number) for number in _going_round(undo, side, undos)}
    return _find(bench, undo, side, undos, create(side), deferred_table(undo.layout, side), joins, texts)


def _find(
    bench: Workbench,
    undo: UndoInput,
    side: Side,
    undos: Mapping[str, UndoInput],
    action: Action,
    table: str,
    joins: str,
    texts: Mapping[int, str],
) -> bool:
    """The table has the records with the action that refer, by one of these texts, to another one with the action."""
    written, me, found = undo.sides[side], side.value, list[str]()
    for number, parent in _going_round(undo, side, undos).items():
        inner = f"SELECT u.record_id, u.{me}_id AS rid, {texts[number]} AS text FROM {undo_table(undo)} u {joins}"
        refers = f"{written.compared(f'd.{me}_id', number)} = {written.compared('m.text', number)}"
        is_other = f" AND d.{me}_id <> m.rid" if parent.layout.number == undo.layout.number else ""
        found.append(
            f"SELECT m.record_id, {number} AS place FROM ({inner} WHERE {_rows('u', side, action)}) m "
            f"JOIN {undo_table(parent)} d ON {refers} WHERE {_rows('d', side, action)}{is_other}"
        )
    if not found or undo.travels:
        return False
    each = ", ".join(f"bool_or(place = {number}) AS e{number}" for number in texts)
    places = " UNION ALL ".join(found)
    bench.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT record_id, {each} FROM ({places}) GROUP BY record_id")
    return bench.has_rows(table)


def _rows(alias: str, side: Side, action: Action) -> str:
    takes_part = f"{alias}.reason IS NULL AND NOT {alias}.excluded"
    return f"{alias}.side = '{side.value}' AND {alias}.action = {action:d} AND {takes_part}"


def _going_round(undo: UndoInput, side: Side, undos: Mapping[str, UndoInput]) -> dict[int, UndoInput]:
    """Fields with references that the order of entities does not take care of and that may be empty, and what they
    refer to, where the undo is about that."""
    written, found = undo.sides[side], {}
    keys = {column.name for column in written.own.key}
    for mapping in undo.layout.entity.fields:
        field, parent = written.own.structure.field(mapping.field_of(side)), undos.get(mapping.lookup)
        if field is None or parent is None or parent.layout.number < undo.layout.number:
            continue
        if field.nullable and not field.is_computed and field.name not in keys:
            found[written.names.index(field.name)] = parent
    return found


def keep_emptied(bench: Workbench, undo: UndoInput, side: Side, written: Sequence[int]) -> None:
    """The references of the sync records that were `written` are empty, as those that follow see them; records whose
    references are not are not deleted."""
    emptied, me = emptied_table(undo.layout, side), side.value
    done = ", ".join(str(one) for one in written) or "NULL"
    left = f"SELECT record_id FROM {emptied} WHERE NOT coalesce(record_id IN ({done}), false)"
    bench.execute(
        f"UPDATE {undo_table(undo)} SET excluded = true WHERE side = '{me}' AND action = {delete(side):d} "
        f"AND record_id IN ({left})"
    )
    for number in _numbers(bench, emptied):
        raw = undo.sides[side].raw(undo.sides[side].names[number])
        ids = f"SELECT u.{me}_id FROM {undo_table(undo)} u JOIN {emptied} x USING (record_id) WHERE x.e{number}"
        bench.execute(
            f"UPDATE {now_table(undo.layout, side)} SET f{number} = NULL, {raw} = NULL WHERE rid IN "
            f"({ids} AND u.side = '{me}' AND u.record_id IN ({done}))"
        )


def deferred_ids(bench: Workbench, undo: UndoInput, side: Side) -> list[str]:
    """The ids of the records whose references are to be written after the creates."""
    me = side.value
    rows = bench.rows(
        f"SELECT u.{me}_id FROM {undo_table(undo)} u JOIN {deferred_table(undo.layout, side)} x USING (record_id) "
        f"WHERE {_rows('u', side, create(side))} ORDER BY u.number"
    )
    return [str(row[0]) for row in rows]


def _numbers(bench: Workbench, table: str) -> tuple[int, ...]:
    columns = bench.rows("SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY 1", [table])
    return tuple(int(str(row[0])[1:]) for row in columns if str(row[0]) != "record_id")


def emptying_query(bench: Workbench, undo: UndoInput, side: Side) -> UndoQuery:
    """The query of the updates that empty the references; needs `find_emptied`. The sync records stand as before."""
    return _Emptying(bench, undo, side, update(side), None).query()


def creating_query(bench: Workbench, undo: UndoInput, side: Side, stamped_us: int | None) -> UndoQuery:
    """The query of the creates without the references that follow; needs `find_deferred`. Until they did, the other
    side's record counts as changed, so that the next run writes them if this one dies."""
    return _Creating(bench, undo, side, create(side), stamped_us).query()


def linking_query(bench: Workbench, undo: UndoInput, side: Side) -> UndoQuery:
    """The query of the updates that write these references; the records as they were created are in the now table."""
    return _Linking(bench, undo, side, update(side), None).query()


class _Round(UndoBuilder):
    """Queries beside one of the tables."""

    def _table(self) -> str:
        return deferred_table(self.undo.layout, self.side)

    def _flagged(self) -> tuple[int, ...]:
        return _numbers(self.bench, self._table())

    def _beside(self) -> str:
        return f"JOIN {self._table()} x ON x.record_id = u.record_id "


class _Emptying(_Round):
    def _table(self) -> str:
        return emptied_table(self.undo.layout, self.side)

    def _restored(self) -> tuple[int, ...]:
        return self._flagged()

    def _restored_text(self, number: int) -> str:
        return f"CASE WHEN NOT x.e{number} THEN t.f{number} END"

    def _head(self) -> dict[str, str]:
        stands = {"x_status_after": "q.status", "x_deleted_in_after": "q.deleted_in"}
        return super()._head() | stands | {"x_action": f"CAST({self.action:d} AS TINYINT)"}

    def _beside(self) -> str:
        return f"{super()._beside()}JOIN {peer_table(self.undo.layout)} q ON q.record_id = u.record_id "

    def _planned(self) -> int:
        return delete(self.side)


class _Creating(_Round):
    def _restored_text(self, number: int) -> str:
        text = super()._restored_text(number)
        return f"CASE WHEN NOT coalesce(x.e{number}, false) THEN {text} END" if number in self._flagged() else text

    def _head(self) -> dict[str, str]:
        head, base = super()._head(), f"x_base_{self.side.other.value}"
        waits = f"x.record_id IS NOT NULL AND u.status_after = {Status.PROCESSED:d}"
        return head | {
            base: f"CASE WHEN NOT coalesce({waits}, false) THEN {head[base]} END",
            "x_status_after": f"CASE WHEN {waits} THEN {Status.PREPARED:d} ELSE u.status_after END",
        }

    def _beside(self) -> str:
        return f"LEFT {super()._beside()}"


class _Linking(_Round):
    def _restored(self) -> tuple[int, ...]:
        return self._flagged()

    def _restored_text(self, number: int) -> str:
        return f"CASE WHEN x.e{number} THEN {self.brought_back(number)} ELSE t.f{number} END"

    def _head(self) -> dict[str, str]:
        return super()._head() | {"x_action": f"CAST({self.action:d} AS TINYINT)"}

    def _planned(self) -> int:
        return create(self.side)
