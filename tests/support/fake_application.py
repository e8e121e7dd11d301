"""An application without engine, ledger and endpoints: its services answer what a test puts into them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from desktop_sync.core.binding import Binding, MatchOnly
from desktop_sync.core.configuration import Entity, FieldMapping, PerSide, Side, SyncConfiguration
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.guard import Guard
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import EntityPlan, Mode, Plan, PlanRow, Range
from desktop_sync.core.ports import CancelToken, NoProgress, Phase, Progress, SecretReading, SecretState
from desktop_sync.core.run import EntityResult, Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_group import GroupResult, SyncGroup
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.core.unattended import Due
from desktop_sync.services.views import (
    BindingReport,
    ConfigurationState,
    EntityVerification,
    Finding,
    ImportReport,
    ReportFiles,
    VerificationReport,
)
from tests.support.fake_explanation import FakeExplanations
from tests.support.fake_history_retention import FakeHistoryRetention
from tests.support.fake_plugins import FakePlugins
from tests.support.fake_undo import FakeUndo

EVERYTHING = Range()
NOBODY = NoProgress()
AGREEMENT = EntityVerification("customers", in_sync=50, digest="abc123")
IMPORTED = ImportReport(("CRM", "Shop"), ("Customers",), ("CRM password",), ("Customers",))
AT = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
CUSTOMERS = SyncConfiguration(
    "Customers",
    "CRM",
    "Shop",
    (Entity("customers", PerSide("customer", "customers"), (FieldMapping("Email", "email", identifying=True),)),),
)
RESULT = RunResult(
    7,
    "Customers",
    Outcome.DONE,
    (EntityResult("customers", 50, 40, {Action.CREATE_B: 10, Action.LINK: 38, Action.MARK_A: 2}, 0, 0.5),),
)


@dataclass
class FakeClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return AT

    def monotonic_s(self) -> float:
        self.seconds += 1
        return self.seconds

    def boottime_s(self) -> float:
        return self.seconds


@dataclass
class FakeSecrets:
    state: SecretState = SecretState.AVAILABLE
    values: dict[str, str] = field(default_factory=dict)
    is_lasting: bool = True

    def read(self, name: str) -> SecretReading:
        return SecretReading(SecretState.ABSENT)

    def write(self, name: str, value: str) -> SecretState:
        self.values[name] = value
        return self.state

    def delete(self, name: str) -> SecretState:
        return self.state

    def describe(self) -> str:
        return "It is kept in memory."


@dataclass
class FakeConfigurations:
    known: dict[str, SyncConfiguration] = field(default_factory=lambda: {"Customers": CUSTOMERS})
    findings: tuple[Finding, ...] = ()
    switched: list[tuple[str, str, bool]] = field(default_factory=list)
    reset: list[tuple[str, str]] = field(default_factory=list)
    match_only: MatchOnly | None = None
    can_confirm: bool = False
    follows: str = ""
    group: tuple[str, ...] = ()

    def get(self, name: str) -> SyncConfiguration:
        if name not in self.known:
            raise ConfigurationError(f'there is no configuration "{name}"')
        return self.known[name]

    def check_live(self, configuration: SyncConfiguration) -> tuple[Finding, ...]:
        return self.findings

    def set_enabled(self, name: str, enabled: bool) -> None:
        self.known[name] = replace(self.get(name), enabled=enabled)

    def reset_peering(self, name: str, entity: str) -> None:
        self.reset.append((self.get(name).name, entity))

    def enable_step(self, name: str, step: str, enabled: bool) -> SyncConfiguration:
        self.switched.append((name, step, enabled))
        return self.get(name)

    def states(self) -> tuple[ConfigurationState, ...]:
        return tuple(
            ConfigurationState(
                each.name,
                each.a,
                each.b,
                each.enabled,
                False,
                Outcome.DONE,
                AT,
                None,
                {Status.PROCESSED: 40},
                1,
                self.match_only,
                self.can_confirm,
                self.follows,
                self.group,
            )
            for each in self.known.values()
        )


@dataclass
class FakePlanView:
    plan: Plan
    is_closed: bool = False
    match_only: MatchOnly | None = None

    def rows(
        self,
        *,
        entity: str = "",
        actions: tuple[Action, ...] = (),
        text: str = "",
        sort: str = "number",
        descending: bool = False,
        offset: int = 0,
        limit: int = 200,
    ) -> list[PlanRow]:
        row = PlanRow(1, entity, Action.CREATE_B, Rule.NEW, None, "17", None, "Ann\x1b[31m", "new", False, None)
        return [row][:limit]

    def close(self) -> None:
        self.is_closed = True


Work = Callable[[Progress, CancelToken], None]


@dataclass
class FakeSynchronization:
    """`calls` are (method, name, details). `work` is done inside each; `error` is raised by each."""

    result: RunResult = RESULT
    plan: Plan = field(
        default_factory=lambda: Plan(
            "p1", "Customers", 1, Mode.FULL, AT, (EntityPlan("customers", 50, 40, counts={Action.CREATE_B: 10}),)
        )
    )
    error: BaseException | None = None
    work: Work = lambda progress, cancel: progress.phase("customers", Phase.READING, 90)
    calls: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    views: list[FakePlanView] = field(default_factory=list)
    match_only: MatchOnly | None = None

    def _called(self, method: str, name: str, progress: Progress, cancel: CancelToken, **details: object) -> None:
        self.calls.append((method, name, details))
        self.work(progress, cancel)
        progress.advance(90)
        if self.error is not None:
            raise self.error

    def preview(
        self,
        name: str,
        *,
        mode: Mode = Mode.FULL,
        range: Range = EVERYTHING,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> FakePlanView:
        self._called("preview", name, progress, cancel or CancelToken(), mode=mode, range=range)
        self.views.append(FakePlanView(self.plan, match_only=self.match_only))
        return self.views[-1]

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = EVERYTHING,
        allow: frozenset[Guard] = frozenset(),
        plan_digest: str = "",
        pilot: int | None = None,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        details = {"trigger": trigger, "mode": mode, "range": range, "allow": allow}
        details |= {"plan_digest": plan_digest} if plan_digest else {}
        details |= {"pilot": pilot} if pilot is not None else {}
        self._called("run", name, progress, cancel or CancelToken(), **details)
        return self.result

    def prepare(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = EVERYTHING,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        details = {"trigger": trigger, "mode": mode, "range": range}
        self._called("prepare", name, progress, cancel or CancelToken(), **details)
        return self.result

    def process(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        plan_digest: str = "",
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        details = {"trigger": trigger, "allow": allow} | ({"plan_digest": plan_digest} if plan_digest else {})
        self._called("process", name, progress, cancel or CancelToken(), **details)
        return self.result

    def run_records(
        self,
        name: str,
        record_ids: Sequence[int],
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        details = {"records": list(record_ids), "trigger": trigger, "allow": allow}
        self._called("run_records", name, progress, cancel or CancelToken(), **details)
        return self.result


@dataclass
class FakeRecords:
    stored: list[SyncRecord] = field(default_factory=list)
    found_conflicts: list[Conflict] = field(default_factory=list)
    past_runs: list[Run] = field(default_factory=list)
    past_actions: list[HistoryRow] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    changes: int = 1
    held_cases: list[HeldCase] = field(default_factory=list)

    def held(self, configuration: str, entity: str = "") -> list[HeldCase]:
        return [each for each in self.held_cases if entity in ("", each.entity)]

    def _matching(self, query: RecordQuery) -> list[SyncRecord]:
        return [
            each
            for each in self.stored
            if (not query.statuses or each.status in query.statuses) and query.entity in ("", each.entity)
        ]

    def records(self, query: RecordQuery) -> list[SyncRecord]:
        return self._matching(query)[query.offset : query.offset + query.limit]

    def count(self, query: RecordQuery) -> int:
        return len(self._matching(query))

    def conflicts(
        self, configuration: str, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]:
        found = [each for each in self.found_conflicts if not only_open or each.settled_at is None]
        return found[offset : offset + limit]

    def resolve(self, conflict_id: int, winner: Side) -> None:
        self.calls.append(("resolve", conflict_id, winner))

    def link(self, configuration: str, entity: str, a_id: str, b_id: str) -> None:
        self.calls.append(("link", configuration, entity, a_id, b_id))

    def unlink(self, record_id: int) -> None:
        self.calls.append(("unlink", record_id))

    def set_status(self, record_ids: Sequence[int], event: Event) -> int:
        self.calls.append(("set_status", list(record_ids), event))
        return self.changes

    def runs(self, configuration: str = "", limit: int = 200, offset: int = 0) -> list[Run]:
        return [each for each in self.past_runs if configuration in ("", each.configuration)][offset : offset + limit]

    def run(self, run_id: int) -> Run | None:
        return next((each for each in self.past_runs if each.id == run_id), None)

    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]:
        return [each for each in self.past_actions if each.run_id == run_id][offset : offset + limit]

    def find(self, configuration: str, record: str, entity: str = "") -> SyncRecord:
        for each in self.stored:
            if record.removeprefix("#") in (str(each.id), each.a_id, each.b_id):
                return each
        raise ConfigurationError(f'there is no record "{record}"')


@dataclass
class FakeVerification:
    entity: EntityVerification = AGREEMENT
    files: list[ReportFiles | None] = field(default_factory=list)

    def verify(
        self,
        name: str,
        *,
        files: ReportFiles | None = None,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> VerificationReport:
        self.files.append(files)
        return VerificationReport(name, (self.entity,))


@dataclass
class FakeDefinitions:
    report: ImportReport = IMPORTED
    files: list[Path] = field(default_factory=list)
    toml: str = "format = 1\n"

    def import_file(self, path: Path) -> ImportReport:
        self.files.append(path)
        return self.report

    def export(self, names: Sequence[str] = ()) -> str:
        return self.toml + "".join(f"# {name}\n" for name in names)


ONE_PASS = GroupResult(SyncGroup(("Customers",), ()), (RESULT,), 1)


@dataclass
class FakeGroups:
    """`result` is what running a group comes to."""

    result: GroupResult = ONE_PASS
    calls: list[tuple[str, frozenset[Guard]]] = field(default_factory=list)

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> GroupResult:
        self.calls.append((name, allow))
        return self.result


@dataclass
class FakeBindings:
    """Bound to this ledger, without a lease, until a test says otherwise."""

    report: BindingReport = field(default_factory=lambda: BindingReport("Customers", Binding("0190-l", 1), None, {}))
    error: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def look(self, name: str) -> BindingReport:
        return self._told("look")

    def take_over(self, name: str) -> BindingReport:
        return self._told("take_over")

    def confirm_match(self, name: str) -> None:
        self._told("confirm_match")

    def _told(self, call: str) -> BindingReport:
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        return self.report


@dataclass
class FakeSample:
    resets: list[bool] = field(default_factory=list)

    def create(self, *, reset: bool = False) -> str:
        self.resets.append(reset)
        return "Customers"


@dataclass
class FakeUnattended:
    """`script`: what is due at each look; after the last one somebody interrupts the program. `results`: what comes of
    each run, an error or a result."""

    script: list[tuple[Due, ...]] = field(default_factory=list)
    results: list[RunResult | Exception | None] = field(default_factory=list)
    watched: list[tuple[str, ...]] = field(default_factory=list)
    ran: list[Due] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def has_news(self) -> bool:
        return bool(self.script)

    def start(self, only: Collection[str] = ()) -> None:
        self.watched.append(tuple(only))

    def wait(self, seconds: float) -> None:
        if not self.script and not self.is_interrupted:
            self.is_interrupted = True
            signal.raise_signal(signal.SIGTERM)

    def due(self, now: datetime, *, with_schedules: bool = True) -> tuple[Due, ...]:
        return self.script.pop(0) if self.script else ()

    def carry_out(
        self, due: Due, *, progress: Progress = NOBODY, cancel: CancelToken | None = None
    ) -> RunResult | None:
        self.ran.append(due)
        result = self.results.pop(0) if self.results else RESULT
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class FakeApplication:
    """`build` stands for `bootstrap.build_application`; `homes` are the folders it was called with."""

    clock: FakeClock = field(default_factory=FakeClock)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    configurations: FakeConfigurations = field(default_factory=FakeConfigurations)
    synchronization: FakeSynchronization = field(default_factory=FakeSynchronization)
    bindings: FakeBindings = field(default_factory=FakeBindings)
    groups: FakeGroups = field(default_factory=FakeGroups)
    records: FakeRecords = field(default_factory=FakeRecords)
    undo: FakeUndo = field(default_factory=FakeUndo)
    unattended: FakeUnattended = field(default_factory=FakeUnattended)
    explanation: FakeExplanations = field(default_factory=FakeExplanations)
    verification: FakeVerification = field(default_factory=FakeVerification)
    plugins: FakePlugins = field(default_factory=FakePlugins)
    history_retention: FakeHistoryRetention = field(default_factory=FakeHistoryRetention)
    definitions: FakeDefinitions = field(default_factory=FakeDefinitions)
    sample: FakeSample = field(default_factory=FakeSample)
    homes: list[Path | None] = field(default_factory=list)
    closed: int = 0

    def build(self, home: Path | None) -> FakeApplication:
        self.homes.append(home)
        return self

    def close(self) -> None:
        self.closed += 1


def past_run(number: int, outcome: Outcome = Outcome.DONE) -> Run:
    return Run(number, "Customers", 1, RunKind.RUN, Trigger.COMMAND_LINE, AT, AT, outcome, RESULT)
