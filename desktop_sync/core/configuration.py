"""What a person sets up: endpoints, sync configurations, entities and field mappings.

All values are frozen. They hold no secrets: a setting that is secret holds a `SecretReference`.
`core.configuration_check` tells what is wrong with a value; these classes only hold it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from desktop_sync.core.schedule import MANUAL, Schedule, ScheduleKind
from desktop_sync.core.triggers import AfterRun, FileArrival

T = TypeVar("T")


class Side(enum.Enum):
    """One of the two endpoints of a configuration. Shown to people by the endpoint's name."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Side:
        return Side.B if self is Side.A else Side.A


class Direction(enum.Enum):
    A_TO_B = "a-to-b"
    B_TO_A = "b-to-a"
    BOTH = "both"

    def flows_from(self, side: Side) -> bool:
        """Whether values may travel from `side` to the other one."""
        return self is Direction.BOTH or self is (Direction.A_TO_B if side is Side.A else Direction.B_TO_A)


class MatchRule(enum.Enum):
    STRICT = "strict"
    BEST = "best"


class ConflictRule(enum.Enum):
    """Who wins when both sides changed to different values (SPEC §6)."""

    MOST_RECENT = "most-recent"
    A = "a"
    B = "b"
    ASK = "ask"


class FirstContactRule(enum.Enum):
    """Who wins when two records are linked for the first time and differ (SPEC §6)."""

    MOST_RECENT = "most-recent"
    A = "a"
    B = "b"
    FILL_EMPTY = "fill-empty"
    ASK = "ask"


class Resolution(enum.Enum):
    """What is one piece where both sides changed: the record, or each field (SPEC §7).

    Field by field, what one side alone changed is that side's, and the conflict rule is for fields that both changed;
    by the most recent change the stamps of the fields say both. In both cases a record is written whole.
    """

    RECORD = "record"
    FIELD = "field"


class DeleteRule(enum.Enum):
    """What happens to the counterpart of a deleted record (SPEC §6)."""

    DELETE = "delete"
    MARK = "mark"
    UNLINK = "unlink"
    RESTORE = "restore"
    IGNORE = "ignore"


class EditAgainstDelete(enum.Enum):
    EDIT = "edit"
    DELETE = "delete"
    ASK = "ask"


class RealTime(enum.Enum):
    """What is done as soon as a record of the entity changes (SPEC §8)."""

    OFF = "off"
    PREPARE = "prepare"
    PREPARE_AND_PROCESS = "prepare-and-process"


class NullPolicy(enum.Enum):
    WRITE = "write"
    LEAVE = "leave"
    DEFAULT = "default"


class UnknownChoice(enum.Enum):
    """What a value map does with a value that is not in it."""

    INVALID = "invalid"
    KEEP = "keep"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """The name under which a secret lies in the password store. Never the secret."""

    name: str


SettingValue = str | int | float | bool | SecretReference


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a service tells that something changed in an endpoint (`core.webhook`). `key`: what its messages are signed
    with. `structure`, `record`: where in a message the name of the structure and the ids of records stand, as names of
    members joined by points; empty where it does not say."""

    key: SecretReference
    structure: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One configured instance of a provider. `settings` keys are those that the provider declares."""

    name: str
    provider: str
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    webhook: Webhook | None = None

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The secrets that it refers to, each once."""
        keys = () if self.webhook is None else (self.webhook.key,)
        named = (value for value in (*self.settings.values(), *keys) if isinstance(value, SecretReference))
        return tuple(dict.fromkeys(one.name for one in named))


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One pair of fields and what happens to values on the way.

    `a` or `b` is empty where there is no single counterpart: `to_b` alone computes a field of B from several of A.
    `to_b` is an expression over A's fields, `to_a` over B's; empty means the plain field.
    `normal_form` is an ordered list of `core.normal_form` step names. `value_map` rows are (A's choice, B's choice).
    `lookup` names the entity whose peers translate the ids. `only_new`: applies to newly created records only.
    """

    a: str = ""
    b: str = ""
    direction: Direction = Direction.BOTH
    identifying: bool = False
    to_b: str = ""
    to_a: str = ""
    normal_form: tuple[str, ...] = ()
    null: NullPolicy = NullPolicy.WRITE
    default: str | None = None
    value_map: tuple[tuple[str, str], ...] = ()
    unknown_choice: UnknownChoice = UnknownChoice.INVALID
    lookup: str = ""
    only_new: bool = False
    masked: bool = False

    def field_of(self, side: Side) -> str:
        return self.a if side is Side.A else self.b

    def expression_to(self, side: Side) -> str:
        return self.to_a if side is Side.A else self.to_b


@dataclass(frozen=True, slots=True)
class PerSide(Generic[T]):
    """A value for each side."""

    a: T
    b: T

    def of(self, side: Side) -> T:
        return self.a if side is Side.A else self.b


@dataclass(frozen=True, slots=True)
class Mark:
    """The field that is set, and to what, where the delete rule is `mark`. An empty field: no mark is set up."""

    field: str = ""
    value: str = ""


NO_MARK = Mark()


@dataclass(frozen=True, slots=True)
class Entity:
    """One pair of structures with its mapping and rules.

    `delete.a` is the rule of direction A→B (a record was deleted in A), `delete.b` that of B→A.
    `modified` names the stamp fields, empty where there is none. `key` names the id fields where the endpoint
    declares none;
    empty falls back to the structure's own key, then to the identifying fields.
    `filter` holds one condition in the expression language per side, over that side's fields.
    """

    name: str
    structures: PerSide[str]
    fields: tuple[FieldMapping, ...]
    direction: Direction = Direction.BOTH
    primary: Side = Side.A
    conflict: ConflictRule = ConflictRule.MOST_RECENT
    first_contact: FirstContactRule = FirstContactRule.MOST_RECENT
    delete: PerSide[DeleteRule] = PerSide(DeleteRule.DELETE, DeleteRule.DELETE)
    mark: PerSide[Mark] = PerSide(NO_MARK, NO_MARK)
    edit_against_delete: EditAgainstDelete = EditAgainstDelete.EDIT
    match: MatchRule = MatchRule.STRICT
    modified: PerSide[str] = PerSide("", "")
    key: PerSide[tuple[str, ...]] = PerSide((), ())
    filter: PerSide[str] = PerSide("", "")
    max_failed_attempts: int = 5
    resolution: Resolution = Resolution.RECORD
    sentinel: PerSide[str] = PerSide("", "")
    """Ids of records that are always there: where one is missing, the side is not what it was (guard `sentinel`)."""
    real_time: RealTime = RealTime.OFF

    @property
    def identifying(self) -> tuple[FieldMapping, ...]:
        return tuple(mapping for mapping in self.fields if mapping.identifying)

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """Names of the entities that must be synchronized before this one, without repetition, in mapping order."""
        return tuple(dict.fromkeys(mapping.lookup for mapping in self.fields if mapping.lookup))


class StepKind(enum.Enum):
    """The steps of a pipeline: the standard ones in their order, then those that a user adds (SPEC §6)."""

    PULL = "pull-details"
    DIRECTION = "determine-direction"
    PREREQUISITES = "prerequisites-first"
    STANDARD_MAPPING = "standard-mapping"
    CONFIGURED_MAPPING = "configured-mapping"
    SAVE = "save"
    SET_PROCESSED = "set-processed"
    FILTER = "filter"
    TRANSFORM = "transform"
    VALIDATE = "validate"
    LOOK_UP = "look-up"
    PLUGIN = "plugin"
    NOTIFY = "notify"
    COMMAND = "command"
    URL = "url"


class Moment(enum.Enum):
    """When a step of the user's own has its turn; `core.pipeline` says which kinds may have which."""

    BEFORE_RUN = "before-run"
    BEFORE_MAPPING = "before-mapping"
    AFTER_MAPPING = "after-mapping"
    AFTER_BATCH = "after-batch"
    AFTER_RUN = "after-run"


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """A step of the user's own; or a standard one that the user disabled, which has a kind and `enabled` only.

    `entity` empty: all entities. `moment` None: the kind's usual one. Which keys a kind has says `core.pipeline`:
    `condition` (filter, validate, notify), `message` (validate, notify), `field` of the receiving side and `expression`
    over the sending side's fields (transform: the value; look up: the key), `choices` (key, value) with `otherwise` for
    a key that is not among them, or `lookup` (the entity whose peers translate the key), `command` (program and
    arguments, no shell), `url`, `plugin` (the name of an entry point) with the `fields` of the receiving side that it
    fills, `time_limit_s` in seconds.
    """

    kind: StepKind
    name: str = ""
    entity: str = ""
    direction: Direction = Direction.BOTH
    enabled: bool = True
    moment: Moment | None = None
    condition: str = ""
    message: str = ""
    field: str = ""
    expression: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    otherwise: UnknownChoice = UnknownChoice.INVALID
    default: str = ""
    lookup: str = ""
    command: tuple[str, ...] = ()
    url: str = ""
    plugin: str = ""
    fields: tuple[str, ...] = ()
    time_limit_s: int = 60


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Limits of the guards (SPEC §8). A share is 0 to 1; a number counts records. None switches that guard off."""

    deletes_share: float | None = 0.10
    deletes_number: int | None = 100
    empty_side: bool = True
    shrunk_share: float | None = 0.5
    creates_share: float | None = 0.5
    updates_share: float | None = 0.5
    all_changed: bool = True
    identity: bool = True
    edited: bool = True
    """Deletions wait in the first run after an edit of what is synchronized (RELIABILITY C9)."""
    older_state: bool = True
    """What a side tells that was put back to an older state waits for a person (RELIABILITY C7)."""
    write_loop: bool = True
    """A record that two programs overwrite in turn waits for a person (RELIABILITY D9)."""


@dataclass(frozen=True, slots=True)
class SyncConfiguration:
    """Two endpoints, the entities, and how it runs. `version` counts saved edits, from 1.

    `identity`: what endpoints know it by, whatever it is called; given when it is first saved, and it goes with a copy.
    Two that differ in nothing else are equal.

    `steps` are the user's own, in the order of their turn within each moment, and standard ones that are disabled.
    `schedule` prepares and processes; with a `process_schedule` it only prepares, and that one processes: MANUAL leaves
    it to a person. While `enabled` is False nothing of this starts a run, no trigger does, and no entity is in real
    time.
    """

    name: str
    a: str
    b: str
    entities: tuple[Entity, ...]
    enabled: bool = True
    schedule: Schedule = MANUAL
    guards: GuardLimits = GuardLimits()
    version: int = 1
    steps: tuple[PipelineStep, ...] = ()
    process_schedule: Schedule | None = None
    after_runs: tuple[AfterRun, ...] = ()
    file_arrivals: tuple[FileArrival, ...] = ()
    identity: str = field(default="", compare=False)

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """The schedule, and that of processing where it has one of its own."""
        return (self.schedule,) if self.process_schedule is None else (self.schedule, self.process_schedule)

    @property
    def is_in_real_time(self) -> bool:
        return any(entity.real_time is not RealTime.OFF for entity in self.entities)

    @property
    def runs_by_itself(self) -> bool:
        """Whether anything but a person may start it, as long as it is enabled."""
        is_scheduled = any(schedule.kind is not ScheduleKind.MANUAL for schedule in self.schedules)
        return is_scheduled or self.is_in_real_time or bool(self.after_runs or self.file_arrivals)

    @property
    def lease_key(self) -> str:
        """What a lease of it is kept under; its name where it was saved before there were identities."""
        return self.identity or self.name

    def endpoint_of(self, side: Side) -> str:
        return self.a if side is Side.A else self.b

    def entity(self, name: str) -> Entity | None:
        return next((entity for entity in self.entities if entity.name == name), None)


@dataclass(frozen=True, slots=True)
class Definitions:
    """The content of one configuration file: endpoints and the configurations that use them."""

    endpoints: tuple[Endpoint, ...] = ()
    configurations: tuple[SyncConfiguration, ...] = ()
