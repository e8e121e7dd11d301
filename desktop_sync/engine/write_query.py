"""What the plan writes, streamed in batches: target values, expected values, history and digests, side by side.

The columns of a batch are those of `engine.write_columns`.
"""

from __future__ import annotations

from collections.abc import Sequence

from desktop_sync.core.configuration import FirstContactRule, NullPolicy, Side
from desktop_sync.core.decision import Action, Rule, create, delete, update
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import TEXT, ValueType, literal, record_id_sql, typed_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Column, Layout, Sending
from desktop_sync.engine.matching import evidence_sql
from desktop_sync.engine.origin_query import (
    field_stamp_sql,
    field_winners,
    judges_fields,
    origin_table,
    stamped_columns,
    stored_digest,
    value_digest_sql,
)
from desktop_sync.engine.plan_input import PlanInput, pair_table, plan_table
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.write_columns import HEAD, WriteQuery, WrittenStamp


def write_query(given: PlanInput, action: Action) -> WriteQuery:
    """The query of one writing action of an entity's plan; rows whose exclusion was set are left out."""
    if action.target is None:
        raise ValueError(f"{action.name} writes nothing")
    return WriteBuilder(given, action.target, action).query()


class WriteBuilder:
    """Makes the query of an action. `sets_fields`: fields are set, and nothing comes from the other side's record."""

    def __init__(self, given: PlanInput, target: Side, action: Action) -> None:
        self.given = given
        self.layout: Layout = given.layout
        self.target = target
        self.source = target.other
        self.action = action
        self.to = self.layout.of(target)
        self.operation = {
            create(target): Operation.CREATE,
            update(target): Operation.UPDATE,
            delete(target): Operation.DELETE,
        }.get(action, Operation.UPDATE)
        self.sets_fields = action in (Action.MARK_A, Action.MARK_B)

    def query(self) -> WriteQuery:
        written = self._written()
        current = {} if self.operation is Operation.CREATE else {c.name: f"t.{c.raw}" for c in self.to.columns}
        written = [self._as_stored(*one) for one in written]
        values = [f"{value} AS x_v{i}" for i, (_, _, value) in enumerate(written)]
        checked = [] if self.operation is Operation.CREATE else list(self.to.guarded)
        expected = [f"{seen} AS x_e{i}" for i, seen in enumerate(self._seen(checked))]
        after = self._after(written, current)
        history = self._history(written, after)
        told, told_again = _each_once([*((name, sql) for _, name, sql in history), *after])
        stamped = self._stamped()
        inner = (
            f"SELECT p.number AS x_number, p.record_id AS x_record_id, "
            f"CAST({self.action:d} AS TINYINT) AS x_action, p.rule AS x_rule, "
            f"p.a_id AS x_a_id, p.b_id AS x_b_id, p.attempts AS x_attempts, p.deleted_in AS x_deleted_in, "
            f"p.status AS x_status, {self._is_first('p.is_fill')} AS x_is_fill, "
            f"{self._is_first('NOT p.is_fill')} AS x_is_merge, "
            f"{self._source_digest()} AS x_source_digest, q.a_digest AS x_base_a, "
            f"q.b_digest AS x_base_b, {self._unresolved(is_later=False)} AS x_unresolved, "
            f"{self._unresolved(is_later=True)} AS x_deferred, "
            f"{', '.join([*values, *expected, *told, *stamped.values()])} "
            f"{self._from()}"
        )
        if told_again:
            inner = f"SELECT *, {', '.join(told_again)} FROM ({inner})"
        names = [f"x_v{i}" for i in range(len(values))] + [f"x_e{i}" for i in range(len(expected))]
        names += [name for _, name, _ in history]
        names += [f"x_f{column.place}" for column in stamped]
        names += [f"{value_digest_sql(self.to, column)} AS {stored_digest(column)}" for column in stamped]
        digest, staged = self._measured(f"({inner})", written, is_staged=bool(stamped))
        sql = f"SELECT {', '.join([HEAD, *names])}, {digest} AS x_digest, rid AS x_target_id FROM ({staged})"
        return WriteQuery(
            self.target,
            self.action,
            self.operation,
            sql,
            tuple(name for name, _, _ in written),
            tuple(column.name for column in checked),
            tuple((label, name) for label, name, _ in history),
            self._must_read_back({name for name, _, _ in written}),
            tuple(WrittenStamp(c.name, stored_digest(c), f"x_f{c.place}") for c in stamped),
        )

    def _seen(self, columns: Sequence[Column]) -> list[str]:
        """What the plan saw in these columns of the target's record."""
        return [f"t.{column.raw}" for column in columns]

    def _measured(self, inner: str, written: list[tuple[str, ValueType, str]], *, is_staged: bool) -> tuple[str, str]:
        """The target's digest after the write as SQL, and the statement, with rid, to select it from. `is_staged`: the
        target's values are wanted too."""
        staging = self.given.read_of(self.target).staging
        is_deleted = self.operation is Operation.DELETE
        if not is_deleted and not self._is_digest_passed_on(written):
            return "digest", staging.measure(inner, is_matched=False, is_judged=False)
        digest = "CAST(NULL AS BLOB)" if is_deleted else "x_source_digest"
        if is_staged:
            return digest, staging.select(inner, is_judged=False)
        return digest, f"SELECT *, {record_id_sql([column.raw for column in self.to.key])} AS rid FROM {inner}"

    def _written(self) -> list[tuple[str, ValueType, str]]:
        """(target field, type, SQL) of everything that is written, each field once."""
        if self.operation is Operation.DELETE:
            return []
        if self.sets_fields:
            return self._set()
        rows: dict[str, tuple[str, ValueType, str]] = {}
        for sending in self.layout.of(self.source).sendings:
            if sending.mapping.only_new and self.operation is not Operation.CREATE:
                continue
            value = self._value(sending)
            if self.operation is Operation.UPDATE:
                value = self._kept_or(value, sending)
            rows.setdefault(sending.target, (sending.target, sending.kind, value))
        return list(rows.values())

    def _set(self) -> list[tuple[str, ValueType, str]]:
        """(field, type, SQL) of the fields that are set: the mark."""
        mark = self.layout.entity.mark.of(self.source)
        column = self.to.column(mark.field)
        return [(mark.field, column.kind, typed_sql(literal(mark.value), column.kind))]

    def _as_stored(self, name: str, kind: ValueType, value: str) -> tuple[str, ValueType, str]:
        """A system without types gets plain text."""
        declared = self.to.structure.field(name)
        if declared is None or declared.is_typed or kind.type is FieldType.TEXT:
            return name, kind, value
        return name, TEXT, self._text(f"({value})", kind)

    def _text(self, value: str, kind: ValueType) -> str:
        return self.given.read_of(self.target).staging.text(value, kind)

    def _value(self, sending: Sending) -> str:
        if not sending.mapping.lookup:
            return f"s.{sending.name}"
        return typed_sql(f"l{sending.index}.{self.target.value}_id", sending.kind)

    def _kept_or(self, value: str, sending: Sending) -> str:
        """Where the target is left as it is, its current value is written again."""
        is_left = self._is_left(value, sending)
        current = f"t.{self.to.column(sending.target).typed}"
        return f"CASE WHEN {is_left} THEN {current} ELSE {value} END" if is_left else value

    def _is_left(self, value: str, sending: Sending) -> str:
        """Whether the mapping, a fill or a merge leaves the target's field as it is; empty where nothing can."""
        reasons = []
        if self.layout.entity.first_contact is FirstContactRule.FILL_EMPTY:
            current = self._text(f"t.{self.to.column(sending.target).typed}", sending.kind)
            reasons.append(f"(p.is_fill AND NOT (nullif({current}, '') IS NULL))")
        if sending.mapping.null is NullPolicy.LEAVE:
            reasons.append(f"({value}) IS NULL")
        if self._has_winners():
            reasons.append(f"coalesce(w.w{sending.index} = '{self.target.value}', false)")
        return " OR ".join(reasons)

    def _has_winners(self) -> bool:
        return self.given.has_origins and judges_fields(self.layout) and self.operation is Operation.UPDATE

    def _is_first(self, kind: str) -> str:
        """Whether the other side follows a write of this kind."""
        return f"coalesce(p.writes_both AND {kind}, false)" if self.operation is Operation.UPDATE else "false"

    def _stamped(self) -> dict[Column, str]:
        """For each written column with stamps, the stamp of its value after the write as SQL with its name."""
        if not self.given.has_origins or self.operation is Operation.DELETE or self.sets_fields:
            return {}
        columns = {column.name: column for column in stamped_columns(self.layout, self.target)}
        stamped: dict[Column, str] = {}
        for sending in self.layout.of(self.source).sendings:
            column = columns.get(sending.target)
            is_skipped = sending.mapping.only_new and self.operation is not Operation.CREATE
            if column is None or column in stamped or is_skipped:
                continue
            stamp = field_stamp_sql(self.layout, self.source, sending.index, "os")
            if self.operation is Operation.UPDATE:
                is_left = self._is_left(self._value(sending), sending)
                stamp = f"CASE WHEN {is_left} THEN ot.f{column.place} ELSE {stamp} END" if is_left else stamp
            stamped[column] = f"{stamp} AS x_f{column.place}"
        return stamped

    def _after(self, written: list[tuple[str, ValueType, str]], current: dict[str, str]) -> list[tuple[str, str]]:
        """The target's record after the write, in the columns that reading it would give: (name, SQL) of each."""
        texts = self.given.read_of(self.target).staging.texts
        sent = {name: (kind, f"x_v{i}") for i, (name, kind, _) in enumerate(written)}
        columns = []
        for column in self.to.columns:
            if column.name in sent:
                kind, value = sent[column.name]
                sql = self._text(value, kind) if column.place in texts else f"CAST({value} AS {column.kind.sql})"
            elif column.name in current:
                sql = current[column.name]
            elif column.place in texts:
                sql = "CAST(NULL AS VARCHAR)"
            else:
                sql = f"CAST(NULL AS {column.kind.sql})"
            columns.append((column.raw, sql))
        return columns

    def _history(
        self, written: list[tuple[str, ValueType, str]], after: list[tuple[str, str]]
    ) -> list[tuple[str, str, str]]:
        """(batch column, x_ name, SQL): what both sides hold afterwards, and what the target held."""
        rows: list[tuple[str, str, str]] = []
        passed = self._passed_on(written)
        fields = self.layout.entity.fields
        for side in Side:
            names = dict.fromkeys(m.field_of(side) for m in fields if m.field_of(side))
            if side is self.target:
                names |= dict.fromkeys(name for name, _, _ in written)
            for i, name in enumerate(names):
                column = self.layout.of(side).column(name)
                label, short = f"{side.value}:{name}", f"x_h{side.value}{i}"
                if side is self.source:
                    if self.operation is Operation.DELETE or self.sets_fields:
                        continue
                    value = passed.get(name, f"s.{column.typed}")
                    rows.append((label, short, self._text(value, column.kind)))
                else:
                    if self.operation is not Operation.DELETE:
                        rows.append((label, short, self._after_text(column, after)))
                    if self.operation is not Operation.CREATE:
                        rows.append((f"before:{name}", f"x_hp{i}", self._before_text(column)))
        if self.operation is Operation.UPDATE and not self.sets_fields:
            rows.append(("evidence", "x_evidence", evidence_sql(self.layout, "p")))
        return rows

    def _passed_on(self, written: list[tuple[str, ValueType, str]]) -> dict[str, str]:
        """Source fields whose value is written as it is, and the column that it is written from: as text, the two
        sides' values are one then."""
        staging = self.given.read_of(self.source).staging
        sent = {s.name: s for s in self.layout.of(self.source).sendings if staging.is_sent_as_it_is(s)}
        passed = {}
        for i, (_, kind, value) in enumerate(written):
            sending = sent.get(value.removeprefix("s."))
            if sending is not None and sending.column is not None and kind == sending.column.kind:
                passed[sending.column.name] = f"x_v{i}"
        return passed

    def _is_digest_passed_on(self, written: list[tuple[str, ValueType, str]]) -> bool:
        """Whether the target's digest is that of the source: both are over the same values, each of which the target
        gets as it is and would send back as it is."""
        if self.sets_fields:
            return False
        source, target = (self.given.read_of(side).staging for side in (self.source, self.target))
        mine, theirs = (
            [sending for sending in staging.side.sendings if not sending.mapping.only_new]
            for staging in (source, target)
        )
        return (
            bool(mine)
            and [one.index for one in mine] == [one.index for one in theirs]
            and all(
                source.is_sent_as_it_is(one)
                and target.is_sent_as_it_is(back)
                and back.column == self.to.column(one.target)
                and (one.target, one.kind, f"s.{one.name}") in written
                for one, back in zip(mine, theirs, strict=True)
            )
        )

    def _after_text(self, column: Column, after: list[tuple[str, str]]) -> str:
        sql = after[column.place][1]
        if column.place in self.given.read_of(self.target).staging.texts or column.kind.type is FieldType.TEXT:
            return sql
        return self._text(f"({sql})", column.kind)

    def _before_text(self, column: Column) -> str:
        """What the target held, so that it can be written back as it was: a text with every zero and blank of it."""
        if column.place in self.given.read_of(self.target).staging.texts:
            return f"t.{column.raw}"
        return f"coalesce({self._text(f't.{column.typed}', column.kind)}, CAST(t.{column.raw} AS VARCHAR))"

    def _source_digest(self) -> str:
        if self.operation is Operation.DELETE or self.sets_fields:
            return "CAST(NULL AS BLOB)"
        return "s.read_digest"

    def _unresolved(self, *, is_later: bool) -> str:
        """Names of references whose record has no counterpart; null when all have. `is_later`: those to entities that
        come later."""
        if self.operation is Operation.DELETE or self.sets_fields:
            return "CAST(NULL AS VARCHAR)"
        cases = [
            f"CASE WHEN nullif(s.{s.name}, '') IS NOT NULL AND l{s.index}.{self.target.value}_id IS NULL "
            f"THEN {literal(s.mapping.field_of(self.source))} END"
            for s in self.layout.of(self.source).sendings
            if s.mapping.lookup and self.given.comes_later(s.mapping.lookup) == is_later
        ]
        return f"concat_ws(', ', {', '.join(cases)})" if cases else "CAST(NULL AS VARCHAR)"

    def _from(self) -> str:
        layout, given = self.layout, self.given
        me = {Side.A: "a", Side.B: "b"}
        source, target = me[self.source], me[self.target]
        joins = [f"LEFT JOIN {peer_table(layout)} q ON q.record_id = p.record_id"]
        if self.operation is not Operation.DELETE and not self.sets_fields:
            joins.append(f"JOIN ({self._select(self.source)}) s ON s.rid = p.{source}_id")
            for sending in layout.of(self.source).sendings:
                if sending.mapping.lookup:
                    pairs = pair_table(given.lookups[sending.mapping.lookup])
                    joins.append(
                        f"LEFT JOIN {pairs} l{sending.index} ON l{sending.index}.{source}_id = s.{sending.name}"
                    )
        if self.operation is not Operation.CREATE:
            joins.append(f"JOIN ({self._select(self.target)}) t ON t.rid = p.{target}_id")
        if given.has_origins:
            for alias, side in (("os", self.source), ("ot", self.target)):
                joins.append(f"LEFT JOIN {origin_table(layout, side)} {alias} ON {alias}.rid = p.{side.value}_id")
        if self._has_winners():
            merged = f"p.rule = {Rule.MERGED:d}"
            joins.append(f"LEFT JOIN {field_winners(layout)} w ON w.a_rid = p.a_id AND w.b_rid = p.b_id AND {merged}")
        joins += self._beside()
        return f"FROM {plan_table(layout)} p {' '.join(joins)} WHERE {self._which()} AND NOT p.excluded"

    def _beside(self) -> list[str]:
        """Further joins of the rows."""
        return []

    def _which(self) -> str:
        """Which rows of the plan are written."""
        return f"p.action = {self.action:d}"

    def _select(self, side: Side) -> str:
        read = self.given.read_of(side)
        raws = [column.raw for column in self.layout.of(side).columns]
        names = ["rid", "read_digest", *raws, *read.staging.values()]
        return f"SELECT {', '.join(names)} FROM ({kept_values(read, ['digest AS read_digest'])})"

    def _must_read_back(self, written: set[str]) -> bool:
        """Whether the target's digest needs what the write does not tell: a field that a create does not fill."""
        if self.to.made:
            return True  # only the plugin knows what it makes of what stands there now
        if self.operation is not Operation.CREATE:
            return False
        needed = {s.column.name for s in self.to.sendings if s.column is not None and not s.mapping.only_new}
        for sending in self.to.sendings:
            if sending.expression is not None:
                needed |= sending.expression.fields
        for step in self.to.steps:
            if step.compiled is not None:
                needed |= {name for name in step.compiled.fields if name in self.to.fields}
        if not self.to.sendings:
            needed = {m.field_of(self.target) for m in self.layout.entity.fields if m.field_of(self.target)}
        return bool(needed - written)


def _each_once(columns: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Columns (name, SQL) with each SQL computed once: those to select, and those that repeat one of them, to be
    selected around them. The session shares no common parts of expressions."""
    names: dict[str, str] = {}
    first, again = [], []
    for name, sql in columns:
        if sql in names:
            again.append(f"{names[sql]} AS {name}")
        else:
            names[sql] = name
            first.append(f"{sql} AS {name}")
    return first, again
