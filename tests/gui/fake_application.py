"""An application in memory, with realistic records: small enough to read, as large as a million rows on demand."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_sync.core.binding import Binding, MatchOnly
from desktop_sync.core.clock_doctor import ClockShift, shift_sentence
from desktop_sync.core.configuration import (
    Endpoint,
    Entity,
    FieldMapping,
    PerSide,
    SecretReference,
    Side,
    StepKind,
    SyncConfiguration,
    Webhook,
)
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import ConfigurationError, MissingError, Place, VersionMismatchError
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.pipeline import pipeline
from desktop_sync.core.plan import EntityPlan, FieldChange, Mode, Plan, PlanRow, Range
from desktop_sync.core.ports import CancelToken, ListenAddress, NoProgress, Phase, Progress
from desktop_sync.core.provider_port import Capabilities, EndpointReport, StructureSummary
from desktop_sync.core.run import EntityResult, Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.side_swap import swapped
from desktop_sync.core.status import Event, Status, after
from desktop_sync.core.sync_group import GroupResult, SyncGroup
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.core.unattended import Due, Outlook
from desktop_sync.services.session.clocks import ClockReport, StampReport
from desktop_sync.services.views import (
    BindingReport,
    ConfigurationState,
    EntityVerification,
    Finding,
    ImportReport,
    Level,
    ProviderInfo,
    RecordTrace,
    ReportFiles,
    ReviewCase,
    StepOutcome,
    StepTrace,
    VerificationReport,
)
from tests.gui.fake_undo import FakeUndoDesk
from tests.support.fake_explanation import FakeExplanations
from tests.support.fake_history_retention import FakeHistoryRetention
from tests.support.fake_plugins import FakePlugins

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
MILLION = 1_000_000
FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Ines", "Jakob", "Kirsten", "Luca")
LAST = ("Almeida", "Brandt", "Carter", "Dubois", "Eriksen", "Fischer", "Gruber", "Hansen", "Ito", "Jensen", "Köhler")
CITIES = ("Berlin", "Lisbon", "Oslo", "Vancouver", "São Paulo", "Kraków", "Dublin", "Wien")


class FakeClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return 0.0

    def boottime_s(self) -> float:
        return 0.0


def person(number: int) -> tuple[str, str, str, str]:
    """Name, mail, city, telephone of a made-up customer."""
    first, last = FIRST[number % len(FIRST)], LAST[number // 3 % len(LAST)]
    mail = f"{first}.{last}@example.org".lower()
    return f"{first} {last}", mail, CITIES[number % len(CITIES)], f"+49 30 555 {number % 10_000:04d}"


def customers(schedule: Schedule) -> SyncConfiguration:
    fields = tuple(
        FieldMapping(a=a, b=b, identifying=a == "Email")
        for a, b in (("Name", "name"), ("Email", "email"), ("City", "city"), ("Phone", "phone"))
    )
    entities = (
        Entity("customers", PerSide("Customer", "customers"), fields),
        Entity("invoices", PerSide("Invoice", "invoices"), fields),
    )
    return SyncConfiguration("Customers", "CRM", "Shop", entities, schedule=schedule, version=4)


class FakeEndpoints:
    def __init__(self) -> None:
        self.all = {
            "CRM": Endpoint(
                "CRM", "sql", {"url": "postgresql://sync@localhost/crm", "password": SecretReference("CRM")}
            ),
            "Shop": Endpoint("Shop", "csv", {"folder": "/srv/shop/export"}),
            "ERP": Endpoint("ERP", "sql", {"url": "sqlite:///erp.db"}),
            "Warehouse": Endpoint("Warehouse", "csv", {"folder": "/srv/warehouse"}),
        }
        self.refuses = False

    def providers(self) -> tuple[ProviderInfo, ...]:
        return (
            ProviderInfo("sql", "SQL database", (), Capabilities()),
            ProviderInfo("csv", "CSV files", (), Capabilities()),
        )

    def list(self) -> tuple[Endpoint, ...]:
        return tuple(self.all.values())

    def test(self, endpoint: Endpoint, secrets: Mapping[str, str] = {}) -> EndpointReport:
        if self.refuses:
            raise MissingError("the folder is not there", Place(endpoint.name))
        summaries = (StructureSummary("Customer", 1284), StructureSummary("Invoice", 9120))
        return EndpointReport(True, summaries, clock_shift_s=0.2)

    def delete(self, name: str) -> None:
        del self.all[name]


class FakeWebhooks:
    """`keys` are those that were stored, by endpoint."""

    def __init__(self, endpoints: FakeEndpoints) -> None:
        self._endpoints = endpoints
        self.keys: dict[str, str] = {}

    def where_keys_are(self) -> str:
        return "Secrets are kept in memory only."

    def new_key(self) -> str:
        return "whsec_bWFkZSBmb3IgdGhlIHRlc3Rz"

    def save(self, endpoint: str, structure: str, record: str, key: str = "") -> Endpoint:
        known = self._endpoints.all[endpoint]
        if known.webhook is None and not key:
            raise ConfigurationError("the webhook needs a key", Place(endpoint), path="key")
        if key:
            self.keys[endpoint] = key
        made = Webhook(SecretReference(f"{endpoint} webhook"), structure, record)
        self._endpoints.all[endpoint] = replace(known, webhook=made)
        return self._endpoints.all[endpoint]

    def remove(self, endpoint: str) -> Endpoint:
        self._endpoints.all[endpoint] = replace(self._endpoints.all[endpoint], webhook=None)
        return self._endpoints.all[endpoint]


CLOCK = ClockReport(
    "CRM",
    shift_sentence("CRM", ClockShift(200_500_000, 40_000)),
    "",
    12,
    200_500_000,
    40_000,
    (
        StampReport(
            "Customers", "Customer", "UpdatedAt", (), ("it tells whole seconds; changes within one second are a tie",)
        ),
        StampReport("Orders", "Invoice", "ChangedOn", ("it tells the day only, not the time",)),
    ),
)


class FakeConfigurations:
    def examine_clock(self, endpoint: str) -> ClockReport:
        return replace(CLOCK, endpoint=endpoint)

    def __init__(self, application: FakeApplication) -> None:
        self._application = application
        self.all: dict[str, SyncConfiguration] = {}
        self.reset: list[tuple[str, str]] = []

    def get(self, name: str) -> SyncConfiguration:
        if name not in self.all:
            raise ConfigurationError(f'there is no configuration "{name}"', path="configuration")
        return self.all[name]

    def list(self) -> tuple[SyncConfiguration, ...]:
        return tuple(self.all.values())

    def save(self, configuration: SyncConfiguration) -> SyncConfiguration:
        if configuration.schedule.cron == "99 99 * * *":
            raise ConfigurationError("the cron expression never fires")
        saved = replace(configuration, version=configuration.version + 1)
        self.all[configuration.name] = saved
        return saved

    def delete(self, name: str) -> None:
        del self.all[name]

    def reset_peering(self, name: str, entity: str) -> None:
        assert self.get(name).entity(entity) is not None
        self.reset.append((name, entity))

    def rename(self, name: str, new_name: str) -> None:
        self.all = {
            (new_name if key == name else key): replace(value, name=new_name) if key == name else value
            for key, value in self.all.items()
        }

    def swap_sides(self, name: str) -> SyncConfiguration:
        return self.save(swapped(self.get(name)))

    def set_enabled(self, name: str, enabled: bool, /) -> None:
        self.all[name] = replace(self.all[name], enabled=enabled)

    def check(self, configuration: SyncConfiguration) -> tuple[Finding, ...]:
        if configuration.name != "Customers":
            return ()
        return (Finding(Level.WARNING, "Phone is cut to 20 characters in Shop.", "customers"),)

    def sentences(self, configuration: SyncConfiguration) -> tuple[str, ...]:
        a, b = configuration.a, configuration.b
        return (
            f"Records of Customer in {a} and customers in {b} are kept the same, in both directions.",
            "Two records belong together when Email is the same. Records without a counterpart are created.",
            f"When both sides changed, you are asked. A record deleted in {a} is deleted in {b} too.",
            "A run stops before it writes when more than 10 % or 100 records would be deleted.",
        )

    def states(self) -> tuple[ConfigurationState, ...]:
        return tuple(self._application.state_of(made) for made in self.all.values())


class FakeRecords:
    """`Customers` has a few hundred sync records, `Orders archive` a million that are computed when asked for."""

    def __init__(self) -> None:
        self.small: dict[int, SyncRecord] = {}
        self.open: dict[int, Conflict] = {}
        self.cases: list[ReviewCase] = []
        self.held_cases: list[HeldCase] = []
        self.kept_runs: dict[str, list[Run]] = {}
        self.settled: list[Conflict] = []
        self.linked: list[tuple[str, str, str]] = []
        self.resolved: list[tuple[int, Side]] = []
        self.refuses_decisions = False
        self.refused_decisions: set[int] = set()
        self.asked: list[RecordQuery] = []

    def _all(self, query: RecordQuery) -> list[SyncRecord]:
        found = [record for record in self.small.values() if record.configuration == query.configuration]
        if query.statuses:
            found = [record for record in found if record.status in query.statuses]
        if query.entity:
            found = [record for record in found if record.entity == query.entity]
        if query.text:
            needle = query.text.lower()
            found = [
                record
                for record in found
                if any(needle in (text or "").lower() for text in (record.a_id, record.b_id, record.last_error))
            ]
        if query.endpoint_id:
            found = [record for record in found if query.endpoint_id in (record.a_id, record.b_id)]
        return sorted(
            found,
            key=lambda record: (getattr(record, query.sort) is None, getattr(record, query.sort)),
            reverse=query.descending,
        )

    def records(self, query: RecordQuery) -> list[SyncRecord]:
        self.asked.append(query)
        if query.configuration == "Orders archive":
            last = min(query.offset + query.limit, self.count(query))
            return [big_record(number, query.descending) for number in range(query.offset, last)]
        return self._all(query)[query.offset : query.offset + query.limit]

    def count(self, query: RecordQuery) -> int:
        if query.configuration == "Orders archive":
            return MILLION if not query.text else 0
        return len(self._all(query))

    def counts(self, configuration: str) -> dict[Status, int]:
        if configuration == "Orders archive":
            return {Status.PROCESSED: MILLION}
        counts: dict[Status, int] = {}
        for record in self.small.values():
            if record.configuration == configuration:
                counts[record.status] = counts.get(record.status, 0) + 1
        return counts

    def conflicts(
        self, configuration: str, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]:
        known = (*self.open.values(), *(() if only_open else self.settled))
        found = [conflict for conflict in known if conflict.configuration == configuration]
        return found[offset : offset + limit]

    def resolve(self, conflict_id: int, winner: Side) -> None:
        if self.refuses_decisions or conflict_id in self.refused_decisions:
            raise VersionMismatchError("the record", "before", "after")
        self.resolved.append((conflict_id, winner))
        conflict = self.open.pop(conflict_id)
        record = self.small[conflict.record_id]
        self.small[record.id] = replace(record, status=Status.PREPARED)

    def reviews(self, configuration: str, limit: int = 200, offset: int = 0) -> list[ReviewCase]:
        return self.cases[offset : offset + limit] if configuration == "Customers" else []

    def held(self, configuration: str, entity: str = "") -> list[HeldCase]:
        return self.held_cases if configuration == "Customers" else []

    def link(self, configuration: str, entity: str, a_id: str, b_id: str) -> None:
        self.linked.append((entity, a_id, b_id))
        self.cases = [case for case in self.cases if case.a_id != a_id]

    def unlink(self, record_id: int) -> None:
        del self.small[record_id]

    def set_status(self, record_ids: Sequence[int], event: Event) -> int:
        changed = 0
        for record_id in record_ids:
            record = self.small[record_id]
            status = after(record.status, event, has_both_ids=bool(record.a_id and record.b_id))
            if status is not None:
                self.small[record_id] = replace(record, status=status)
                changed += 1
        return changed

    def runs(self, configuration: str = "", limit: int = 200, offset: int = 0) -> list[Run]:
        return self.kept_runs.get(configuration, [])[offset : offset + limit]

    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]:
        if run_id % 4 == 0:
            return []
        return [history_row(run_id, number) for number in range(34)][offset : offset + limit]

    def record_history(self, record_id: int) -> list[HistoryRow]:
        return [history_row(run_id, record_id % 30) for run_id in (11, 7, 0)]


def big_record(number: int, descending: bool) -> SyncRecord:
    place = MILLION - 1 - number if descending else number
    return SyncRecord(
        place + 1,
        "Orders archive",
        "orders",
        f"ORD-{place:07d}",
        f"{place + 500_000}",
        Status.PROCESSED,
        0,
        "",
        NOW - timedelta(seconds=place),
    )


def history_row(run_id: int, number: int) -> HistoryRow:
    name, mail, city, phone = person(number)
    action = (Action.UPDATE_B, Action.CREATE_B, Action.UPDATE_A)[number % 3]
    fields = (
        FieldChange("Name", before=name, after=name),
        FieldChange("Email", before=mail, after=mail),
        FieldChange("City", before=CITIES[(number + 3) % len(CITIES)], after=city, differs=True),
        FieldChange("Phone", before=None, after=phone, differs=True),
    )
    rule = Rule.NEW if action is Action.CREATE_B else Rule.CHANGED_ONE_SIDE
    result = "written" if number % 11 else "refused: the value for phone is too long (20 characters)"
    return HistoryRow(
        run_id,
        number // 10,
        number,
        "customers",
        number + 1,
        action,
        rule,
        f"{1000 + number}",
        f"{number}",
        result,
        fields,
    )


class FakePreview:
    """A plan of some hundred rows that can be left out and turned around."""

    notes: tuple[str, ...] = ()
    first_run = False
    read = (1284, 1279)

    def __init__(self, configuration: str, *, findings: tuple[GuardFinding, ...] = (), rows: int = 120) -> None:
        self.configuration = configuration
        self.tripped = findings
        self.all = [plan_row(number) for number in range(rows)]
        self.is_closed = False
        self.match_only: MatchOnly | None = None

    @property
    def plan(self) -> Plan:
        counts: dict[Action, int] = {}
        for row in self.all:
            if not row.is_excluded:
                counts[row.action] = counts.get(row.action, 0) + 1
        entity = EntityPlan("customers", *self.read, True, True, counts, self.first_run, self.notes)
        return Plan("plan-1", self.configuration, 4, Mode.FULL, NOW, (entity,), self.tripped, "d1")

    def _found(self, entity: str, actions: tuple[Action, ...], text: str) -> list[PlanRow]:
        return [
            row
            for row in self.all
            if (not entity or row.entity == entity)
            and (not actions or row.action in actions)
            and (not text or text.lower() in f"{row.title} {row.a_id} {row.b_id}".lower())
        ]

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
        found = sorted(
            self._found(entity, actions, text),
            key=lambda row: (str(type(getattr(row, sort))), getattr(row, sort)),
            reverse=descending,
        )
        return found[offset : offset + limit]

    def count(self, *, entity: str = "", actions: tuple[Action, ...] = (), text: str = "") -> int:
        return len(self._found(entity, actions, text))

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> None:
        self.all = [replace(row, is_excluded=excluded) if row.number in numbers else row for row in self.all]

    def exclude_all(self, entity: str, actions: tuple[Action, ...], excluded: bool) -> None:
        numbers = {row.number for row in self._found(entity, actions, "")}
        self.exclude(entity, sorted(numbers), excluded)

    def keep_first(self, count: int) -> int:
        writing = [row.number for row in self.all if row.action.target is not None and not row.is_excluded]
        self.exclude("", writing[count:], True)
        return min(count, len(writing))

    def taking_part(self) -> dict[str, dict[Action, int]]:
        return {part.entity: dict(part.counts) for part in self.plan.entities}

    def count_written(self) -> int:
        written = [number for by in self.taking_part().values() for action, number in by.items() if action.target]
        return sum(written) - sum(part.both_sides for part in self.plan.entities)

    def count_left_out(self) -> int:
        return sum(row.is_excluded for row in self.all)

    def findings(self) -> tuple[GuardFinding, ...]:
        """Those that look at the whole plan, and those whose records are not all left out."""
        left = {row.action.key for row in self.all if not row.is_excluded}
        return tuple(
            finding
            for finding in self.tripped
            if not finding.guard.written or f"{finding.guard.written}_{finding.side.value}" in left
        )

    def turn_around(self, entity: str, numbers: Sequence[int], winner: Side) -> None:
        action = Action.UPDATE_B if winner is Side.A else Action.UPDATE_A
        self.all = [
            replace(row, action=action, rule=Rule.DECIDED, detail="") if row.number in numbers else row
            for row in self.all
        ]

    def close(self) -> None:
        self.is_closed = True


def plan_row(number: int) -> PlanRow:
    name, mail, city, phone = person(number)
    kinds = (
        (Action.UPDATE_B, Rule.CHANGED_ONE_SIDE),
        (Action.CREATE_B, Rule.NEW),
        (Action.UPDATE_A, Rule.CHANGED_ONE_SIDE),
        (Action.UPDATE_B, Rule.MOST_RECENT),
        (Action.DELETE_B, Rule.DELETE_RULE),
        (Action.CREATE_A, Rule.NEW),
        (Action.CONFLICT, Rule.ASK),
        (Action.LINK, Rule.MATCHED),
    )
    action, rule = kinds[number % len(kinds)]
    other_city = CITIES[(number + 3) % len(CITIES)]
    in_a = action not in (Action.CREATE_A, Action.DELETE_B)
    in_b = action is not Action.CREATE_B
    differs = action not in (Action.LINK,)
    fields = (
        FieldChange("Name", name if in_a else None, name if in_b else None, name, after=name),
        FieldChange("Email", mail if in_a else None, mail if in_b else None, mail, after=mail),
        FieldChange("City", city if in_a else None, other_city if in_b else None, other_city, None, city, differs),
        FieldChange("Phone", phone if in_a else None, phone if in_b else None, phone, after=phone),
    )
    a_id, b_id = (str(1000 + number) if in_a else None), (str(number) if in_b else None)
    return PlanRow(number, "customers", action, rule, number + 1, a_id, b_id, name, "", False, None, fields)


class FakeSynchronization:
    """`gate` holds runs and previews until it is set; `next_findings` trip the guard of the next run or preview."""

    def __init__(self, application: FakeApplication) -> None:
        self._application = application
        self.gate = threading.Event()
        self.gate.set()
        self.next_findings: tuple[GuardFinding, ...] = ()
        self.next_notes: tuple[str, ...] = ()
        self.next_error: Exception | None = None
        self.started: list[tuple[str, Trigger, frozenset[Guard], object]] = []
        self.next_outcome: Outcome | None = None
        self.previews: list[FakePreview] = []
        self.preview_rows = 120
        self.first_run = False
        self.next_read = (1284, 1279)
        self.next_details: dict[int, str] = {}
        """Rows of the next preview that are Invalid, with the reason."""
        self.match_only: MatchOnly | None = None

    def _work(self, progress: Progress, cancel: CancelToken) -> None:
        progress.phase("customers", Phase.READING, 5000)
        progress.advance(1800)
        while not self.gate.wait(0.01):
            cancel.check()
            if cancel.is_paused:
                cancel.rest(lambda: None)
        cancel.check()
        if self.next_error is not None:
            error, self.next_error = self.next_error, None
            raise error

    def preview(
        self,
        name: str,
        *,
        mode: Mode = Mode.FULL,
        range: Range = Range(),  # noqa: B008
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> FakePreview:
        self._work(progress, cancel)
        preview = FakePreview(name, findings=self.next_findings, rows=self.preview_rows)
        for number, detail in self.next_details.items():
            preview.all[number] = replace(preview.all[number], action=Action.INVALID, rule=Rule.UNUSABLE, detail=detail)
        preview.notes = self.next_notes
        preview.first_run = self.first_run
        preview.read = self.next_read
        preview.match_only = self.match_only
        self.previews.append(preview)
        return preview

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = Range(),  # noqa: B008
        allow: frozenset[Guard] = frozenset(),
        preview: object = None,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        self.started.append((name, trigger, allow, preview))
        self._work(progress, cancel)
        tripped = tuple(finding for finding in self.next_findings if finding.guard not in allow)
        outcome = self.next_outcome or (Outcome.GUARD if tripped else Outcome.DONE)
        done = () if tripped else (entity_result("customers", 3),)
        result = RunResult(99, name, outcome, done, tripped, notes=self.next_notes)
        self._application.keep_run(name, result, trigger)
        return result

    def prepare(
        self,
        name: str,
        *,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        self._work(progress, cancel)
        self.started.append((name, Trigger.HAND, frozenset(), "prepare"))
        return RunResult(100, name, Outcome.DONE, (entity_result("customers", 3),))

    def process(
        self,
        name: str,
        *,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        self._work(progress, cancel)
        self.started.append((name, Trigger.HAND, frozenset(), "process"))
        return RunResult(101, name, Outcome.DONE, (entity_result("customers", 3),), notes=("3 large orders",))

    def run_records(
        self,
        name: str,
        record_ids: Sequence[int],
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        self._work(progress, cancel)
        self.started.append((name, trigger, allow, tuple(record_ids)))
        return RunResult(102, name, Outcome.DONE, (entity_result("customers", 1),))

    def waiting_plan(self, name: str) -> FakePreview | None:
        preview = FakePreview(name, findings=self.next_findings)
        self.previews.append(preview)
        return preview

    def is_running(self, name: str) -> bool:
        return False


def entity_result(entity: str, number: int, failed: int = 0) -> EntityResult:
    actions = {
        Action.CREATE_A: number * 2 % 7,
        Action.CREATE_B: number * 3 % 17,
        Action.UPDATE_A: number * 5 % 11,
        Action.UPDATE_B: number * 7 % 43,
        Action.DELETE_B: number % 3,
    }
    return EntityResult(entity, 1284, 1279, actions, failed, 1.7)


class FakeGroups:
    """`members` are one group; `result` is what running it comes to, settled after one pass unless a test says more."""

    def __init__(self, application: FakeApplication) -> None:
        self._application = application
        self.members: tuple[str, ...] = ()
        self.follows: dict[str, str] = {}
        self.result: GroupResult | None = None
        self.started: list[str] = []

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> GroupResult:
        self.started.append(name)
        runs = tuple(
            self._application.synchronization.run(member, trigger=trigger, progress=progress, cancel=cancel)
            for member in self.members
        )
        self.follows.clear()
        return self.result or GroupResult(SyncGroup(self.members, ()), runs, 2)


class FakeSchedules:
    def __init__(self) -> None:
        self.outlooks: dict[str, Outlook] = {}
        self._paused = False
        self._until: datetime | None = None

    def outlook(self, name: str) -> Outlook:
        if name in self.outlooks:
            return self.outlooks[name]
        following = Due(name, RunKind.RUN, Trigger.SCHEDULE, NOW + timedelta(minutes=12))
        return Outlook(following) if name == "Customers" else Outlook()

    def pause(self, until: datetime | None) -> None:
        self._paused, self._until = True, until

    def resume(self) -> None:
        self._paused, self._until = False, None

    @property
    def is_paused(self) -> bool:
        return self._paused

    @property
    def paused_until(self) -> datetime | None:
        return self._until


class FakeListening:
    """`error` is raised by the next start."""

    def __init__(self, home: Path) -> None:
        self.token_path = home / "listener.token"
        self.address: ListenAddress | None = None
        self.error: Exception | None = None

    def start(self, address: ListenAddress) -> ListenAddress:
        if self.error is not None:
            raise self.error
        self.address = address
        return address

    def close(self) -> None:
        self.address = None


class FakeUnattended:
    """`pushed` waits to be told of; a run that was carried out is wanted no more."""

    def __init__(self, application: FakeApplication) -> None:
        self._application = application
        self.due_now: tuple[Due, ...] = ()
        self.pushed: tuple[Due, ...] = ()
        self.is_started = False

    def want(self, name: str, trigger: Trigger = Trigger.SCHEDULE, kind: RunKind = RunKind.RUN) -> None:
        self.due_now = (Due(name, kind, trigger, NOW),)

    def start(self) -> None:
        self.is_started = True

    @property
    def has_news(self) -> bool:
        return bool(self.pushed)

    def due(self, now: datetime, *, with_schedules: bool = True) -> tuple[Due, ...]:
        return (*(self.due_now if with_schedules else ()), *self.pushed)

    def carry_out(
        self,
        due: Due,
        *,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult | None:
        self.pushed = tuple(one for one in self.pushed if one != due)
        return self._application.synchronization.run(
            due.configuration, trigger=due.trigger, progress=progress, cancel=cancel
        )


class FakeVerification:
    """`files` are the reports that were asked for."""

    def __init__(self) -> None:
        self.files: list[ReportFiles] = []
        self.error: Exception | None = None

    def verify(
        self,
        name: str,
        *,
        files: ReportFiles | None = None,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> VerificationReport:
        if files is not None:
            self.files.append(files)
        if self.error is not None:
            raise self.error
        return VerificationReport(
            name,
            (
                EntityVerification("customers", 1279, 3, 0, 2, 0, "9f41c2d07be8"),
                EntityVerification("invoices", 9120, digest="17ab93e0c55f"),
            ),
        )


class FakeDefinitions:
    def __init__(self, application: FakeApplication) -> None:
        self._application = application

    def import_file(self, path: Path) -> ImportReport:
        if not path.read_text(encoding="utf-8").startswith("format"):
            raise ConfigurationError("the file is not a Desktop Sync configuration")
        return ImportReport(("CRM",), ("Customers",), ("CRM password",))

    def export(self, names: Sequence[str] = ()) -> str:
        return "format = 1\n# " + ", ".join(names or self._application.configurations.all)


class FakeSample:
    def __init__(self, application: FakeApplication) -> None:
        self._application = application

    def create(self) -> str:
        self._application.fill()
        return "Customers"


class FakeBindings:
    """`modes`: why a configuration only matches; `matched`: names that a person can confirm."""

    def __init__(self) -> None:
        self.modes: dict[str, MatchOnly] = {}
        self.matched: set[str] = set()
        self.error: Exception | None = None

    def take_over(self, name: str) -> BindingReport:
        if self.error is not None:
            raise self.error
        self.modes[name] = MatchOnly.TAKEN_OVER
        return BindingReport(name, Binding("0190-l", 2), MatchOnly.TAKEN_OVER, {})

    def confirm_match(self, name: str) -> None:
        if self.error is not None:
            raise self.error
        self.modes.pop(name, None)
        self.matched.discard(name)


class FakeTraces:
    """What the steps do to three made-up customers: a transform shouts, a filter and a validation stop the second."""

    def __init__(self) -> None:
        self.asked: list[SyncConfiguration] = []
        self.error: Exception | None = None

    def sample(
        self, configuration: SyncConfiguration, entity: str, source: Side, limit: int = 5
    ) -> tuple[RecordTrace, ...]:
        self.asked.append(configuration)
        if self.error is not None:
            raise self.error
        return tuple(self._trace(configuration, entity, source, number) for number in range(3))

    def _trace(self, configuration: SyncConfiguration, entity: str, source: Side, number: int) -> RecordTrace:
        name, mail, city, phone = person(number)
        values = (("Name", name), ("Email", mail), ("City", city), ("Phone", phone))
        steps: list[StepTrace] = []
        for row in pipeline(configuration, entity):
            stopped = any(one.outcome is StepOutcome.STOPPED for one in steps)
            changes: tuple[FieldChange, ...] = ()
            outcome, detail = StepOutcome.PASSED, ""
            if not row.enabled:
                outcome = StepOutcome.SWITCHED_OFF
            elif stopped:
                outcome = StepOutcome.NOT_REACHED
            elif row.kind is StepKind.PULL:
                outcome, changes = StepOutcome.APPLIED, tuple(FieldChange(a, after=b) for a, b in values)
            elif row.kind is StepKind.STANDARD_MAPPING:
                outcome = StepOutcome.APPLIED
                changes = tuple(FieldChange(a.lower(), before=b, after=b) for a, b in values)
            elif row.kind is StepKind.TRANSFORM and row.step is not None:
                outcome = StepOutcome.APPLIED
                changes = (FieldChange(row.step.field, before=city, after=city.upper(), differs=True),)
            elif row.kind in (StepKind.FILTER, StepKind.VALIDATE) and number == 1 and row.step is not None:
                outcome = StepOutcome.STOPPED
                detail = row.step.message or f"it does not meet the condition: {row.step.condition}"
            elif row.kind in (StepKind.COMMAND, StepKind.URL, StepKind.NOTIFY):
                outcome = StepOutcome.ELSEWHERE
            steps.append(StepTrace(row, outcome, detail, changes))
        return RecordTrace(entity, source, str(1000 + number), tuple(steps))


class FakeApplication:
    """Empty until `fill`. All parts may be changed by a test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = FakeClock()
        self.endpoints = FakeEndpoints()
        self.webhooks = FakeWebhooks(self.endpoints)
        self.configurations = FakeConfigurations(self)
        self.bindings = FakeBindings()
        self.records = FakeRecords()
        self.synchronization = FakeSynchronization(self)
        self.groups = FakeGroups(self)
        self.schedules = FakeSchedules()
        self.unattended = FakeUnattended(self)
        self.listening = FakeListening(home)
        self.verification = FakeVerification()
        self.undo = FakeUndoDesk()
        self.explanation = FakeExplanations()
        self.traces = FakeTraces()
        self.plugins = FakePlugins()
        self.history_retention = FakeHistoryRetention()
        self.definitions = FakeDefinitions(self)
        self.sample = FakeSample(self)
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def fill(self) -> None:
        """Three configurations: a lively one, a huge one, and one that never ran."""
        every_quarter = Schedule(ScheduleKind.INTERVAL, interval_minutes=15)
        lively = customers(every_quarter)
        orders = replace(lively, name="Orders archive", a="ERP", b="Warehouse", schedule=Schedule())
        contacts = replace(lively, name="Contacts", a="CRM", b="ERP", enabled=False, schedule=Schedule())
        fresh = replace(lively, name="Price list", a="ERP", b="Shop", schedule=every_quarter)
        self.configurations.all = {made.name: made for made in (lively, orders, contacts, fresh)}
        self._fill_records()
        self._fill_conflicts()
        self.records.kept_runs = {
            "Customers": past_runs("Customers"),
            "Orders archive": past_runs("Orders archive")[6:],
        }

    def _fill_records(self) -> None:
        kinds = [Status.PROCESSED] * 24 + [Status.PREPARED, Status.PREPARED, Status.FAILED, Status.SKIPPED]
        kinds += [Status.FILTERED, Status.INVALID, Status.DELETED, Status.ABORTED]
        for number in range(640):
            status = kinds[number % len(kinds)]
            bad = status in (Status.FAILED, Status.ABORTED, Status.INVALID)
            error = "Shop, customers, field phone: the value is longer than 20 characters" if bad else ""
            entity = "customers" if number % 3 else "invoices"
            b_id = str(number) if status is not Status.PREPARED else None
            self.records.small[number + 1] = SyncRecord(
                number + 1,
                "Customers",
                entity,
                str(1000 + number),
                b_id,
                status,
                2 if bad else 0,
                error,
                NOW - timedelta(minutes=7 * number),
            )

    def _fill_conflicts(self) -> None:
        for number in range(9):
            record_id = number * 32 + 5
            record = replace(self.records.small[record_id], status=Status.CONFLICT, entity="customers")
            self.records.small[record_id] = record
            name, mail, city, phone = person(number)
            other = CITIES[(number + 2) % len(CITIES)]
            differs_in_phone = number % 3 == 2
            fields = (
                FieldChange("Name", name, name, name),
                FieldChange("Email", mail, mail, mail),
                FieldChange("City", city, other, "Bonn", differs=True),
                FieldChange("Phone", phone, phone if not differs_in_phone else None, phone, differs=differs_in_phone),
            )
            self.records.open[number + 1] = Conflict(
                number + 1,
                record_id,
                12,
                "Customers",
                "customers",
                record.a_id,
                record.b_id,
                Rule.ASK,
                None,
                NOW - timedelta(hours=2 + number),
                NOW - timedelta(hours=1, minutes=20),
                NOW - timedelta(minutes=20),
                None,
                fields,
            )
        for number in range(4):
            a_id = str(1003 + 32 * number)
            record_id = number * 32 + 4
            self.records.small[record_id] = replace(self.records.small[record_id], status=Status.REVIEW)
            candidates = (
                (a_id, f"{700 + number}", "Email equal, City equal"),
                (a_id, f"{800 + number}", "Email equal, City different"),
            )
            case = ReviewCase(record_id, "customers", a_id, None, "Two records have the same Email", candidates)
            self.records.cases.append(case)
            self.explanation.called[record_id] = " · ".join(person(number)[:2])

    def state_of(self, made: SyncConfiguration) -> ConfigurationState:
        runs = self.records.kept_runs.get(made.name, [])
        return ConfigurationState(
            made.name,
            made.a,
            made.b,
            made.enabled,
            False,
            runs[0].outcome if runs else None,
            runs[0].started_at if runs else None,
            self.schedules.outlook(made.name).at,
            self.records.counts(made.name),
            len(self.records.conflicts(made.name)),
            self.bindings.modes.get(made.name),
            made.name in self.bindings.matched,
            follows=self.groups.follows.get(made.name, ""),
            group=self.groups.members if made.name in self.groups.members else (),
        )

    def keep_run(self, name: str, result: RunResult, trigger: Trigger) -> None:
        runs = self.records.kept_runs.setdefault(name, [])
        ended = NOW + timedelta(seconds=2)
        runs.insert(0, Run(99 + len(runs), name, 4, RunKind.RUN, trigger, NOW, ended, result.outcome, result))


def past_runs(name: str) -> list[Run]:
    """Fourteen runs, newest first."""
    outcomes = (Outcome.PROBLEMS, Outcome.DONE, Outcome.DONE, Outcome.CANCELLED, Outcome.DONE, Outcome.FAILED)
    runs = []
    for number in range(14):
        outcome = outcomes[number % len(outcomes)]
        started = NOW - timedelta(hours=5 * number, minutes=20)
        failed = 4 if outcome is Outcome.PROBLEMS else 0
        entities = (entity_result("customers", 17 - number, failed), entity_result("invoices", number + 4))
        error = "CRM: the connection was refused." if outcome is Outcome.FAILED else ""
        result = RunResult(14 - number, name, outcome, entities if not error else (), error=error)
        trigger = Trigger.HAND if number % 5 == 0 else Trigger.SCHEDULE
        ended = started + timedelta(seconds=3 + number)
        runs.append(Run(14 - number, name, 4, RunKind.RUN, trigger, started, ended, outcome, result))
    return runs
