"""Sync configurations: kept, checked, suggested, and the state of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from desktop_sync.core import configuration_check, configuration_text
from desktop_sync.core.clock_doctor import WORTH_TELLING_US
from desktop_sync.core.configuration import FieldMapping, Side, SyncConfiguration
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError, EndpointError, ExpressionError, Place
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.group_check import check_group
from desktop_sync.core.ledger_port import BindingStore, ClockStore, DefinitionStore, FollowUpStore, RunStore
from desktop_sync.core.ledger_records import OriginStore, RecordStore
from desktop_sync.core.ledger_values import EntityKey, FollowUp
from desktop_sync.core.pipeline import KINDS, STANDARD, with_standard
from desktop_sync.core.ports import Clock
from desktop_sync.core.schedule import ScheduleKind
from desktop_sync.core.side_swap import swapped
from desktop_sync.core.status import Status
from desktop_sync.core.sync_group import StructureName, SyncGroup, on_systems, structures_of, sync_groups
from desktop_sync.core.text_order import text_key
from desktop_sync.core.trigger_check import check_triggers
from desktop_sync.core.unattended import Outlook
from desktop_sync.engine.expression.reading import read
from desktop_sync.engine.expression.source import Source
from desktop_sync.services.configuration_setup import live_check
from desktop_sync.services.endpoint_setup import mapping_sample, suggestion
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.services.endpoint_setup.mapping_sample import Ends
from desktop_sync.services.endpoint_setup.structure_reading import Look, Reading
from desktop_sync.services.processing.lossy import loss_sentence
from desktop_sync.services.session.clocks import ClockDoctor, ClockReport
from desktop_sync.services.unattended.run_history import SYNCHRONIZING
from desktop_sync.services.unattended.scheduling import ScheduleService, next_cron
from desktop_sync.services.views import ConfigurationState, MappingSample, MappingSuggestion

COMPARED_STRUCTURES = 40
"""Structures of each side whose fields are looked at for suggesting pairs; beyond that only names count."""


class ConfigurationStore(
    DefinitionStore, RunStore, RecordStore, BindingStore, FollowUpStore, OriginStore, ClockStore, Protocol
):
    """The part of the ledger that configurations need."""


class ConfigurationService:
    """Every method blocks, may be called from any thread, and raises errors of `core.errors`."""

    def __init__(
        self, store: ConfigurationStore, endpoints: EndpointService, schedules: ScheduleService, clock: Clock
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._schedules = schedules
        self._clock = clock
        self._doctor = ClockDoctor(store, clock)

    def list(self) -> tuple[SyncConfiguration, ...]:
        """The current versions, by name."""
        return tuple(sorted(self._store.configurations(), key=lambda configuration: text_key(configuration.name)))

    def get(self, name: str) -> SyncConfiguration:
        """Raises ConfigurationError when there is none of that name."""
        for configuration in self._store.configurations():
            if configuration.name == name:
                return configuration
        raise ConfigurationError(f'there is no configuration "{name}"', path="configuration")

    def save(self, configuration: SyncConfiguration) -> SyncConfiguration:
        """Checked and kept as a new version if anything differs. Raises ConfigurationError for the first error."""
        known = {endpoint.name for endpoint in self._store.endpoints()}
        for side in Side:
            name = configuration.endpoint_of(side)
            if name and name not in known:
                raise ConfigurationError("there is no endpoint of this name", Place(endpoint=name), path=side.value)
        for finding in self.check(configuration):
            if finding.level is Level.ERROR:
                path = ".".join(part for part in (configuration.name, finding.entity, finding.path) if part)
                raise ConfigurationError(finding.message.rstrip("."), path=path)
        return self._store.save_configuration(configuration)

    def delete(self, name: str) -> None:
        """Gone with its peers; its history stays. Raises AlreadyRunningError while it runs."""
        self.get(name)
        self._refuse_while_running(name)
        self._store.delete_configuration(name)
        left = on_systems(self._store.configurations(), self._store.systems())
        used = (structures_of(configuration) for configuration in left)
        self._store.keep_structures(frozenset[StructureName]().union(*used))

    def reset_peering(self, name: str, entity: str) -> None:
        """The next run meets the entity's records for the first time: they are matched anew, and that run deletes
        nothing. Neither side is touched, and history stays. Raises AlreadyRunningError while the configuration runs,
        ConfigurationError where it has no such entity."""
        configuration = self.get(name)
        if configuration.entity(entity) is None:
            raise ConfigurationError(f'"{name}" has no entity "{entity}"', path="entity")
        self._refuse_while_running(name)
        self._store.reset_peering(name, entity)

    def rename(self, name: str, new_name: str) -> None:
        """Peers, runs and history go along, and those that follow its runs still do. Raises ConfigurationError when the
        new name is taken or unusable."""
        self.get(name)
        problem = configuration_check.name_problem(new_name)
        if problem:
            raise ConfigurationError(problem.rstrip("."), path="name")
        if name == new_name:
            return
        if any(configuration.name == new_name for configuration in self._store.configurations()):
            raise ConfigurationError(f'there is a configuration "{new_name}" already', path="name")
        self._refuse_while_running(name)
        self._store.rename_configuration(name, new_name)
        for other in self._store.configurations():
            renamed = tuple(
                replace(after, configuration=new_name) if after.configuration == name else after
                for after in other.after_runs
            )
            if renamed != other.after_runs:
                self._store.save_configuration(replace(other, after_runs=renamed))

    def swap_sides(self, name: str) -> SyncConfiguration:
        """A is what was B and the reverse, and each system keeps its part. Raises ConfigurationError once it has run:
        pairs, baselines and history are kept by side. Raises AlreadyRunningError while it runs."""
        configuration = self.get(name)
        self._refuse_while_running(name)
        if self._store.runs(name, 1) or any(self._store.count_by_status(name).values()):
            raise ConfigurationError(
                f'the sides of "{name}" cannot be swapped any more, for it has run, and what is known of its pairs is '
                "kept by side; to carry records the other way, change the direction",
                path="configuration",
            )
        return self.save(swapped(configuration))

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Whether its schedule runs it. May be repeated."""
        configuration = self.get(name)
        if configuration.enabled != enabled:
            self._store.save_configuration(replace(configuration, enabled=enabled))

    def enable_step(self, name: str, step: str, enabled: bool) -> SyncConfiguration:
        """The step of that name, or the standard one of that kind, takes part or not. May be repeated.

        Raises ConfigurationError when there is none, or when it cannot be switched off.
        """
        return self.save(_with_step(self.get(name), step, enabled))

    def check(self, configuration: SyncConfiguration) -> tuple[Finding, ...]:
        """Everything that can be said without touching the endpoints, also whether expressions can be read."""
        return (
            *configuration_check.check(configuration),
            *self._check_group(configuration),
            *check_triggers(configuration, self._store.configurations()),
            *_check_cron(configuration),
            *_check_syntax(configuration),
            *_check_step_syntax(configuration),
        )

    def check_live(self, configuration: SyncConfiguration) -> tuple[Finding, ...]:
        """The same, and what the structures and some records say. Reads both endpoints; writes nothing.

        An endpoint that cannot be used is a finding; a secret that cannot be had raises SecretUnavailableError.
        """
        findings = [*self.check(configuration)]
        with Reading(self._endpoints) as reading:
            now = {"": self._clock.now()}
            named = [entity for entity in configuration.entities if entity.structures.a and entity.structures.b]
            if named and configuration.a and configuration.b:
                for name in dict.fromkeys((configuration.a, configuration.b)):
                    findings += self._read_clock(reading, name, now)
                for entity in named:
                    peers = self._store.count_peers(EntityKey(configuration.name, entity.name))
                    findings += live_check.check_entity(reading, configuration, entity, now, peers)
        findings += self._lossy(configuration)
        return tuple(dict.fromkeys(findings))

    def _read_clock(self, reading: Reading, name: str, now: dict[str, datetime]) -> Iterator[Finding]:
        """What is to be said about the clock of an endpoint; `now` has its time. Nothing where it cannot be used."""
        try:
            found = self._doctor.read(name, reading.session(name), keeps=True)
        except (EndpointError, ConfigurationError):
            return  # the check of its entities says it
        now[name] = self._doctor.now_of(found)
        if found.alarm:
            yield Finding(Level.WARNING, found.alarm, path="clock")
        if abs(found.shift.shift_us) > WORTH_TELLING_US:
            yield Finding(Level.NOTE, found.sentence, path="clock")

    def examine_clock(self, endpoint: str) -> ClockReport:
        """The endpoint's clock, and the stamps that configurations take from it. Raises EndpointError."""
        with Reading(self._endpoints) as reading:
            return self._doctor.examine(endpoint, reading, self.list())

    def _lossy(self, configuration: SyncConfiguration) -> Iterator[Finding]:
        """What runs saw of fields that are stored otherwise than they were sent."""
        for entity in configuration.entities:
            for loss in self._store.losses(EntityKey(configuration.name, entity.name)):
                places = [i for i, m in enumerate(entity.fields) if m.field_of(loss.side) == loss.field]
                if places and not entity.fields[places[0]].masked:
                    said = loss_sentence(loss, configuration.endpoint_of(loss.side), entity.structures.of(loss.side))
                    yield Finding(Level.WARNING, said, entity.name, places[0], "field.lossy")

    def suggest_entities(self, a: str, b: str) -> tuple[tuple[str, str, float], ...]:
        """Pairs of structures that look alike, the surest first: (structure in A, structure in B, score 0 to 1)."""
        with Reading(self._endpoints) as reading:
            looks = [self._structure_looks(reading, name) for name in (a, b)]
        return suggestion.suggest_entities(*looks, is_one_endpoint=a == b)

    def suggest_mapping(self, a: str, structure_a: str, b: str, structure_b: str) -> tuple[MappingSuggestion, ...]:
        """Pairs of fields, the surest first, each field in one at most; the fittest is proposed as identifying."""
        with Reading(self._endpoints) as reading:
            looks: list[Look] = []
            for endpoint, name in ((a, structure_a), (b, structure_b)):
                structure = reading.describe(endpoint, name)
                looks.append(reading.look(endpoint, structure, structure.field_names, suggestion.SAMPLE_LIMIT))
        return suggestion.suggest_mapping(looks[0], looks[1])

    def sample_mapping(
        self, a: str, structure_a: str, b: str, structure_b: str, mapping: FieldMapping, toward: Side, limit: int = 5
    ) -> tuple[MappingSample, ...]:
        """What the mapping makes of the first records. Raises ExpressionError and the like for an unusable mapping."""
        with Reading(self._endpoints) as reading:
            ends = Ends(a, reading.describe(a, structure_a), b, reading.describe(b, structure_b))
            return mapping_sample.samples(reading, ends, mapping, toward, limit)

    def filter_count(self, endpoint: str, structure: str, condition: str) -> tuple[int, int]:
        """How many of the first records fulfil the condition, and how many were looked at. Raises ExpressionError."""
        with Reading(self._endpoints) as reading:
            described = reading.describe(endpoint, structure)
            return mapping_sample.filter_count(reading, endpoint, described, condition)

    def _check_group(self, configuration: SyncConfiguration) -> Iterator[Finding]:
        systems = self._store.systems()
        (mine,) = on_systems([configuration], systems)
        return check_group(mine, on_systems(self._store.configurations(), systems))

    def sentences(self, configuration: SyncConfiguration) -> tuple[str, ...]:
        """What will happen, in sentences."""
        return configuration_text.sentences(configuration)

    def states(self) -> tuple[ConfigurationState, ...]:
        """What the list of configurations shows, by name."""
        known = self.list()
        follow_ups, groups = self._store.follow_ups(), sync_groups(on_systems(known, self._store.systems()))
        ahead = self._schedules.outlooks(known)
        return tuple(self._state(one, ahead[one.name], follow_ups, groups) for one in known)

    def _state(
        self,
        configuration: SyncConfiguration,
        outlook: Outlook,
        follow_ups: Mapping[str, FollowUp],
        groups: Sequence[SyncGroup],
    ) -> ConfigurationState:
        name = configuration.name
        follow_up = follow_ups.get(name)
        runs = self._store.runs(name, 1, kinds=SYNCHRONIZING)
        counts = self._store.count_by_status(name)
        binding = self._store.binding(name)
        return ConfigurationState(
            name,
            configuration.a,
            configuration.b,
            configuration.enabled,
            self._store.is_held(name),
            runs[0].outcome if runs else None,
            runs[0].started_at if runs else None,
            outlook.at,
            counts,
            counts.get(Status.CONFLICT, 0),
            binding.match_only,
            binding.match_only is not None and binding.matched_run is not None,
            follows="" if follow_up is None else follow_up.because,
            group=next((group.members for group in groups if name in group.members), ()),
            waits_for=outlook.waits_for,
        )

    def _refuse_while_running(self, name: str) -> None:
        if self._store.is_held(name):
            raise AlreadyRunningError(name, self._store.holder(name))

    @staticmethod
    def _structure_looks(reading: Reading, endpoint: str) -> tuple[Look, ...]:
        looks: list[Look] = []
        for summary in reading.session(endpoint).structures()[:COMPARED_STRUCTURES]:
            try:
                looks.append(Look(reading.describe(endpoint, summary.name), {}))
            except EndpointError:
                continue  # one unreadable file among others is no reason to suggest nothing
        return tuple(looks)


def _with_step(configuration: SyncConfiguration, name: str, enabled: bool) -> SyncConfiguration:
    standard = next((each for each in STANDARD if name in (each.kind.value, each.title)), None)
    if standard is not None:
        if standard.locked and not enabled:
            raise ConfigurationError(f'"{standard.title}" cannot be switched off: {standard.locked}', path="step")
        return replace(configuration, steps=with_standard(configuration.steps, standard.kind, enabled))
    if not any(step.kind in KINDS and step.name == name for step in configuration.steps):
        raise ConfigurationError(f'there is no step "{name}" in "{configuration.name}"', path="step")
    steps = (
        replace(step, enabled=enabled) if step.kind in KINDS and step.name == name else step
        for step in configuration.steps
    )
    return replace(configuration, steps=tuple(steps))


def _check_cron(configuration: SyncConfiguration) -> Iterator[Finding]:
    for schedule, path in zip(configuration.schedules, ("schedule.cron", "process_schedule.cron"), strict=False):
        if schedule.kind is ScheduleKind.CRON and len(schedule.cron.split()) == 5:
            try:
                next_cron(schedule.cron, datetime(2024, 1, 1))
            except ConfigurationError as error:
                yield Finding(Level.ERROR, f"{error.problem}.", path=path)


def _check_syntax(configuration: SyncConfiguration) -> Iterator[Finding]:
    for entity in configuration.entities:
        for index, mapping in enumerate(entity.fields):
            for side in Side:
                problem = _syntax_problem(mapping.expression_to(side))
                if problem:
                    yield Finding(Level.ERROR, problem, entity.name, index, f"field.to_{side.value}")
        for side in Side:
            problem = _syntax_problem(entity.filter.of(side))
            if problem:
                message = f'The filter of "{configuration.endpoint_of(side)}": {problem}'
                yield Finding(Level.ERROR, message, entity.name, path=f"entity.filter.{side.value}")


def _check_step_syntax(configuration: SyncConfiguration) -> Iterator[Finding]:
    for place, step in enumerate(configuration.steps):
        for key, text in (("condition", step.condition), ("expression", step.expression)):
            problem = _syntax_problem(text)
            if problem:
                yield Finding(Level.ERROR, f'Step "{step.name}": {problem}', step.entity, path=f"step.{place}.{key}")


def _syntax_problem(text: str) -> str:
    if not text.strip():
        return ""
    try:
        read(Source(text))
    except ExpressionError as error:
        return live_check.expression_problem(error)
    return ""
