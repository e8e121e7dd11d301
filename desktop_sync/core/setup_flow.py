"""The configuration wizard as a state machine without a screen.

A `ConfigurationSetup` is a value: every step gives a new one. The pages of the window are faces of it, and what may be
done next is decided here. `endpoint_setup` is the smaller one for endpoints.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from desktop_sync.core import configuration_check
from desktop_sync.core.care import definition_of
from desktop_sync.core.configuration import (
    ConflictRule,
    Definitions,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    PerSide,
    RealTime,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.field_flow import flows_to
from desktop_sync.core.field_names import is_stamp_name
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.normal_form import TIME_TYPES
from desktop_sync.core.schedule import Schedule
from desktop_sync.core.structure import Field, Structure
from desktop_sync.core.trigger_check import check_triggers
from desktop_sync.core.triggers import AfterRun, FileArrival


class Page(enum.Enum):
    """The pages in their order."""

    ENDPOINTS = "endpoints"
    ENTITIES = "entities"
    MAPPING = "mapping"
    RULES = "rules"
    RUNNING = "running"
    SUMMARY = "summary"


PAGES = tuple(Page)

_PAGE_OF_PATH = (
    ("entity.structures", Page.ENTITIES),
    ("entity.name", Page.ENTITIES),
    ("entity.lookup", Page.MAPPING),
    ("entity.fields", Page.MAPPING),
    ("entity.required", Page.MAPPING),
    ("entity.key", Page.MAPPING),
    ("entity.real_time", Page.RUNNING),
    ("entity", Page.RULES),
    ("entities", Page.ENTITIES),
    ("field", Page.MAPPING),
    ("schedule", Page.RUNNING),
    ("process_schedule", Page.RUNNING),
    ("after_runs", Page.RUNNING),
    ("file_arrivals", Page.RUNNING),
    ("guards", Page.RUNNING),
    ("name", Page.ENDPOINTS),
    ("a", Page.ENDPOINTS),
    ("b", Page.ENDPOINTS),
)


def page_of(finding: Finding) -> Page:
    """The page on which the finding can be dealt with."""
    for prefix, page in _PAGE_OF_PATH:
        if finding.path == prefix or finding.path.startswith(f"{prefix}."):
            return page
    return Page.SUMMARY


@dataclass(frozen=True, slots=True)
class ConfigurationSetup:
    """A configuration in the making. `original` is the name it is saved under now, or empty for a new one, and `before`
    what is saved; `others` are all other configurations.

    `structures` are those that were described, by (endpoint, structure). `live` is what the last live check found, for
    exactly `live_for`; it is not shown any more once the configuration differs.
    """

    configuration: SyncConfiguration
    page: Page = Page.ENDPOINTS
    original: str = ""
    others: tuple[SyncConfiguration, ...] = ()
    structures: Mapping[tuple[str, str], Structure] = field(default_factory=dict)
    live: tuple[Finding, ...] = ()
    live_for: SyncConfiguration | None = None
    before: SyncConfiguration | None = None

    # What is known.

    @property
    def redefined(self) -> tuple[str, ...]:
        """The entities of which something else is synchronized than is saved: all their records are compared again."""
        if self.before is None:
            return ()
        saved = {entity.name: definition_of(self.before, entity) for entity in self.before.entities}
        return tuple(
            entity.name
            for entity in self.configuration.entities
            if saved.get(entity.name, "") not in ("", definition_of(self.configuration, entity))
        )

    @property
    def taken_names(self) -> frozenset[str]:
        """Those of the other configurations."""
        return frozenset(other.name for other in self.others)

    def findings(self, page: Page | None = None) -> tuple[Finding, ...]:
        """What is to be said now, on one page or on all, errors first."""
        found = [*configuration_check.check(self.configuration), *check_triggers(self.configuration, self.others)]
        if self.configuration.name in self.taken_names:
            message = f'There is a configuration "{self.configuration.name}" already.'
            found.append(Finding(Level.ERROR, message, path="name"))
        if self.live_for == self.configuration:
            found += self.live
        order = tuple(Level)
        wanted = [finding for finding in dict.fromkeys(found) if page is None or page_of(finding) is page]
        return tuple(sorted(wanted, key=lambda finding: order.index(finding.level)))

    def is_complete(self, page: Page) -> bool:
        """Whether nothing on the page keeps one from going on."""
        return not any(finding.level is Level.ERROR for finding in self.findings(page))

    @property
    def can_save(self) -> bool:
        return all(self.is_complete(page) for page in PAGES)

    def is_reachable(self, page: Page) -> bool:
        """A page can be opened when all pages before it are complete."""
        return all(self.is_complete(before) for before in PAGES[: PAGES.index(page)])

    def structure(self, side: Side, entity: Entity) -> Structure | None:
        return self.structures.get((self.configuration.endpoint_of(side), entity.structures.of(side)))

    def needed_structures(self) -> tuple[tuple[str, str], ...]:
        """(endpoint, structure) pairs that the entities use and that are not described yet."""
        wanted = [
            (self.configuration.endpoint_of(side), entity.structures.of(side))
            for entity in self.configuration.entities
            for side in Side
        ]
        return tuple(pair for pair in dict.fromkeys(wanted) if all(pair) and pair not in self.structures)

    # Moving about.

    def go_to(self, page: Page) -> ConfigurationSetup:
        """On that page, or on the first one before it that is not complete."""
        for before in PAGES[: PAGES.index(page)]:
            if not self.is_complete(before):
                return replace(self, page=before)
        return replace(self, page=page)

    def next(self) -> ConfigurationSetup:
        """On the next page, or unmoved where this one is not complete or the last."""
        place = PAGES.index(self.page)
        return self.go_to(PAGES[min(place + 1, len(PAGES) - 1)])

    def back(self) -> ConfigurationSetup:
        return replace(self, page=PAGES[max(0, PAGES.index(self.page) - 1)])

    # Changing.

    def with_configuration(self, configuration: SyncConfiguration) -> ConfigurationSetup:
        return replace(self, configuration=configuration)

    def named(self, name: str) -> ConfigurationSetup:
        return self.with_configuration(replace(self.configuration, name=name.strip()))

    def with_endpoint(self, side: Side, name: str) -> ConfigurationSetup:
        """With that endpoint. Another one has other structures, so the entities go."""
        if self.configuration.endpoint_of(side) == name:
            return self
        a = name if side is Side.A else self.configuration.a
        b = name if side is Side.B else self.configuration.b
        changed = replace(self.configuration, entities=(), a=a, b=b)
        is_unnamed = not self.original and self.configuration.name in ("", self._suggested_name(self.configuration))
        if changed.a and changed.b and is_unnamed:
            changed = replace(changed, name=self._suggested_name(changed))
        return self.with_configuration(changed)

    def _suggested_name(self, configuration: SyncConfiguration) -> str:
        """What a configuration is called that nobody gave a name to; it follows the choice of endpoints."""
        a, b = configuration.a, configuration.b
        return self._free_name(f"{a} and {b}" if a != b else a)

    def with_structures(self, structures: Mapping[tuple[str, str], Structure]) -> ConfigurationSetup:
        """The structures are known now. An entity that is not mapped yet gets stamps where a field's name says so;

        where one side has none, the primary system wins, because the most recent change cannot be told.
        """
        known = replace(self, structures={**self.structures, **structures})
        entities = tuple(known._with_stamps(entity, structures) for entity in known.configuration.entities)
        return known.with_configuration(replace(known.configuration, entities=entities))

    def with_live(self, findings: tuple[Finding, ...], checked: SyncConfiguration) -> ConfigurationSetup:
        return replace(self, live=findings, live_for=checked)

    def with_entity(self, a: str, b: str) -> ConfigurationSetup:
        """One more pair of structures, with no fields mapped yet; unchanged where that pair is there already."""
        entities = self.configuration.entities
        if any(entity.structures == PerSide(a, b) for entity in entities):
            return self
        names = {entity.name for entity in entities}
        entity = Entity(free_name(b or a, names), PerSide(a, b), ())
        return self._with_entities((*entities, entity))

    def without_entity(self, index: int) -> ConfigurationSetup:
        entities = self.configuration.entities
        return self._with_entities(entities[:index] + entities[index + 1 :])

    def replaced_entity(self, index: int, entity: Entity) -> ConfigurationSetup:
        entities = list(self.configuration.entities)
        entities[index] = entity
        return self._with_entities(tuple(entities))

    def with_fields(self, index: int, fields: Iterable[FieldMapping]) -> ConfigurationSetup:
        """The entity's mapping; identifying fields keep their order, which is their priority."""
        return self.replaced_entity(index, replace(self.configuration.entities[index], fields=tuple(fields)))

    def scheduled(self, schedule: Schedule) -> ConfigurationSetup:
        return self.with_configuration(replace(self.configuration, schedule=schedule))

    def processed(self, schedule: Schedule | None) -> ConfigurationSetup:
        """With a schedule of its own for processing, or without one."""
        return self.with_configuration(replace(self.configuration, process_schedule=schedule))

    def triggered(self, after_runs: tuple[AfterRun, ...], file_arrivals: tuple[FileArrival, ...]) -> ConfigurationSetup:
        changed = replace(self.configuration, after_runs=after_runs, file_arrivals=file_arrivals)
        return self.with_configuration(changed)

    def in_real_time(self, choices: Mapping[str, RealTime]) -> ConfigurationSetup:
        """With these choices, by name of the entity."""
        entities = self.configuration.entities
        return self._with_entities(
            tuple(replace(entity, real_time=choices.get(entity.name, entity.real_time)) for entity in entities)
        )

    def switched(self, is_enabled: bool) -> ConfigurationSetup:
        """With its schedule on or off."""
        return self.with_configuration(replace(self.configuration, enabled=is_enabled))

    def guarded(self, guards: GuardLimits) -> ConfigurationSetup:
        return self.with_configuration(replace(self.configuration, guards=guards))

    def _with_entities(self, entities: tuple[Entity, ...]) -> ConfigurationSetup:
        return self.with_configuration(replace(self.configuration, entities=entities))

    def _free_name(self, wanted: str) -> str:
        return free_name(wanted, self.taken_names)

    def _with_stamps(self, entity: Entity, fresh: Mapping[tuple[str, str], Structure]) -> Entity:
        places = {side: (self.configuration.endpoint_of(side), entity.structures.of(side)) for side in Side}
        if entity.fields or not any(place in fresh for place in places.values()):
            return entity
        known = {side: self.structures.get(place) for side, place in places.items()}
        stamps = {
            side: entity.modified.of(side) or (stamp_field(structure) if structure is not None else "")
            for side, structure in known.items()
        }
        entity = replace(entity, modified=PerSide(stamps[Side.A], stamps[Side.B]))
        if all(stamps.values()) or any(structure is None for structure in known.values()):
            return entity
        # Nobody could tell the most recent change, so the primary system is the honest choice.
        side_wins, first_wins = ConflictRule(entity.primary.value), FirstContactRule(entity.primary.value)
        recent = ConflictRule.MOST_RECENT is entity.conflict, FirstContactRule.MOST_RECENT is entity.first_contact
        return replace(
            entity,
            conflict=side_wins if recent[0] else entity.conflict,
            first_contact=first_wins if recent[1] else entity.first_contact,
        )


def begin(
    configuration: SyncConfiguration | None, known: Definitions, page: Page = Page.ENDPOINTS
) -> ConfigurationSetup:
    """A setup for a new configuration, or for editing one. With exactly two endpoints they are chosen already."""
    if configuration is not None:
        others = tuple(other for other in known.configurations if other.name != configuration.name)
        return ConfigurationSetup(configuration, page, configuration.name, others, before=configuration)
    setup = ConfigurationSetup(SyncConfiguration("", "", "", ()), page, "", known.configurations)
    if len(known.endpoints) == 2:
        first, second = known.endpoints
        setup = setup.with_endpoint(Side.A, first.name).with_endpoint(Side.B, second.name)
    return setup


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, with a number behind it if it is taken."""
    names = set(taken)
    if wanted not in names:
        return wanted
    return next(name for number in range(2, len(names) + 3) if (name := f"{wanted} {number}") not in names)


def stamp_field(structure: Structure) -> str:
    """The field whose name and type say when a record was last changed; empty when there is none."""
    for candidate in structure.fields:
        if is_stamp_name(candidate.name) and (not candidate.is_typed or candidate.type in TIME_TYPES):
            return candidate.name
    return ""


def required_unmapped(entity: Entity, structure: Structure, side: Side) -> tuple[Field, ...]:
    """Fields of `side` that a new record needs and that nothing fills; empty where nothing is written there."""
    if not entity.direction.flows_from(side.other):
        return ()
    written = {mapping.field_of(side) for mapping in entity.fields if flows_to(entity, mapping, side)}
    return tuple(
        candidate
        for candidate in structure.fields
        if candidate.is_required and not candidate.is_generated and candidate.name not in written
    )


def counterpart(structure: Structure, name: str) -> Structure:
    """A structure for the other endpoint that can take these records. What is generated here is a plain field there.

    Its key is the source's key, or a unique field instead of a number that the source makes up itself: a record that
    is created there has no such number.
    """
    fields = tuple(replace(item, is_generated=False, is_required=False) for item in structure.fields)
    generated = any(item.is_generated for item in structure.fields if item.name in structure.key)
    key = structure.key
    if generated:
        unique = [item.name for item in structure.fields if item.is_unique and not item.is_generated]
        key = (unique[0],) if unique else ()
    return Structure(name, fields, key)
