"""The user's own steps that work on the records of one side, as SQL in the levels of `engine.staging` (SPEC §6).

For step number n of a side: `k<n>` is its condition or expression, wrapped; `v<n>` the value that it sends instead; a
later level puts `v<n>` in the place of `o<index>`. Nothing of it is there where a side has no steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from desktop_sync.core.configuration import Moment, PipelineStep, StepKind, UnknownChoice
from desktop_sync.core.errors import Place
from desktop_sync.core.pipeline import SENT, moment_of
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import TEXT, ValueType, convert_sql, literal, plain_text_sql
from desktop_sync.engine.expression import Compiled, compile_condition, compile_scalar

Argument = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Target:
    """A value that a step replaces: that of field mapping `index`. `made`: the raw column that a plugin filled."""

    index: int
    field: str
    kind: ValueType
    made: str = ""

    @property
    def sent(self) -> str:
        return f"o{self.index}"


@dataclass(frozen=True, slots=True)
class RecordStep:
    """A step of a side, ready for SQL. `problem`: the raw column where a plugin says why a record is unusable."""

    number: int
    step: PipelineStep
    compiled: Compiled | None = None
    targets: tuple[Target, ...] = ()
    problem: str = ""

    @property
    def wrapped(self) -> str:
        return f"k{self.number}"

    @property
    def is_early(self) -> bool:
        """Whether it has its turn before the mapping."""
        return moment_of(self.step) is Moment.BEFORE_MAPPING

    @property
    def changes_values(self) -> bool:
        return bool(self.targets)

    def passed_sql(self) -> str:
        """Whether the record meets the step's condition; never null."""
        if self.compiled is None or self.changes_values:
            return "true"
        return f"coalesce({self.compiled.value_sql(self.wrapped)}, false)"

    def stop_sql(self, separator: str) -> list[str]:
        """`WHEN … THEN …` of what ends the record's way here: a problem for people, or null where it is left out."""
        kind, name = self.step.kind, f'the step "{self.step.name}"'
        if kind is StepKind.FILTER:
            return [f"WHEN NOT {self.passed_sql()} THEN NULL"]
        if kind is StepKind.VALIDATE:
            return [f"WHEN NOT {self.passed_sql()} THEN {literal(separator + self.step.message)}"]
        cases = []
        if self.problem:
            said = f"{literal(separator)} || {self.problem}"
            cases.append(f"WHEN nullif({self.problem}, '') IS NOT NULL THEN {said}")
        for target in self.targets:
            head = target.field + separator + name
            if self.compiled is not None:
                failed = self.compiled.failed_sql(self.wrapped)
                cases.append(f"WHEN {failed} THEN {literal(head + ' cannot be computed for this record')}")
            value, kind_of = self._value(target)
            if kind is StepKind.LOOK_UP and self.step.otherwise is UnknownChoice.INVALID:
                cases.append(f"WHEN {value} IS NULL AND {self._key()} IS NOT NULL THEN {literal(head + _NO_KEY)}")
            elif kind_of != target.kind:
                given = f"nullif({value}, '')" if kind_of == TEXT else value
                misfit = f"{head} gives a value that does not fit the field"
                cases.append(
                    f"WHEN {given} IS NOT NULL AND v{self.number}_{target.index} IS NULL THEN {literal(misfit)}"
                )
        return cases

    def levels(self, argument: Argument) -> list[tuple[list[str], list[tuple[str, str]]]]:
        """Columns of each level: those added, then those replaced as (name, SQL)."""
        levels: list[tuple[list[str], list[tuple[str, str]]]] = []
        if self.compiled is not None:
            levels.append(([f"{self.compiled.wrapped_sql(argument)} AS {self.wrapped}"], []))
        if self.changes_values:
            made = []
            for target in self.targets:
                value, kind = self._value(target)
                if self.step.kind is StepKind.LOOK_UP and self.step.otherwise is UnknownChoice.KEEP:
                    converted = (
                        f"CASE WHEN {value} IS NULL THEN {target.sent} ELSE {convert_sql(value, kind, target.kind)} END"
                    )
                else:
                    converted = convert_sql(value, kind, target.kind, exact=True)
                made.append(f"{converted} AS v{self.number}_{target.index}")
            levels.append((made, []))
            levels.append(([], [(t.sent, f"v{self.number}_{t.index}") for t in self.targets]))
        return levels

    def _key(self) -> str:
        if self.compiled is None:
            return "NULL"
        return f"nullif({plain_text_sql(self.compiled.value_sql(self.wrapped), _kind(self.compiled))}, '')"

    def _value(self, target: Target) -> tuple[str, ValueType]:
        if self.compiled is None:
            return target.made, TEXT
        if self.step.kind is not StepKind.LOOK_UP:
            return self.compiled.value_sql(self.wrapped), _kind(self.compiled)
        rows = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in self.step.choices)
        otherwise = literal(self.step.default) if self.step.otherwise is UnknownChoice.DEFAULT else "NULL"
        # Without a key there is nothing to look up: the value stays empty.
        return (
            f"CASE WHEN {self._key()} IS NULL THEN NULL ELSE CASE {self._key()} {rows} ELSE {otherwise} END END",
            TEXT,
        )


_NO_KEY = " has no value for this key"


def _kind(compiled: Compiled) -> ValueType:
    return ValueType(compiled.type or FieldType.TEXT)


def compile_step(
    number: int,
    step: PipelineStep,
    types: Mapping[str, FieldType],
    sent: Mapping[str, Target],
    place: Place,
) -> RecordStep:
    """The step over fields of these types and, after the mapping, over the values that are about to be sent.

    `sent`: what the mapping sends, by field of the receiving side. Raises ExpressionError naming the step.
    """
    known = dict(types)
    if moment_of(step) is Moment.AFTER_MAPPING:
        known = {SENT + name: target.kind.type for name, target in sent.items()} | known
    text = step.condition or step.expression
    where = f'step "{step.name}"'
    compiled = None
    if step.kind in (StepKind.FILTER, StepKind.VALIDATE):
        compiled = compile_condition(text, known, place=place, path=where)
    elif text:
        compiled = compile_scalar(text, known, place=place, path=where)
    wanted = step.fields or ((step.field,) if step.field else ())
    return RecordStep(number, step, compiled, tuple(sent[name] for name in wanted if name in sent))
