"""Normal forms: what counts as the same value when records are compared (SPEC §3).

A normal form is an ordered list of steps. Values are compared in normal form and written as they are. Some steps are
implied, so that a second run right after a first writes nothing: text is compared in one Unicode form, and an empty
text is the same as no value. The engine turns steps into work on whole columns; here are their names and meaning.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.structure import FieldType


class StepKind(enum.Enum):
    """The value is the name in files; a kind that takes an argument is followed by a colon and the argument."""

    NFC = "nfc"
    NFKC = "nfkc"
    TRIM = "trim"
    COLLAPSE_SPACES = "collapse-spaces"
    LOWER = "lower"
    UPPER = "upper"
    NO_ACCENTS = "no-accents"
    DIGITS = "digits"
    SCALE = "scale"
    UTC = "utc"
    SECONDS = "seconds"
    MINUTES = "minutes"
    DAYS = "days"
    EMPTY_IS_NULL = "empty-is-null"
    EMPTY_IS_EMPTY = "empty-is-empty"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `decimals` is for SCALE (0 to 18), `zone` for UTC (an IANA name)."""

    kind: StepKind
    decimals: int = 0
    zone: str = ""

    @property
    def name(self) -> str:
        """The name in files, with its argument; `parse_normal_form` gives the step back."""
        if self.kind is StepKind.SCALE:
            return f"{self.kind.value}:{self.decimals}"
        return f"{self.kind.value}:{self.zone}" if self.kind is StepKind.UTC else self.kind.value


_TEXT = frozenset({FieldType.TEXT})
_TIMES = frozenset({FieldType.TIMESTAMP, FieldType.INSTANT})
NUMBER_TYPES = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.FLOAT})
TIME_TYPES = _TIMES | {FieldType.DATE, FieldType.TIME}


@dataclass(frozen=True, slots=True)
class StepMeaning:
    """What the wizard says about a step. It works on values of `types` and leaves all others as they are."""

    label: str
    explanation: str
    types: frozenset[FieldType]
    argument: str = ""


MEANINGS: Mapping[StepKind, StepMeaning] = MappingProxyType(
    {
        StepKind.NFC: StepMeaning(
            "One Unicode form",
            "Letters with accents count as the same whether they are stored as one character or as two.",
            _TEXT,
        ),
        StepKind.NFKC: StepMeaning(
            "Full-width as plain",
            "Full-width letters and digits count as the plain ones, and accents in one or two characters as the same.",
            _TEXT,
        ),
        StepKind.TRIM: StepMeaning(
            "Ignore spaces around", "Spaces at the beginning and at the end do not count.", _TEXT
        ),
        StepKind.COLLAPSE_SPACES: StepMeaning(
            "Ignore repeated spaces", "Several spaces in a row count as one, and those around do not count.", _TEXT
        ),
        StepKind.LOWER: StepMeaning(
            "Ignore upper and lower case", "Capital and small letters count as the same.", _TEXT
        ),
        StepKind.UPPER: StepMeaning(
            "Compare in capitals", "Capital and small letters count as the same; compared in capitals.", _TEXT
        ),
        StepKind.NO_ACCENTS: StepMeaning("Ignore accents", "é counts as e, and ü as u.", _TEXT),
        StepKind.DIGITS: StepMeaning("Digits only", "Only the digits count, for example in telephone numbers.", _TEXT),
        StepKind.SCALE: StepMeaning(
            "Round numbers",
            "Numbers are compared rounded to so many decimals.",
            NUMBER_TYPES | _TEXT,
            "decimals",
        ),
        StepKind.UTC: StepMeaning(
            "Local time of",
            "Times without a time zone are taken as local times of this zone.",
            frozenset({FieldType.TIMESTAMP}),
            "time zone",
        ),
        StepKind.SECONDS: StepMeaning(
            "To the second", "Fractions of a second do not count.", _TIMES | {FieldType.TIME}
        ),
        StepKind.MINUTES: StepMeaning("To the minute", "Seconds do not count.", _TIMES | {FieldType.TIME}),
        StepKind.DAYS: StepMeaning("To the day", "The time of day does not count.", _TIMES),
        StepKind.EMPTY_IS_NULL: StepMeaning(
            "Empty is no value", "An empty text counts as the same as no value at all.", _TEXT
        ),
        StepKind.EMPTY_IS_EMPTY: StepMeaning(
            "Empty is a value", "An empty text and no value at all count as different.", _TEXT
        ),
    }
)

_ONE_OF = (
    (StepKind.NFC, StepKind.NFKC),
    (StepKind.LOWER, StepKind.UPPER),
    (StepKind.SECONDS, StepKind.MINUTES, StepKind.DAYS),
    (StepKind.EMPTY_IS_NULL, StepKind.EMPTY_IS_EMPTY),
)
MAX_DECIMALS = 18
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}")


def parse_step(name: str, path: str = "") -> Step:
    """The step of that name. Raises ConfigurationError, with `path`, for anything else."""
    word, colon, argument = name.partition(":")
    try:
        kind = StepKind(word)
    except ValueError:
        known = ", ".join(kind.value + (":…" if MEANINGS[kind].argument else "") for kind in StepKind)
        raise ConfigurationError(f'"{name}" is no step of a normal form; there are {known}', path=path) from None
    if bool(colon) != bool(MEANINGS[kind].argument):
        problem = (
            f'"{word}" needs its {MEANINGS[kind].argument} after a colon'
            if MEANINGS[kind].argument
            else f'"{word}" takes nothing after it'
        )
        raise ConfigurationError(problem, path=path)
    if kind is StepKind.SCALE:
        is_number = argument.isascii() and argument.isdigit() and len(argument) <= len(str(MAX_DECIMALS))
        if not is_number or int(argument) > MAX_DECIMALS:
            raise ConfigurationError(f'"{name}": the decimals must be a number from 0 to {MAX_DECIMALS}', path=path)
        return Step(kind, decimals=int(argument))
    if kind is StepKind.UTC:
        if not _ZONE.fullmatch(argument):
            raise ConfigurationError(f'"{name}": the time zone must be a name such as Europe/Vienna', path=path)
        return Step(kind, zone=argument)
    return Step(kind)


def parse_normal_form(names: tuple[str, ...], path: str = "") -> tuple[Step, ...]:
    """Exactly the named steps, in their order.

    Raises ConfigurationError for unknown, repeated and contradictory ones.
    """
    steps = tuple(parse_step(name, path) for name in names)
    kinds = [step.kind for step in steps]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ConfigurationError(f'"{kind.value}" stands twice in the normal form', path=path)
    for group in _ONE_OF:
        chosen = [kind.value for kind in group if kind in kinds]
        if len(chosen) > 1:
            raise ConfigurationError(f'"{chosen[0]}" and "{chosen[1]}" exclude each other', path=path)
    return steps


def default_steps(
    type_a: FieldType, type_b: FieldType, *, scale_a: int | None = None, scale_b: int | None = None
) -> tuple[Step, ...]:
    """The steps that are implied for a pair of fields of these types, so that values survive the way there and back.

    Text: one Unicode form, and empty is no value. Two numbers with different decimals: rounded to the fewer.
    A date paired with a time stamp: compared to the day.
    """
    steps: list[Step] = []
    if FieldType.TEXT in (type_a, type_b):
        steps += [Step(StepKind.NFC), Step(StepKind.EMPTY_IS_NULL)]
    elif type_a in NUMBER_TYPES and type_b in NUMBER_TYPES:
        scales = {0 if type_ is FieldType.INTEGER else scale for type_, scale in ((type_a, scale_a), (type_b, scale_b))}
        known = sorted(scale for scale in scales if scale is not None)
        if len(scales) > 1 and known:
            steps.append(Step(StepKind.SCALE, decimals=min(known[0], MAX_DECIMALS)))
    elif FieldType.DATE in (type_a, type_b) and (type_a in _TIMES or type_b in _TIMES):
        steps.append(Step(StepKind.DAYS))
    return tuple(steps)


def effective_steps(
    names: tuple[str, ...],
    type_a: FieldType,
    type_b: FieldType,
    *,
    scale_a: int | None = None,
    scale_b: int | None = None,
    path: str = "",
) -> tuple[Step, ...]:
    """The steps that are carried out, in order: those named, and the implied ones that they do not replace.

    A Unicode form comes first, and what empty means comes last: trimming may make a text empty. Raises
    ConfigurationError like `parse_normal_form`.
    """
    chosen = parse_normal_form(names, path)
    kinds = {step.kind for step in chosen}
    implied = [
        step
        for step in default_steps(type_a, type_b, scale_a=scale_a, scale_b=scale_b)
        if not kinds & set(next((group for group in _ONE_OF if step.kind in group), (step.kind,)))
    ]
    first = (StepKind.NFC, StepKind.NFKC)
    last = (StepKind.EMPTY_IS_NULL, StepKind.EMPTY_IS_EMPTY)
    steps = [*(step for step in implied if step.kind not in last), *chosen]
    steps += [step for step in implied if step.kind in last]
    return tuple(sorted(steps, key=lambda step: (step.kind in last) - (step.kind in first)))


def explain(step: Step) -> str:
    """One sentence for the wizard, with the step's argument in it."""
    meaning = MEANINGS[step.kind]
    if step.kind is StepKind.SCALE:
        return f"Numbers are compared rounded to {step.decimals} decimals."
    if step.kind is StepKind.UTC:
        return f"Times without a time zone are taken as local times of {step.zone}."
    return meaning.explanation


def steps_for(type_a: FieldType, type_b: FieldType) -> tuple[StepKind, ...]:
    """The kinds of steps that do something for values of these types, in the order of `StepKind`."""
    return tuple(kind for kind in StepKind if MEANINGS[kind].types & {type_a, type_b})
