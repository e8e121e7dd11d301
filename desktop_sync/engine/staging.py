"""From the columns that an endpoint gave to typed values, sent values, problems, filter and digests, as one SELECT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import FieldMapping, NullPolicy, UnknownChoice
from desktop_sync.core.configuration import StepKind as PipelineStepKind
from desktop_sync.core.errors import BugError
from desktop_sync.core.normal_form import Step, StepKind
from desktop_sync.core.pipeline import SENT
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import (
    SEPARATOR,
    TEXT,
    ValueType,
    canonical_sql,
    convert_sql,
    digest_sql,
    literal,
    parsed_sql,
    plain_text_sql,
    record_id_sql,
    typed_sql,
)
from desktop_sync.engine.expression import Compiled
from desktop_sync.engine.layout import Column, Comparison, Layout, Sending, SideLayout
from desktop_sync.engine.normal_sql import comparable_sql, normal_sql
from desktop_sync.engine.parents import is_translated, translated_sql

Compared = tuple[str, ValueType, tuple[Step, ...]]
"""A column, its type, and the steps of its normal form."""

PROBLEM_SEPARATOR = "\x1f"
"""Between the field's name and what is wrong with it, in the problem column."""


@dataclass(frozen=True, slots=True)
class Staging:
    """SQL over one side. `texts` are the places of columns that came as text. `is_for_few`: it suits few records."""

    layout: Layout
    side: SideLayout
    texts: frozenset[int]
    is_for_few: bool = False

    def select(self, source: str, *, is_judged: bool = True) -> str:
        """A SELECT over `source` (columns r0, r1 …): all its columns, then rid, t…, o…, and where it `is_judged`
        problem and in_filter.

        Every value is computed once, in a level of its own: the session shares no common parts of expressions.
        """
        side = self.side
        typed = [f"{self._typed(column)} AS {column.typed}" for column in side.columns]
        rid = f"{record_id_sql([column.raw for column in side.key])} AS rid"
        one = f"SELECT *, {', '.join([rid, *typed])} FROM {source}"
        wrapped = [f"{self._wrapped(s.expression)} AS w{s.index}" for s in side.sendings if s.expression is not None]
        if side.condition is not None:
            wrapped.append(f"{side.condition.wrapped_sql(self._argument)} AS wf")
        wrapped += [column for step in side.early_steps for added, _ in step.levels(self._argument) for column in added]
        two = f"SELECT *, {', '.join(wrapped)} FROM ({one})" if wrapped else one
        bare = [f"{self._base(s)[0]} AS b{s.index}" for s in side.sendings if self._bare(s) == f"b{s.index}"]
        three = f"SELECT *, {', '.join(bare)} FROM ({two})" if bare else two
        sent = [f"{self._sent(s)} AS {s.name}" for s in side.sendings]
        four = f"SELECT *, {', '.join(sent)} FROM ({three})" if sent else three
        if not is_judged and not side.steps:
            return four
        if not side.steps:
            return f"SELECT *, {self._mapping_problem()} AS problem, {self._in_filter()} AS in_filter FROM ({four})"
        five = f"SELECT *, {self._problem()} AS problem FROM ({self._with_steps(four)})"
        return f"SELECT *, {self._in_filter()} AS in_filter FROM ({five})"

    def _with_steps(self, mapped: str) -> str:
        """The levels of the user's own steps; what is wrong with the mapped values is `pm`, before any is replaced."""
        levels = f"SELECT *, {self._mapping_problem()} AS pm FROM ({mapped})"
        for step in self.side.late_steps:
            for added, replaced in step.levels(self._argument):
                kept = ", ".join(f"{sql} AS {name}" for name, sql in replaced)
                star = f"* REPLACE ({kept})" if kept else "*"
                levels = f"SELECT {', '.join([star, *added])} FROM ({levels})"
        return levels

    def measure(self, source: str, *, is_matched: bool = True, is_judged: bool = True) -> str:
        """`select` with the columns digest and match_key (null where an identifying value is empty, or where records
        are not to be matched) added."""
        digested, matched = self._digested(), self._matched() if is_matched else []
        values = list(dict.fromkeys([*digested, *matched]))
        inner = self.select(source, is_judged=is_judged)
        if is_matched:
            inner = self._translated(inner)
        inner, normal = _level(inner, "u", {value: self.normal(*value) for value in values}, {v: v[0] for v in values})
        inner, texts = _level(inner, "n", {value: self._canonical(normal[value], value[1]) for value in values}, normal)
        match_key = _match_key([(normal[value], texts[value]) for value in matched], [value[1] for value in matched])
        digest = digest_sql([texts[value] for value in digested])
        return f"SELECT *, {digest} AS digest, {match_key} AS match_key FROM ({inner})"

    def values(self) -> list[str]:
        """The columns of `select` with typed and sent values."""
        return [column.typed for column in self.side.columns] + [sending.name for sending in self.side.sendings]

    def match_values(self) -> list[str]:
        """Canonical texts of the identifying fields, comparable with those of the other side, in priority order."""
        inline = {f"k{c.index}": translated_sql(self.layout, c, f"o{c.index}") for c in self._translations()}
        return [comparable_sql(inline.get(name, name), kind, steps) for name, kind, steps in self._matched()]

    def normal(self, value: str, kind: ValueType, steps: Iterable[Step]) -> str:
        """The value in normal form."""
        return normal_sql(value, kind, steps, looks_first=not self.is_for_few)

    def _canonical(self, value: str, kind: ValueType) -> str:
        return canonical_sql(value, kind, is_for_few=self.is_for_few)

    def text(self, value: str, kind: ValueType) -> str:
        """The value as plain text."""
        return plain_text_sql(value, kind, is_for_few=self.is_for_few)

    def _digested(self) -> list[Compared]:
        """What the side sends; its plain mapped fields if it sends nothing.

        A lookup counts by the reference as it stands here, so that peers of other entities do not move it.
        """
        values: list[Compared] = [
            (sending.name, sent_type(sending), self.layout.steps[sending.index])
            for sending in self.side.sendings
            if not sending.mapping.only_new
        ]
        return values or [
            (column.typed, column.kind, ())
            for column in self.side.columns
            if any(mapping.field_of(self.side.side) == column.name for mapping in self.layout.entity.fields)
        ]

    def _matched(self) -> list[Compared]:
        values: list[Compared] = []
        for comparison in self.layout.identifying:
            is_sent = comparison.sender is self.side.side
            value = f"o{comparison.index}" if is_sent else comparison.column.typed
            if is_translated(self.layout, comparison):
                text = f"k{comparison.index}" if is_sent else plain_text_sql(value, comparison.column.kind)
                values.append((text, TEXT, ()))
            else:
                values.append((value, comparison.kind, comparison.steps))
        return values

    def _translations(self) -> list[Comparison]:
        """The identifying references that this side's records are compared by as ids of the other side."""
        return [c for c in self.layout.identifying if c.sender is self.side.side and is_translated(self.layout, c)]

    def _translated(self, inner: str) -> str:
        """The statement with k…: identifying references as ids of the other side."""
        added = [f"{translated_sql(self.layout, c, f'o{c.index}')} AS k{c.index}" for c in self._translations()]
        return f"SELECT *, {', '.join(added)} FROM ({inner})" if added else inner

    def _is_parsed(self, column: Column) -> bool:
        return column.place in self.texts and column.kind.type is not FieldType.TEXT

    def _typed(self, column: Column) -> str:
        if self._is_parsed(column):
            return parsed_sql(column.raw, column.kind)
        if column.place in self.texts:
            return column.raw
        return f"TRY_CAST({column.raw} AS {column.kind.sql})"

    def _argument(self, name: str) -> str:
        if self.side.structure.field(name) is None and name.startswith(SENT):
            sending = next(s for s in self.side.sendings if s.target == name.removeprefix(SENT))
            kind = sent_type(sending)
            if kind.type is FieldType.DECIMAL and kind.scale <= 9:
                return f"TRY_CAST({sending.name} AS DECIMAL(18,6))"
            return sending.name
        column = self.side.column(name)
        if column.kind.type is FieldType.DECIMAL and column.kind.scale <= 9:
            # Narrow enough that products of two fields still have room in 38 digits.
            return f"TRY_CAST({column.typed} AS DECIMAL(18,6))"
        return column.typed

    def _wrapped(self, expression: Compiled) -> str:
        return expression.wrapped_sql(self._argument)

    def _base(self, sending: Sending) -> tuple[str, ValueType]:
        """The value before it takes the target's type, and its own type."""
        if sending.expression is not None:
            kind = ValueType(sending.expression.type or FieldType.TEXT)
            value = sending.expression.value_sql(f"w{sending.index}")
        elif sending.column is None:
            raise BugError(f"field mapping {sending.index} sends neither a field nor an expression")
        else:
            kind, value = sending.column.kind, sending.column.typed
        if sending.mapping.lookup:
            return plain_text_sql(value, kind), TEXT
        if sending.mapping.value_map:
            return _mapped_choice(plain_text_sql(value, kind), sending.mapping, self.side), TEXT
        return value, kind

    def _sent(self, sending: Sending) -> str:
        kind = self._base(sending)[1]
        name = self._bare(sending)
        target = sent_type(sending)
        value = convert_sql(name, kind, target, exact=sending.expression is not None)
        mapping = sending.mapping
        empty_counts = any(step.kind is StepKind.EMPTY_IS_EMPTY for step in self.layout.steps[sending.index])
        has_policy = mapping.null is not NullPolicy.WRITE or mapping.only_new
        if target.type is FieldType.TEXT and not empty_counts and has_policy:
            value = f"nullif({value}, '')"  # an empty text is no value, as in comparing
        if mapping.default is not None and (mapping.null is NullPolicy.DEFAULT or mapping.only_new):
            value = f"coalesce({value}, {typed_sql(literal(_default_of(mapping, self.side)), target)})"
        return value

    def _bare(self, sending: Sending) -> str:
        """The column with the value before it takes the target's type."""
        column = sending.column
        if column is not None and self._base(sending) == (column.typed, column.kind):
            return column.typed
        return f"b{sending.index}"

    def is_sent_as_it_is(self, sending: Sending) -> bool:
        """Whether what is sent is the field's value itself, whatever it is."""
        column = sending.column
        if column is None or self.side.late_steps or sending.mapping.lookup or sending.mapping.value_map:
            return False
        return self._bare(sending) == column.typed == self._sent(sending)

    def _problem(self) -> str:
        """What is wrong with the record, in the order of the steps: the first that stops it speaks."""
        early = [case for step in self.side.early_steps for case in step.stop_sql(PROBLEM_SEPARATOR)]
        late = [case for step in self.side.late_steps for case in step.stop_sql(PROBLEM_SEPARATOR)]
        return f"CASE {' '.join([*early, 'WHEN pm IS NOT NULL THEN pm', *late])} END"

    def _mapping_problem(self) -> str:
        cases = [
            f"WHEN {c.typed} IS NULL AND trim({c.raw}) <> '' THEN {self._misfit(c.name, c.raw, c.kind)}"
            for c in self.side.columns
            if self._is_parsed(c)
        ]
        for s in self.side.sendings:
            if s.expression is not None:
                text = f"the expression {s.expression.text} cannot be computed for this record"
                message = literal(s.target + PROBLEM_SEPARATOR + text)
                cases.append(f"WHEN {s.expression.failed_sql(f'w{s.index}')} THEN {message}")
            kind, bare = self._base(s)[1], self._bare(s)
            if s.mapping.value_map and s.mapping.unknown_choice is UnknownChoice.INVALID:
                known = plain_text_sql(s.column.typed, s.column.kind) if s.column else f"w{s.index}[1]"
                head = literal(s.target + PROBLEM_SEPARATOR)
                message = f"{head} || {self._shown(s.mapping, known)} || {literal(_NO_CHOICE)}"
                cases.append(f"WHEN nullif({known}, '') IS NOT NULL AND {bare} IS NULL THEN {message}")
            elif kind != sent_type(s):
                empty = f"nullif({bare}, '') IS NOT NULL" if kind is TEXT else f"{bare} IS NOT NULL"
                shown = plain_text_sql(bare, kind)
                message = self._misfit(s.target, shown, sent_type(s), s.mapping)
                cases.append(f"WHEN {empty} AND {s.name} IS NULL THEN {message}")
        return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"

    def _misfit(self, name: str, value: str, kind: ValueType, mapping: FieldMapping | None = None) -> str:
        word = _WANTED.get(kind.type, kind.type.value).format(scale=kind.scale)
        article = "an" if word[0] in "aeiou" else "a"
        masked = [m for m in self.layout.entity.fields if m.masked and m.field_of(self.side.side) == name]
        shown = self._shown(mapping or (masked[0] if masked else None), value)
        return f"{literal(name + PROBLEM_SEPARATOR)} || {shown} || {literal(f' is not {article} {word}')}"

    @staticmethod
    def _shown(mapping: FieldMapping | None, value: str) -> str:
        if mapping is not None and mapping.masked:
            return literal("the value")
        return f"chr(34) || left({value}, 60) || chr(34)"

    def _in_filter(self) -> str:
        condition = self.side.condition
        tests = [] if condition is None else [f"coalesce({condition.value_sql('wf')}, false)"]
        own = [step.passed_sql() for step in self.side.steps if step.step.kind is PipelineStepKind.FILTER]
        if own:
            # A record with a problem was stopped before it came to a filter that would leave it out.
            tests.append(f"(problem IS NOT NULL OR ({' AND '.join(own)}))")
        return " AND ".join(tests) or "true"


_WANTED = {
    FieldType.INTEGER: "whole number of 64 bits",
    FieldType.DECIMAL: "decimal with at most {scale} digits after the point",
}
_NO_CHOICE = " is not among the choices of the value map"


def _level(
    inner: str, letter: str, made: Mapping[Compared, str], columns: Mapping[Compared, str]
) -> tuple[str, dict[Compared, str]]:
    """The statement with what is made of the columns as new ones, and where each is then: a value that stays as it is
    has no second column, and where all do there is no level."""
    new = {value: f"{letter}{place}" for place, value in enumerate(made) if made[value] != columns[value]}
    added = [f"{made[value]} AS {name}" for value, name in new.items()]
    found = {value: new.get(value, columns[value]) for value in made}
    return f"SELECT *, {', '.join(added)} FROM ({inner})" if added else inner, found


def _match_key(columns: Sequence[tuple[str, str]], kinds: Sequence[ValueType]) -> str:
    """A number of 128 bits over identifying values (in normal form, and canonical); null where one of them is."""
    if not columns:
        return "NULL"
    if [kind.type for kind in kinds] == [FieldType.INTEGER]:  # it is a number already
        return f"CAST(CAST({columns[0][0]} AS HUGEINT) + 9223372036854775808 AS UHUGEINT)"
    known = " AND ".join(f"{text} IS NOT NULL" for _, text in columns)
    return f"CASE WHEN {known} THEN md5_number(concat({f', {SEPARATOR}, '.join(text for _, text in columns)})) END"


def sent_type(sending: Sending) -> ValueType:
    """The type of the sent value; a reference travels as the text of an id."""
    return TEXT if sending.mapping.lookup else sending.kind


def _mapped_choice(text: str, mapping: FieldMapping, side: SideLayout) -> str:
    toward_b = side.side.value == "a"
    rows = [(a, b) if toward_b else (b, a) for a, b in mapping.value_map]
    cases = " ".join(f"WHEN {literal(source)} THEN {literal(target)}" for source, target in rows)
    otherwise = {
        UnknownChoice.INVALID: "NULL",
        UnknownChoice.KEEP: text,
        UnknownChoice.DEFAULT: literal(_default_of(mapping, side)),
    }[mapping.unknown_choice]
    return f"CASE {text} {cases} ELSE {otherwise} END"


def _default_of(mapping: FieldMapping, side: SideLayout) -> str:
    """The default that this side sends. In a table of choices it may be a choice of either side: what is sent is that
    of the other one."""
    default = mapping.default or ""
    mine, other = (0, 1) if side.side.value == "a" else (1, 0)
    if default in (row[other] for row in mapping.value_map):
        return default
    return next((row[other] for row in mapping.value_map if row[mine] == default), default)
