"""A provider whose endpoints are tables in memory: what the services' and the wizards' tests set up and look into."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from desktop_sync.core.binding import Binding
from desktop_sync.core.clock_doctor import ClockSample
from desktop_sync.core.errors import AuthenticationError, ConfigurationError, MissingError, Place
from desktop_sync.core.ledger_values import EntityKey, FollowUp, Loss
from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    EndpointReport,
    EndpointTime,
    HighMarks,
    OpenContext,
    Provider,
    ReadRequest,
    Setting,
    SettingKind,
    StructureSummary,
    Writer,
)
from desktop_sync.core.run import Run, RunKind, Trigger
from desktop_sync.core.status import Status
from desktop_sync.core.structure import Structure
from desktop_sync.core.sync_group import StructureName
from tests.support.definition_store_fake import MemoryDefinitionStore


@dataclass
class MemoryTable:
    structure: Structure
    rows: list[tuple[object, ...]] = field(default_factory=list)


class MemorySession:
    def __init__(self, provider: MemoryProvider, context: OpenContext) -> None:
        self._provider = provider
        self._endpoint = context.endpoint
        self._tables = provider.tables.setdefault(context.endpoint, {})
        self.is_closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    def test(self) -> EndpointReport:
        return EndpointReport(True, self.structures(), True, 0.4, 0.01, ("Two tables were found.",))

    def identity(self) -> str:
        return self._endpoint

    def high_marks(self, structure: Structure) -> HighMarks:
        return HighMarks()

    def time(self) -> EndpointTime | None:
        return None

    def structures(self) -> tuple[StructureSummary, ...]:
        return tuple(
            StructureSummary(name, len(table.rows), table.structure.can_write)
            for name, table in sorted(self._tables.items())
        )

    def describe(self, name: str) -> Structure:
        if name not in self._tables:
            raise MissingError("it is not there", Place(self._endpoint, name))
        return self._tables[name].structure

    def read(self, request: ReadRequest) -> ArrowStream:
        table = self._tables[request.structure.name]
        rows = table.rows[: request.limit]
        columns = []
        for name in request.fields:
            place = table.structure.field_names.index(name)
            columns.append(pa.array([row[place] for row in rows], from_pandas=True))
        columns = [column.cast(pa.string()) if column.type == pa.null() else column for column in columns]
        return pa.table(columns, names=list(request.fields))

    def reserve_ids(self, structure: Structure, count: int) -> list[str] | None:
        return None

    def find_created(self, structure: Structure, keys: Sequence[str]) -> list[list[str]]:
        """Creates carry no keys here: their ids are known beforehand."""
        return [[] for _ in keys]

    def create_structure(self, structure: Structure) -> None:
        if structure.name in self._tables:
            raise ConfigurationError("it exists already", Place(self._endpoint, structure.name))
        self._tables[structure.name] = MemoryTable(structure)

    def writer(self, structure: Structure) -> Writer:
        raise AssertionError("nothing in these tests writes records")

    def close(self) -> None:
        self.is_closed = True


@dataclass
class MemoryProvider:
    """`tables`: endpoint to structure to table, by name. `password`: what endpoints must be opened with, if any."""

    name: str = "memory"
    label: str = "Memory"
    settings: tuple[Setting, ...] = (
        Setting("folder", "Folder", SettingKind.FOLDER, is_required=True, help="Where the tables are."),
        Setting("file", "File", SettingKind.FILE, file_patterns=("*.db",)),
        Setting("user", "User"),
        Setting("password", "Password", SettingKind.SECRET),
        Setting("port", "Port", SettingKind.NUMBER, default=5432),
        Setting("encoding", "Encoding", SettingKind.CHOICE, choices=(("utf-8", "Unicode"), ("latin-1", "Western"))),
        Setting("read_only", "Only read", SettingKind.FLAG, default=False),
    )
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(can_create_structures=True))
    tables: dict[str, dict[str, MemoryTable]] = field(default_factory=dict)
    password: str = ""
    contexts: list[OpenContext] = field(default_factory=list)
    sessions: list[MemorySession] = field(default_factory=list)

    def open(self, context: OpenContext) -> MemorySession:
        self.contexts.append(context)
        if self.password and context.settings.get("password") != self.password:
            raise AuthenticationError("the password is wrong", Place(context.endpoint))
        session = MemorySession(self, context)
        self.sessions.append(session)
        return session

    def add(self, endpoint: str, structure: Structure, rows: Sequence[tuple[object, ...]] = ()) -> None:
        self.tables.setdefault(endpoint, {})[structure.name] = MemoryTable(structure, list(rows))


class MemoryRegistry:
    def __init__(self, *providers: Provider) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._providers))

    def get(self, name: str) -> Provider:
        if name not in self._providers:
            raise ConfigurationError(f'there is no provider "{name}"')
        return self._providers[name]


class MemorySecrets:
    """A password store in memory. `state` other than AVAILABLE is what every call answers."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.state = SecretState.AVAILABLE

    def read(self, name: str) -> SecretReading:
        if self.state is not SecretState.AVAILABLE:
            return SecretReading(self.state)
        if name not in self.values:
            return SecretReading(SecretState.ABSENT)
        return SecretReading(SecretState.AVAILABLE, self.values[name])

    def write(self, name: str, value: str) -> SecretState:
        if self.state is SecretState.AVAILABLE:
            self.values[name] = value
        return self.state

    def delete(self, name: str) -> SecretState:
        self.values.pop(name, None)
        return self.state

    @property
    def is_lasting(self) -> bool:
        return True

    def describe(self) -> str:
        return "Secrets are kept in memory."


class MemoryStore(MemoryDefinitionStore):
    """Definitions, runs that a test puts there, and who is running."""

    def __init__(self) -> None:
        super().__init__()
        self.kept_runs: list[Run] = []
        self.held: set[str] = set()
        self.status_counts: dict[Status, int] = {}
        self.to_follow: dict[str, FollowUp] = {}
        self.used_structures: frozenset[StructureName] = frozenset()
        self.peers = 0

    def count_peers(self, key: EntityKey) -> int:
        return self.peers

    def runs(
        self,
        configuration: str = "",
        limit: int = 200,
        offset: int = 0,
        *,
        kinds: Collection[RunKind] = (),
        without: Collection[Trigger] = (),
    ) -> list[Run]:
        """Newest first."""
        mine = [run for run in self.kept_runs if run.configuration == configuration and run.trigger not in without]
        chosen = [run for run in mine if not kinds or run.kind in kinds]
        return sorted(chosen, key=lambda run: run.id, reverse=True)[offset : offset + limit]

    def run_marks(self) -> tuple[int, tuple[int, ...]]:
        return len(self.kept_runs), ()

    def is_held(self, configuration: str) -> bool:
        return configuration in self.held

    def holder(self, configuration: str) -> str:
        return "process 4711 on desk" if configuration in self.held else ""

    def binding(self, configuration: str) -> Binding:
        return Binding("0190-l")

    def keep_structures(self, used: Collection[StructureName]) -> None:
        self.used_structures = frozenset(used)

    def follow_ups(self) -> dict[str, FollowUp]:
        return dict(self.to_follow)

    def count_by_status(self, configuration: str, entity: str = "") -> dict[Status, int]:
        return dict(self.status_counts)

    def clock_samples(self, endpoint: str) -> tuple[ClockSample, ...]:
        return ()

    def keep_clock_sample(self, endpoint: str, sample: ClockSample) -> None:
        raise AssertionError("endpoints in memory have no clock of their own")

    def losses(self, key: EntityKey) -> tuple[Loss, ...]:
        return ()


class SetClock:
    """A clock that stands still until a test sets it."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def boottime_s(self) -> float:
        return self.at.timestamp()
