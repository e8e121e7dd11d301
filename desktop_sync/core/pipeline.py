"""The pipeline of a configuration as data: which steps there are, where they may stand, and what may be changed.

The standard steps come in the order of SPEC §6. A user's own steps have their turn at a `Moment` between them; within a
moment they keep the order in which the configuration lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    Moment,
    PipelineStep,
    Side,
    StepKind,
    SyncConfiguration,
)

SENT = "new_"
"""What a step names the value that is about to be sent for a field of the receiving side: `new_` and the field."""

SHORTEST_TIME_LIMIT_S, LONGEST_TIME_LIMIT_S = 1, 3600


@dataclass(frozen=True, slots=True)
class StandardStep:
    """A step that every pipeline has. `locked` says why it cannot be disabled, or is empty where it can."""

    kind: StepKind
    title: str
    what: str
    locked: str = ""


STANDARD: tuple[StandardStep, ...] = (
    StandardStep(
        StepKind.PULL,
        "Pull details",
        "The record is read from both sides as it is now.",
        "without its values nothing can be decided",
    ),
    StandardStep(
        StepKind.DIRECTION,
        "Determine the direction",
        "Both sides are compared with what they held after the last synchronization.",
        "nobody else knows which side changed",
    ),
    StandardStep(
        StepKind.PREREQUISITES,
        "Prerequisites first",
        "Records that others refer to go first. Without this step the entities keep the order of the configuration, "
        "and references follow when their record is there.",
    ),
    StandardStep(
        StepKind.STANDARD_MAPPING,
        "Standard mapping",
        "Fields without a rule of their own are taken over and turned into the other side's type.",
        "what is sent starts with it",
    ),
    StandardStep(
        StepKind.CONFIGURED_MAPPING,
        "Configured mapping",
        "Expressions, tables of choices, references and defaults make the values that are sent.",
        "it is the field mapping of the entity",
    ),
    StandardStep(
        StepKind.SAVE,
        "Save",
        "The intent is kept, the other side is checked to be what was seen, and the record is written.",
        "a preview shows what would be saved without it",
    ),
    StandardStep(
        StepKind.SET_PROCESSED,
        "Set Processed",
        "The pair, what both sides hold now and the status are kept.",
        "without it the same change would come again and again",
    ),
)
STANDARD_KINDS = frozenset(step.kind for step in STANDARD)


@dataclass(frozen=True, slots=True)
class KindRule:
    """What holds for the own steps of a kind. The first of `moments` is the usual one.

    `needs` must be given, `may` can be; `needs_approval`: an imported one is off until a person enables it
    (SPEC §13: nothing in an imported configuration runs unasked).
    """

    title: str
    what: str
    moments: tuple[Moment, ...]
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    needs_approval: bool = False

    @property
    def is_about_records(self) -> bool:
        """Whether it belongs to one entity and one direction and works inside the plan."""
        return any(moment in (Moment.BEFORE_MAPPING, Moment.AFTER_MAPPING) for moment in self.moments)


_MAPPING = (Moment.AFTER_MAPPING,)
_EITHER = (Moment.BEFORE_MAPPING, Moment.AFTER_MAPPING)
_RUN = (Moment.AFTER_RUN, Moment.AFTER_BATCH, Moment.BEFORE_RUN)

KINDS: Mapping[StepKind, KindRule] = {
    StepKind.FILTER: KindRule(
        "Filter",
        "Records that do not meet the condition do not take part. They become Filtered and are never deleted.",
        _EITHER,
        ("condition",),
    ),
    StepKind.VALIDATE: KindRule(
        "Validate",
        "Records that do not meet the condition are not written and become Invalid, with the message.",
        (Moment.AFTER_MAPPING, Moment.BEFORE_MAPPING),
        ("condition", "message"),
    ),
    StepKind.TRANSFORM: KindRule(
        "Transform", "The value that is sent for a field is replaced.", _MAPPING, ("field", "expression")
    ),
    StepKind.LOOK_UP: KindRule(
        "Look up",
        "The value that is sent for a field is found in a list, or is the other side's id of a record of an entity.",
        _MAPPING,
        ("field", "expression"),
        ("choices", "otherwise", "default", "lookup"),
    ),
    StepKind.PLUGIN: KindRule(
        "Plugin",
        "A Python function of an installed package gets the records as a table and fills fields that are sent.",
        _MAPPING,
        ("plugin", "fields"),
        needs_approval=True,
    ),
    StepKind.NOTIFY: KindRule(
        "Notify", "A note stands in the result of the run.", (Moment.AFTER_RUN,), ("message",), ("condition",)
    ),
    StepKind.COMMAND: KindRule(
        "Run a command",
        "A program gets the written records as JSON lines on its standard input.",
        _RUN,
        ("command",),
        ("time_limit_s",),
        needs_approval=True,
    ),
    StepKind.URL: KindRule(
        "Call a URL", "The written records are posted as JSON.", _RUN, ("url",), ("time_limit_s",), needs_approval=True
    ),
}
OWN_KINDS: tuple[StepKind, ...] = tuple(KINDS)

PLACES: tuple[StepKind | Moment, ...] = (
    Moment.BEFORE_RUN,
    StepKind.PULL,
    Moment.BEFORE_MAPPING,
    StepKind.DIRECTION,
    StepKind.PREREQUISITES,
    StepKind.STANDARD_MAPPING,
    StepKind.CONFIGURED_MAPPING,
    Moment.AFTER_MAPPING,
    StepKind.SAVE,
    StepKind.SET_PROCESSED,
    Moment.AFTER_BATCH,
    Moment.AFTER_RUN,
)
"""The whole order: standard steps, and the moments at which own steps have their turn."""


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A step as it stands in the list. `step` is None for a standard step; `locked` says why it cannot be disabled."""

    kind: StepKind
    title: str
    what: str
    enabled: bool
    step: PipelineStep | None = None
    locked: str = ""


def moment_of(step: PipelineStep) -> Moment:
    """When an own step has its turn."""
    return step.moment or KINDS[step.kind].moments[0]


def own_steps(configuration: SyncConfiguration, moment: Moment) -> tuple[PipelineStep, ...]:
    """Own steps of that moment, also disabled ones, in order."""
    return tuple(step for step in configuration.steps if step.kind in KINDS and moment_of(step) is moment)


def is_enabled(configuration: SyncConfiguration, kind: StepKind) -> bool:
    """Whether a standard step takes part: it does unless it may be disabled and was."""
    standard = next(step for step in STANDARD if step.kind is kind)
    return bool(standard.locked) or all(step.enabled for step in configuration.steps if step.kind is kind)


def concerns(step: PipelineStep, entity: str) -> bool:
    return step.entity in ("", entity)


def record_steps(configuration: SyncConfiguration, entity: str, source: Side) -> tuple[PipelineStep, ...]:
    """Enabled steps that work on the records that `source` sends, in order: those before the mapping, then those
    after it."""
    found = [*own_steps(configuration, Moment.BEFORE_MAPPING), *own_steps(configuration, Moment.AFTER_MAPPING)]
    return tuple(
        step for step in found if step.enabled and concerns(step, entity) and step.direction.flows_from(source)
    )


def run_steps(configuration: SyncConfiguration, moment: Moment) -> tuple[PipelineStep, ...]:
    """Enabled steps around the run, in order."""
    return tuple(step for step in own_steps(configuration, moment) if step.enabled)


def pipeline(configuration: SyncConfiguration, entity: str = "") -> tuple[PipelineRow, ...]:
    """All steps in the order of their turn; with an entity, without those of other entities."""
    rows: list[PipelineRow] = []
    standard = {step.kind: step for step in STANDARD}
    for place in PLACES:
        if isinstance(place, Moment):
            for step in own_steps(configuration, place):
                if not entity or concerns(step, entity):
                    rule = KINDS[step.kind]
                    rows.append(PipelineRow(step.kind, step.name, rule.title, step.enabled, step))
        else:
            known = standard[place]
            rows.append(
                PipelineRow(place, known.title, known.what, is_enabled(configuration, place), None, known.locked)
            )
    return tuple(rows)


def with_standard(steps: Sequence[PipelineStep], kind: StepKind, enabled: bool) -> tuple[PipelineStep, ...]:
    """The steps with that standard one enabled or disabled; as they were where it is locked."""
    others = tuple(step for step in steps if step.kind is not kind)
    if enabled or next(step for step in STANDARD if step.kind is kind).locked:
        return others
    return (*others, PipelineStep(kind, enabled=False))


def moved(steps: Sequence[PipelineStep], name: str, by: int) -> tuple[PipelineStep, ...]:
    """The steps with the own one of that name one place earlier (`by` -1) or later (+1), as they were where it cannot.

    At the end of its moment it goes over to the next moment that its kind may have.
    """
    place = next((i for i, step in enumerate(steps) if step.kind in KINDS and step.name == name), None)
    if place is None or by not in (-1, 1):
        return tuple(steps)
    step, found = steps[place], list(steps)
    same = [i for i, other in enumerate(steps) if other.kind in KINDS and moment_of(other) is moment_of(step)]
    neighbour = same.index(place) + by
    if 0 <= neighbour < len(same):
        found[place], found[same[neighbour]] = found[same[neighbour]], found[place]
        return tuple(found)
    order = [moment for moment in PLACES if isinstance(moment, Moment)]
    way = order[: order.index(moment_of(step))][::-1] if by < 0 else order[order.index(moment_of(step)) + 1 :]
    target = next((moment for moment in way if moment in KINDS[step.kind].moments), None)
    if target is None:
        return tuple(steps)
    del found[place]
    return (*found, replace(step, moment=target)) if by < 0 else (replace(step, moment=target), *found)


def needs_approval(step: PipelineStep) -> bool:
    """Whether the step does something outside the two systems, which a person must have agreed to."""
    return step.kind in KINDS and KINDS[step.kind].needs_approval


def approved(
    imported: SyncConfiguration, stored: SyncConfiguration | None
) -> tuple[SyncConfiguration, tuple[str, ...]]:
    """The imported configuration with steps that need approval disabled, and the names of those; one that is stored
    and enabled exactly so stays enabled."""
    known = set() if stored is None else {step for step in stored.steps if step.enabled}
    off = [step for step in imported.steps if step.enabled and needs_approval(step) and step not in known]
    steps = tuple(replace(step, enabled=False) if step in off else step for step in imported.steps)
    return replace(imported, steps=steps), tuple(step.name for step in off)


def with_peer_lookups(configuration: SyncConfiguration, entity: Entity) -> Entity:
    """The entity as it is synchronized: an enabled look-up by another entity's peers is the reference of its field."""
    fields = list(entity.fields)
    for source in Side:
        for step in record_steps(configuration, entity.name, source):
            if step.kind is not StepKind.LOOK_UP or not step.lookup:
                continue
            for place, mapping in enumerate(fields):
                if mapping.field_of(source.other) == step.field:
                    to_a = step.expression if source is Side.B else ""
                    to_b = step.expression if source is Side.A else ""
                    way = Direction.A_TO_B if source is Side.A else Direction.B_TO_A
                    fields[place] = replace(mapping, lookup=step.lookup, direction=way, to_a=to_a, to_b=to_b)
    return entity if tuple(fields) == entity.fields else replace(entity, fields=tuple(fields))
