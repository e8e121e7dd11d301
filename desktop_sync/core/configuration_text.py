"""What a configuration will do, in sentences with the endpoints' names (last page of the wizard)."""

from __future__ import annotations

from collections.abc import Iterator

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    EditAgainstDelete,
    Entity,
    FirstContactRule,
    GuardLimits,
    MatchRule,
    Resolution,
    Side,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.count_text import count
from desktop_sync.core.field_flow import flows_to
from desktop_sync.core.pipeline import KINDS, is_enabled, pipeline
from desktop_sync.core.running_text import running_sentences


def sentences(configuration: SyncConfiguration) -> tuple[str, ...]:
    """Full sentences in the order of interest: what goes where, rules, deletes, when, guards."""
    return tuple(sentence for _, said in paragraphs(configuration) for sentence in said)


def paragraphs(configuration: SyncConfiguration) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The same sentences by the entity that they are about; last, without a name, those about all of it."""
    said = [(entity.name, tuple(_entity(configuration, entity))) for entity in configuration.entities]
    whole = [*_steps(configuration), *running_sentences(configuration)]
    guards = guards_sentence(configuration.guards)
    if guards:
        whole.append(guards)
    whole.append("The first run deletes nothing and shows what it will do before it writes.")
    return (*said, ("", tuple(whole)))


def _steps(configuration: SyncConfiguration) -> Iterator[str]:
    """The user's own steps that take part, and the standard one that does not."""
    own = [row for row in pipeline(configuration) if row.step is not None and row.enabled]
    if own:
        names = ", ".join(f'"{row.title}" ({KINDS[row.kind].title.lower()})' for row in own)
        yield f"Records go through steps of your own: {names}."
    if not is_enabled(configuration, StepKind.PREREQUISITES):
        yield "Records that others refer to do not go first; references follow when their record is there."


def _entity(configuration: SyncConfiguration, entity: Entity) -> Iterator[str]:
    a, b = configuration.a, configuration.b
    where_a, where_b = f'"{entity.structures.a}" of "{a}"', f'"{entity.structures.b}" of "{b}"'
    both = entity.direction.flows_from(Side.A) and entity.direction.flows_from(Side.B)
    if both:
        yield f"Records of {where_a} and {where_b} are kept the same in both directions."
    elif entity.direction.flows_from(Side.A):
        yield f'Records of {where_a} are carried to {where_b}; nothing is written to "{a}".'
    else:
        yield f'Records of {where_b} are carried to {where_a}; nothing is written to "{b}".'
    yield _fields(configuration, entity)
    yield _matching(entity)
    for side in Side:
        if entity.filter.of(side):
            name = configuration.endpoint_of(side)
            yield f'Of "{name}" only records take part for which this holds: {entity.filter.of(side)}.'
    if both:
        yield conflict_sentence(configuration, entity)
    yield first_contact_sentence(configuration, entity)
    for side in Side:
        if entity.direction.flows_from(side) or entity.delete.of(side) is DeleteRule.RESTORE:
            yield delete_sentence(configuration, entity, side)
    if both:
        yield edit_against_delete_sentence(entity)


def _fields(configuration: SyncConfiguration, entity: Entity) -> str:
    counts = {side: sum(flows_to(entity, mapping, side) for mapping in entity.fields) for side in Side}
    parts = [f'{count(counts[side], "field")} of "{configuration.endpoint_of(side)}"' for side in Side if counts[side]]
    return f"{' and '.join(parts) or 'No fields'} may be written; all others are never touched."


def _matching(entity: Entity) -> str:
    names = ", ".join(f'"{mapping.a or mapping.b}"' for mapping in entity.identifying)
    if not names:
        return "No field identifies the records yet."
    if entity.match is MatchRule.BEST and len(entity.identifying) > 1:
        return f"Records are paired by the best agreement in {names}; what is not certain waits for you in Review."
    return f"Records are paired when they agree in {names}; what is not certain waits for you in Review."


def conflict_sentence(configuration: SyncConfiguration, entity: Entity) -> str:
    primary = configuration.endpoint_of(entity.primary)
    texts = {
        ConflictRule.MOST_RECENT: f'the most recent change wins, and "{primary}" where that cannot be told',
        ConflictRule.A: f'"{configuration.a}" wins',
        ConflictRule.B: f'"{configuration.b}" wins',
        ConflictRule.ASK: "you are asked, and nothing is written before you decide",
    }
    said = f"When a record was changed on both sides, {texts[entity.conflict]}"
    if entity.resolution is Resolution.FIELD:
        return f"{said}; each field is judged by itself, and one that only one side changed is kept from there."
    return f"{said}."


def first_contact_sentence(configuration: SyncConfiguration, entity: Entity) -> str:
    texts = {
        FirstContactRule.MOST_RECENT: "the more recent one wins",
        FirstContactRule.A: f'"{configuration.a}" wins',
        FirstContactRule.B: f'"{configuration.b}" wins',
        FirstContactRule.FILL_EMPTY: "only empty fields are filled in from the other side",
        FirstContactRule.ASK: "you are asked",
    }
    return f"When two records are paired for the first time and differ, {texts[entity.first_contact]}."


def delete_sentence(configuration: SyncConfiguration, entity: Entity, side: Side) -> str:
    """What happens to the counterpart of a record that was deleted on `side`."""
    here, there = configuration.endpoint_of(side), configuration.endpoint_of(side.other)
    return f"{delete_rule_text(entity.delete.of(side), here, there, entity.mark.of(side).field)}."


def delete_rule_text(rule: DeleteRule, here: str, there: str, mark_field: str = "") -> str:
    """The rule in words, without a final full stop, for a record that was deleted in `here`."""
    texts = {
        DeleteRule.DELETE: f'is deleted in "{there}" too',
        DeleteRule.MARK: f'is marked in "{there}"' + (f' in its field "{mark_field}"' if mark_field else ""),
        DeleteRule.UNLINK: f'stays in "{there}" and is no longer linked',
        DeleteRule.RESTORE: f'is created in "{here}" again',
        DeleteRule.IGNORE: f'stays in "{there}" as it is',
    }
    return f'A record deleted in "{here}" {texts[rule]}'


def edit_against_delete_sentence(entity: Entity) -> str:
    texts = {
        EditAgainstDelete.EDIT: "the change wins and the record comes back",
        EditAgainstDelete.DELETE: "the deletion wins",
        EditAgainstDelete.ASK: "you are asked",
    }
    return f"When one side deleted a record that the other changed, {texts[entity.edit_against_delete]}."


def guards_sentence(guards: GuardLimits) -> str:
    limits: list[str] = []
    if guards.deletes_share is not None:
        limits.append(f"more than {guards.deletes_share:.0%} of the records".replace("%", " %"))
    if guards.deletes_number is not None:
        limits.append(f"more than {count(guards.deletes_number, 'record')}")
    return f"A run that would delete {' or '.join(limits)} stops before it writes and asks." if limits else ""
