"""A provider whose endpoints are systems in memory with a declared create class, and with faults on the way.

    system = ChaosSystem("shop", CLASSES["natural-key"], clock)
    system.make("people", ("id", "email", "name"))
    provider = ChaosProvider(system)          # settings of its endpoints: {"system": "shop"}

What a client of such a system can do against faults, its session does: it sends nothing after `send_before`, puts
shuffled answers in order, checks pages for completeness, and says UNKNOWN where no answer came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType

import pyarrow as pa

from desktop_sync.core.errors import (
    ConfigurationError,
    EndpointError,
    MissingError,
    Place,
    RetriableError,
    SchemaDriftError,
)
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    ConditionalWrite,
    CreateClass,
    EndpointReport,
    EndpointTime,
    HighMarks,
    OpenContext,
    Operation,
    ReadRequest,
    Setting,
    SettingKind,
    StructureSummary,
    WriteBatch,
    Writer,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import Structure
from desktop_sync.providers.paged_reading import ListingPage, read_pages
from desktop_sync.providers.record_stream import stream_of
from desktop_sync.providers.write_batch import ResultColumns, StagedBatch, rows_of
from tests.support.chaos_faults import NoAnswerError, NotSentError
from tests.support.chaos_system import ChaosSystem, Reply, Table, Values


class ChaosProvider:
    """`systems` are found by name; more may be added."""

    name = "chaos"
    label = "System in memory"
    settings = (
        Setting("system", "System", is_required=True, help="Its name."),
        Setting("password", "Password", SettingKind.SECRET, help="Nobody asks for it."),
    )

    def __init__(self, *systems: ChaosSystem) -> None:
        self.systems = {system.name: system for system in systems}
        self.capabilities = Capabilities(
            creates=CreateClass.MARKER, conditional_write=ConditionalWrite.STRONG, max_in_flight_s=20
        )

    def open(self, context: OpenContext) -> ChaosSession:
        name = str(context.settings.get("system") or "")
        if not name:
            raise ConfigurationError("name the system", Place(context.endpoint), "endpoint.settings.system")
        return ChaosSession(self.systems, name, context.endpoint)


class ChaosSession:
    """An endpoint session on a system."""

    def __init__(self, systems: dict[str, ChaosSystem], name: str, endpoint: str) -> None:
        self._systems = systems
        self._name = name
        self._endpoint = endpoint
        self._reserved: set[str] = set()
        self._is_closed = False
        if name not in systems:
            raise MissingError("the system is not there", Place(endpoint))

    @property
    def system(self) -> ChaosSystem:
        if self._is_closed:
            raise EndpointError("the session is closed", Place(self._endpoint))
        if self._name not in self._systems:
            raise MissingError("the system is not there", Place(self._endpoint))
        return self._systems[self._name]

    @property
    def capabilities(self) -> Capabilities:
        return self.system.profile.capabilities()

    def test(self) -> EndpointReport:
        shift = self.system.profile.clock_shift.total_seconds()
        return EndpointReport(True, self.structures(), True, shift)

    def identity(self) -> str:
        return f"chaos:{self.system.identity}"

    def high_marks(self, structure: Structure) -> HighMarks:
        system = self.system
        return HighMarks(counter=system.changes) if system.profile.counts_changes else HighMarks()

    def time(self) -> EndpointTime | None:
        return EndpointTime(self.system.clock.now() + self.system.profile.clock_shift)

    def structures(self) -> tuple[StructureSummary, ...]:
        return tuple(StructureSummary(name, len(table.rows)) for name, table in sorted(self.system.tables.items()))

    def describe(self, name: str) -> Structure:
        return self._table(name).structure

    def read(self, request: ReadRequest) -> ArrowStream:
        name = request.structure.name
        table, place = self._table(name), Place(self._endpoint, name)
        if not self.system.profile.can_read:
            raise EndpointError("the system cannot be read", place)
        for field in request.fields:
            if table.structure.field(field) is None:
                raise SchemaDriftError("the field is not there", Place(self._endpoint, name, field=field))
        try:
            if request.ids is not None:
                rows = self.system.get(name, list(dict.fromkeys(request.ids)))
            else:
                rows = read_pages(lambda cursor: self._page(name, cursor), place)
        except NoAnswerError:
            raise RetriableError("the system did not answer", place) from None
        if request.modified_field:
            rows = [row for row in rows if _is_within(row[1].get(request.modified_field), request)]
        chosen = [row for _, row in rows][: request.limit]
        columns = [pa.array([row.get(field) for row in chosen], pa.string()) for field in request.fields]
        return stream_of(pa.table(columns, names=list(request.fields)))

    def _page(self, structure: str, cursor: str | None) -> ListingPage[Values]:
        page = self.system.page(structure, cursor)
        return ListingPage(page.rows, page.next, page.total)

    def reserve_ids(self, structure: Structure, count: int) -> list[str] | None:
        if self.system.profile.creates is not CreateClass.CLIENT_ID:
            return None
        return self.system.new_ids(count)

    def find_created(self, structure: Structure, keys: Sequence[str]) -> list[list[str]]:
        try:
            return [self.system.find(structure.name, key) for key in keys]
        except NoAnswerError:
            raise RetriableError("the system did not answer", Place(self._endpoint, structure.name)) from None

    def create_structure(self, structure: Structure) -> None:
        if structure.name in self.system.tables:
            raise ConfigurationError("it exists already", Place(self._endpoint, structure.name))
        self.system.tables[structure.name] = Table(structure)

    def writer(self, structure: Structure) -> Writer:
        self._table(structure.name)
        return ChaosWriter(self, structure)

    def close(self) -> None:
        self._is_closed = True

    def _table(self, name: str) -> Table:
        table = self.system.tables.get(name)
        if table is None:
            raise MissingError("it is not there", Place(self._endpoint, name))
        return table


class ChaosWriter:
    """A writer without transactions: each record is a request of its own, or each batch of creates is one."""

    def __init__(self, session: ChaosSession, structure: Structure) -> None:
        self._session = session
        self._structure = structure
        self._staged: list[tuple[WriteBatch, StagedBatch]] = []

    def __enter__(self) -> ChaosWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staged.clear()

    def stage(self, batch: WriteBatch) -> None:
        known = self._session.describe(self._structure.name)
        for field in (*batch.fields, *batch.expected_fields):
            if known.field(field) is None:
                place = Place(self._session._endpoint, self._structure.name, field=field)
                raise SchemaDriftError("the field is not there", place)
        self._staged.append((batch, StagedBatch(batch)))

    def commit(self) -> list[WriteResult]:
        staged, self._staged = self._staged, []
        return [self._write(batch, one) for batch, one in staged]

    def _write(self, batch: WriteBatch, staged: StagedBatch) -> WriteResult:
        results = ResultColumns(staged)
        sent = [dict(zip(staged.fields, row, strict=True)) for row in rows_of(staged.values, len(staged))]
        values = [{name: None if value is None else str(value) for name, value in row.items()} for row in sent]
        if staged.operation is Operation.CREATE:
            keys = list(batch.keys) or [""] * len(staged)
            self._create(batch, values, staged.ids, keys, results)
        else:
            expected = self._expected(staged)
            for row, record_id in enumerate(staged.ids):
                known, value = expected[row], values[row]
                request = partial(self._change, staged.operation, record_id, value, known)
                self._send(batch, row, results, value, request)
        return results.result()

    def _create(
        self,
        batch: WriteBatch,
        values: list[Values],
        ids: Sequence[str | None],
        keys: Sequence[str],
        results: ResultColumns,
    ) -> None:
        system, name = self._session.system, self._structure.name
        if not system.profile.is_batched:
            for row, value in enumerate(values):
                self._send(batch, row, results, value, partial(system.create, name, value, ids[row], keys[row]))
            return
        if not self._may_send(batch):
            results.settle_all(range(len(values)), WriteStatus.CHANGED)
            return
        try:
            replies = system.create_many(name, list(zip(values, ids, keys, strict=True)))
        except NotSentError:
            results.settle_all(range(len(values)), WriteStatus.CHANGED)
        except NoAnswerError:
            pass  # every record stays UNKNOWN
        else:
            for row, reply in replies:
                self._take(row, reply, values[row], results)

    def _send(
        self, batch: WriteBatch, row: int, results: ResultColumns, values: Values, request: Callable[[], Reply]
    ) -> None:
        if not self._may_send(batch):
            results.settle(row, WriteStatus.CHANGED)
            return
        try:
            reply = request()
        except NotSentError:
            results.settle(row, WriteStatus.CHANGED)
        except NoAnswerError:
            results.settle(row, WriteStatus.UNKNOWN)
        else:
            self._take(row, reply, values, results)

    def _may_send(self, batch: WriteBatch) -> bool:
        return batch.send_before is None or self._session.system.client_clock.now() <= batch.send_before

    def _take(self, row: int, reply: Reply, sent: Values, results: ResultColumns) -> None:
        results.settle(row, reply.status, reply.message)
        if reply.record_id is not None:
            results.ids[row] = reply.record_id
        if reply.stored is not None:
            results.stored_as_sent[row] = all(reply.stored.get(name) == value for name, value in sent.items())

    def _change(self, operation: Operation, record_id: str | None, values: Values, expected: Values) -> Reply:
        assert record_id is not None
        system, name = self._session.system, self._structure.name
        how = system.profile.conditional_write
        checked = expected if how is ConditionalWrite.STRONG else None
        if how is ConditionalWrite.VERIFY:
            found = dict(system.get(name, [record_id])).get(record_id)
            if found is None or any(found.get(field) != value for field, value in expected.items()):
                return Reply(WriteStatus.CHANGED, record_id)
            system.steps(f"endpoint.{system.name}.verified")
        if operation is Operation.UPDATE:
            return system.update(name, record_id, values, checked)
        return system.remove(name, record_id, checked)

    @staticmethod
    def _expected(staged: StagedBatch) -> list[Values]:
        return [
            {
                name: None if value is None else str(value)
                for name, value in zip(staged.expected_fields, row, strict=True)
            }
            for row in staged.expected_rows()
        ]


def _is_within(stamp: str | None, request: ReadRequest) -> bool:
    if stamp is None:
        return True
    return (request.since is None or stamp >= request.since) and (request.until is None or stamp <= request.until)
