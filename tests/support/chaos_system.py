"""An external system in memory, as it stands outside of this program: it outlives sessions, runs and crashes.

People edit it (`put`, `edit`, `delete`), requests come in (`create`, `update`, `remove`, `page`, `get`, `find`) and
meet faults on the way. What it declares (`Profile`) is what it does, unless a fault makes it lie.
"""

from __future__ import annotations

import copy
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from desktop_sync.core.ports import Clock, Steps, no_steps
from desktop_sync.core.provider_port import Capabilities, ConditionalWrite, CreateClass, ReadCompleteness, WriteStatus
from desktop_sync.core.structure import Field, Structure, decode_record_id, encode_record_id
from tests.support.chaos_faults import FaultKind, Faults, NoAnswerError, NotSentError

Values = dict[str, str | None]
KEYED = (CreateClass.MARKER, CreateClass.IDEMPOTENCY_KEY, CreateClass.EXTERNAL_ID)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a system can do. `page_size` 0 gives everything in one page; `says_total`: pages tell how many there are.
    `is_batched`: one request carries many creates. `stamp_field`: the system keeps when a record was written last.
    `counts_changes`: it says how many changes it has seen. `ignores_conditions`: it takes the condition of a write and
    does not keep it."""

    creates: CreateClass = CreateClass.NONE
    is_external_id_unique: bool = True
    key_lives_s: float | None = 86_400
    max_in_flight_s: float = 20
    read_lag_s: float = 0
    conditional_write: ConditionalWrite = ConditionalWrite.STRONG
    completeness: ReadCompleteness = ReadCompleteness.COMPLETE
    can_read: bool = True
    reads_by_id: bool = True
    reads_modified_since: bool = False
    batch_size: int = 50
    is_batched: bool = False
    page_size: int = 0
    pages_by_offset: bool = False
    says_total: bool = True
    stamp_field: str = ""
    counts_changes: bool = False
    clock_shift: timedelta = timedelta(0)
    ignores_conditions: bool = False

    def capabilities(self) -> Capabilities:
        return Capabilities(
            can_read=self.can_read,
            reads_modified_since=self.reads_modified_since,
            reads_by_id=self.reads_by_id,
            creates=self.creates,
            is_external_id_unique=self.is_external_id_unique and self.creates is CreateClass.EXTERNAL_ID,
            key_lives_s=self.key_lives_s if self.creates is CreateClass.IDEMPOTENCY_KEY else None,
            max_in_flight_s=self.max_in_flight_s,
            read_lag_s=self.read_lag_s,
            conditional_write=self.conditional_write,
            completeness=self.completeness,
            has_transactions=False,
            batch_size=self.batch_size,
        )


CLASSES: Mapping[str, Profile] = {
    "marker": Profile(CreateClass.MARKER),
    "client-id": Profile(CreateClass.CLIENT_ID),
    "idempotency-key": Profile(CreateClass.IDEMPOTENCY_KEY),
    "external-id": Profile(CreateClass.EXTERNAL_ID),
    "external-id-not-unique": Profile(CreateClass.EXTERNAL_ID, is_external_id_unique=False),
    "natural-key": Profile(CreateClass.NATURAL_KEY),
    "none": Profile(CreateClass.NONE),
}
"""The capability ladder of RELIABILITY 4.2, class by class; both kinds of external id."""


WRITE_ONLY = Profile(CreateClass.NONE, can_read=False, conditional_write=ConditionalWrite.BLIND)
"""A system that takes records and shows none: not among the classes, for no value can come from it."""


@dataclass(slots=True)
class Table:
    structure: Structure
    rows: dict[str, Values] = field(default_factory=dict)
    next_id: int = 1
    external: dict[str, str] = field(default_factory=dict)  # record id → external id
    markers: dict[str, str] = field(default_factory=dict)  # key → record id; stays when the record goes
    answers: dict[str, tuple[datetime, str, str]] = field(default_factory=dict)  # key → (when, body, record id)

    def copy(self) -> Table:
        rows = {record_id: dict(row) for record_id, row in self.rows.items()}
        return Table(self.structure, rows, self.next_id, dict(self.external), dict(self.markers), dict(self.answers))


@dataclass(frozen=True, slots=True)
class Backup:
    """What a system held; `changes` is how many it had seen."""

    changes: int
    tables: Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the system saw it. `is_applied`: it changed something."""

    method: str
    structure: str
    record_id: str | None
    key: str
    body: str
    is_applied: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one write."""

    status: WriteStatus
    record_id: str | None = None
    message: str = ""
    stored: Values | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is what to ask for the page after, None after the last."""

    rows: list[tuple[str, Values]]
    next: str | None
    total: int | None


@dataclass(slots=True)
class Late:
    """A request that is still under way; it is carried out at that time, or when the test says so."""

    method: str
    arguments: tuple[object, ...]
    at: datetime | None = None


class ChaosSystem:
    """One system. `steps` is told before and after each request is applied: `endpoint.<name>.<method>.before`/`.after`;
    what it raises goes through everything, as a crash does."""

    def __init__(self, name: str, profile: Profile, clock: Clock, steps: Steps = no_steps) -> None:
        self.name = name
        self.identity = name
        """What the system is, wherever it is found: another one in its place has the same name and another identity."""
        self.profile = profile
        self.clock = clock
        self.client_clock = clock
        """That of the machine from which requests come."""
        self.steps = steps
        self.faults = Faults()
        self.tables: dict[str, Table] = {}
        self.log: list[Request] = []
        self.late: list[Late] = []
        self.late_after_s: float | None = None
        """How long after they were sent requests that are late arrive; None leaves it to the test."""
        self.in_flight: Late | None = None
        """The request that is being sent in this very moment."""
        self.violations: list[str] = []
        """Broken promises of the other side: a key that came with another body."""
        self.replica: dict[str, Table] | None = None
        self.replica_of = clock.now()
        self.changes = 0
        self.emptied = 0
        """The number of the last call for a page that got an empty listing by a fault."""
        self.calls: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()
        """How often each record was given away, by its id."""

    # people

    def make(
        self, structure: str, fields: Iterable[str], key: Sequence[str] = ("id",), records: Iterable[Values] = ()
    ) -> None:
        self.tables[structure] = Table(Structure(structure, tuple(Field(name) for name in fields), tuple(key)))
        for record in records:
            self.put(structure, **record)

    def put(self, structure: str, /, **values: str | None) -> str:
        """A person adds a record; its id."""
        table = self.tables[structure]
        self._remember(structure)
        record_id = _id_in(table, values) or self._new_id(table)
        assert record_id not in table.rows, f"{record_id} is taken"
        row = self._stamped({name: None for name in table.structure.field_names} | values)
        table.rows[record_id] = _with_id(table, row, record_id)
        if record_id.isdigit():
            table.next_id = max(table.next_id, int(record_id) + 1)
        return record_id

    def edit(self, structure: str, record_id: str, /, **values: str | None) -> None:
        self._remember(structure)
        self.tables[structure].rows[record_id] |= self._stamped(values)

    def delete(self, structure: str, record_id: str) -> None:
        self._remember(structure)
        table = self.tables[structure]
        del table.rows[record_id]
        table.external.pop(record_id, None)

    def records(self, structure: str) -> dict[str, Values]:
        """All records by id."""
        return {record_id: dict(row) for record_id, row in sorted(self.tables[structure].rows.items())}

    def new_ids(self, count: int) -> list[str]:
        """Ids that a client may choose: no record has them or will be given them."""
        return [str(uuid.uuid4()) for _ in range(count)]

    def find_by(self, structure: str, field_name: str, value: str) -> list[str]:
        return [record_id for record_id, row in self.tables[structure].rows.items() if row[field_name] == value]

    def apply_late(self, until: datetime | None = None) -> int:
        """The requests that were still under way are carried out; those due by `until` where it is given. How many."""
        waiting = [one for one in self.late if until is None or (one.at is not None and one.at <= until)]
        self.late = [one for one in self.late if one not in waiting]
        for one in waiting:
            self.carry_out(one)
        return len(waiting)

    def carry_out(self, request: Late) -> None:
        """As if it came in now; nobody hears the answer."""
        arguments = request.arguments
        if request.method == "create":
            self._create(*arguments, None)  # type: ignore[arg-type]
        elif request.method == "update":
            self._update(*arguments, None)  # type: ignore[arg-type]
        else:
            self._remove(*arguments, None)  # type: ignore[arg-type]

    def snapshot(self) -> dict[str, object]:
        """Everything, for `restore`: as from a backup of this system."""
        names = ("tables", "log", "violations", "late", "late_after_s", "in_flight", "replica", "faults", "changes")
        return copy.deepcopy({name: getattr(self, name) for name in names})

    def restore(self, snapshot: Mapping[str, object]) -> None:
        for name, value in copy.deepcopy(dict(snapshot)).items():
            setattr(self, name, value)

    def backup(self) -> Backup:
        """What it holds now, for `put_back`."""
        return Backup(self.changes, {name: table.copy() for name, table in self.tables.items()})

    def put_back(self, backup: Backup) -> None:
        """It holds what it held then. Numbers that it gave as ids are not given again."""
        for name, kept in backup.tables.items():
            following = self.tables[name].next_id
            self.tables[name] = kept.copy()
            self.tables[name].next_id = following
        self.changes = backup.changes

    def lose_answer(self) -> bool:
        """The request that is being sent arrives late: whoever sent it is dead. Whether there was one."""
        request, self.in_flight = self.in_flight, None
        if request is not None:
            self._delay(request)
        return request is not None

    def writes(self) -> int:
        """How many requests changed something."""
        return sum(request.is_applied for request in self.log)

    # requests that write

    def create(self, structure: str, values: Values, record_id: str | None, key: str) -> Reply:
        record = values | ({"id": record_id} if record_id else {})
        return self._write("create", record, (structure, values, record_id, key))

    def create_many(self, structure: str, items: Sequence[tuple[Values, str | None, str]]) -> list[tuple[int, Reply]]:
        """The items' places and answers, as the answer brings them. Raises NoAnswerError when none came."""
        fault = self._fault("batch", {})
        if fault in (FaultKind.ERROR_BEFORE, FaultKind.THROTTLE):
            raise NotSentError
        if fault is FaultKind.TIMEOUT_NOT_APPLIED:
            raise NoAnswerError

        def carry_out(part: Sequence[tuple[Values, str | None, str]]) -> list[tuple[int, Reply]]:
            return [(place, self.create(structure, *item)) for place, item in enumerate(part)]

        if fault is FaultKind.LATE:
            for item in items:
                self._delay(Late("create", (structure, *item)))
            raise NoAnswerError
        if fault is FaultKind.PARTIAL:
            carry_out(items[: len(items) // 2])
            raise NoAnswerError
        replies: list[tuple[int, Reply]] = []
        for place, item in enumerate(items):
            try:
                replies.append((place, self.create(structure, *item)))
            except NoAnswerError:
                continue
        if fault is FaultKind.TIMEOUT_APPLIED:
            raise NoAnswerError
        if fault is FaultKind.SHORT_REPLY:
            replies.pop()
        elif fault is FaultKind.SHUFFLED_REPLY:
            replies.reverse()
        elif fault is FaultKind.DOUBLED_REPLY:
            replies *= 2
        return replies

    def update(self, structure: str, record_id: str, values: Values, expected: Values | None) -> Reply:
        """`expected` None writes blindly."""
        record = values | {"id": record_id}
        return self._write("update", record, (structure, record_id, values, expected))

    def remove(self, structure: str, record_id: str, expected: Values | None) -> Reply:
        record: Values = {"id": record_id, **(expected or {})}
        return self._write("delete", record, (structure, record_id, expected))

    def _write(self, method: str, record: Values, arguments: tuple[object, ...]) -> Reply:
        fault = self._fault(method, record)
        apply = {"create": self._create, "update": self._update, "delete": self._remove}[method]
        self.in_flight = Late(method, arguments)
        self.steps(f"endpoint.{self.name}.{method}.before")
        self.in_flight = None
        if fault in (FaultKind.ERROR_BEFORE, FaultKind.THROTTLE):
            raise NotSentError
        if fault is FaultKind.TIMEOUT_NOT_APPLIED:
            raise NoAnswerError
        if fault is FaultKind.LATE:
            self._delay(Late(method, arguments))
            raise NoAnswerError
        if fault is FaultKind.REJECT:
            return Reply(WriteStatus.REJECTED, record.get("id"), "the system does not like this record")
        if fault is FaultKind.WRONG_REPLY:
            return Reply(WriteStatus.WRITTEN, record.get("id") or "no such id")
        reply: Reply = apply(*arguments, fault)  # type: ignore[operator]
        if fault is FaultKind.TWICE:
            apply(*arguments, None)  # type: ignore[operator]
        self.steps(f"endpoint.{self.name}.{method}.after")
        if fault is FaultKind.TIMEOUT_APPLIED:
            raise NoAnswerError
        return reply

    def _delay(self, request: Late) -> None:
        after = self.late_after_s
        request.at = None if after is None else self.clock.now() + timedelta(seconds=after)
        self.late.append(request)

    def _create(
        self, structure: str, values: Values, record_id: str | None, key: str, fault: FaultKind | None
    ) -> Reply:
        table, how = self.tables[structure], self.profile.creates
        body = repr(sorted(values.items()))
        now = self.clock.now()
        if key and how is CreateClass.IDEMPOTENCY_KEY and key in table.answers:
            at, known_body, known_id = table.answers[key]
            lives = self.profile.key_lives_s
            if lives is None or now < at + timedelta(seconds=lives):
                if known_body != body:
                    self.violations.append(f"key {key} came with another body: {known_body} and {body}")
                    return self._done("create", structure, None, key, body, Reply(WriteStatus.REJECTED, None, "422"))
                stored = dict(table.rows.get(known_id, values))
                return self._done(
                    "create", structure, known_id, key, body, Reply(WriteStatus.WRITTEN, known_id, "", stored)
                )
        is_unique = how is CreateClass.EXTERNAL_ID and self.profile.is_external_id_unique
        if key and (key in table.markers or (is_unique and key in table.external.values())):
            return self._done("create", structure, None, key, body, Reply(WriteStatus.EXISTS))
        wanted = record_id or _id_in(table, values)
        if wanted is not None and wanted in table.rows:
            return self._done("create", structure, wanted, key, body, Reply(WriteStatus.EXISTS, wanted))
        self._remember(structure)
        new_id = wanted or self._new_id(table)
        row: Values = {name: None for name in table.structure.field_names} | self._kept(values, fault)
        table.rows[new_id] = self._stamped(_with_id(table, row, new_id))
        if new_id.isdigit():
            table.next_id = max(table.next_id, int(new_id) + 1)
        if not key:
            pass
        elif how is CreateClass.MARKER:
            table.markers[key] = new_id
        elif how is CreateClass.EXTERNAL_ID:
            table.external[new_id] = key
        elif how is CreateClass.IDEMPOTENCY_KEY:
            table.answers[key] = (now, body, new_id)
        reply = Reply(WriteStatus.WRITTEN, new_id, "", dict(table.rows[new_id]))
        return self._done("create", structure, new_id, key, body, reply, is_applied=True)

    def _update(
        self, structure: str, record_id: str, values: Values, expected: Values | None, fault: FaultKind | None
    ) -> Reply:
        table, body = self.tables[structure], repr(sorted(values.items()))
        row = table.rows.get(record_id)
        if row is None or not self._meets(row, expected, fault):
            return self._done("update", structure, record_id, "", body, Reply(WriteStatus.CHANGED, record_id))
        self._remember(structure)
        row |= self._stamped(self._kept(values, fault))
        reply = Reply(WriteStatus.WRITTEN, record_id, "", dict(row))
        return self._done("update", structure, record_id, "", body, reply, is_applied=True)

    def _remove(self, structure: str, record_id: str, expected: Values | None, fault: FaultKind | None) -> Reply:
        table = self.tables[structure]
        row = table.rows.get(record_id)
        if row is None and not self.profile.can_read:
            return self._done("delete", structure, record_id, "", "", Reply(WriteStatus.WRITTEN, record_id))
        if row is None or not self._meets(row, expected, fault):
            return self._done("delete", structure, record_id, "", "", Reply(WriteStatus.CHANGED, record_id))
        self.delete(structure, record_id)
        return self._done(
            "delete", structure, record_id, "", "", Reply(WriteStatus.WRITTEN, record_id), is_applied=True
        )

    def _meets(self, row: Values, expected: Values | None, fault: FaultKind | None) -> bool:
        is_blind = expected is None or self.profile.ignores_conditions or fault is FaultKind.CAS_LIE
        return is_blind or _is_as(row, expected or {})

    def _done(
        self,
        method: str,
        structure: str,
        record_id: str | None,
        key: str,
        body: str,
        reply: Reply,
        *,
        is_applied: bool = False,
    ) -> Reply:
        self.log.append(Request(method, structure, record_id, key, body, is_applied))
        return reply

    # requests that read

    def page(self, structure: str, cursor: str | None) -> Page:
        """A page of the listing in order of id. A cursor is an offset, or the last id of the page before."""
        self.calls["page"] += 1
        fault = self._fault("page", {})
        if fault is FaultKind.READ_ERROR:
            raise NoAnswerError
        if fault is FaultKind.EMPTY_200:
            self.emptied = self.calls["page"]
            self.steps(f"endpoint.{self.name}.came_empty")
            return Page([], None, None)
        source = self._read_from(fault)
        rows = sorted(source[structure].rows.items(), key=_in_order)
        rows = [
            row
            for row in rows
            if not any(
                fault.kind is FaultKind.MISSED and fault.method == "listed" and fault.strikes("listed", row[1])
                for fault in self.faults.planned
            )
        ]
        size = self.profile.page_size or max(1, len(rows))
        start = 0
        if cursor is not None:
            start = (
                int(cursor) if self.profile.pages_by_offset else sum(_order(row[0]) <= _order(cursor) for row in rows)
            )
        if fault is FaultKind.REPEATED_PAGE:
            start = max(0, start - size)
        part = rows[start : start + size]
        following: str | None = None
        if start + size < len(rows):
            following = str(start + size) if self.profile.pages_by_offset else part[-1][0]
        if fault is FaultKind.SHORT_PAGE:
            part = part[:-1]
        elif fault is FaultKind.EMPTY_PAGE:
            part = []
        elif fault is FaultKind.LOOP and rows:
            following = rows[0][0] if not self.profile.pages_by_offset else "0"
        total = len(rows) if self.profile.says_total else None
        self.reads.update(record_id for record_id, _ in part)
        return Page([(record_id, dict(row)) for record_id, row in part], following, total)

    def get(self, structure: str, ids: Sequence[str]) -> list[tuple[str, Values]]:
        """The records with these ids."""
        fault = self._fault("get", {})
        if fault is FaultKind.READ_ERROR:
            raise NoAnswerError
        source = self._read_from(fault)
        rows = source[structure].rows
        self.reads.update(record_id for record_id in ids if record_id in rows)
        return [(record_id, dict(rows[record_id])) for record_id in ids if record_id in rows]

    def find(self, structure: str, key: str) -> list[str]:
        """Ids of records created with the key, as marker or external id."""
        if self._fault("find", {}) is FaultKind.READ_ERROR:
            raise NoAnswerError
        table = self.tables[structure]
        if self.profile.creates is CreateClass.MARKER:
            return [table.markers[key]] if key in table.markers else []
        return [record_id for record_id, known in table.external.items() if known == key]

    # inside

    def _fault(self, method: str, record: Values) -> FaultKind | None:
        return self.faults.next(method, record)

    def _new_id(self, table: Table) -> str:
        if self.profile.creates is CreateClass.CLIENT_ID:
            return str(uuid.uuid4())
        number, table.next_id = table.next_id, table.next_id + 1
        return str(number)

    def _stamped(self, values: Values) -> Values:
        name = self.profile.stamp_field
        if not name or values.get(name) is not None:
            return values
        return values | {name: (self.clock.now() + self.profile.clock_shift).astimezone(UTC).isoformat()}

    def _kept(self, values: Values, fault: FaultKind | None) -> Values:
        if fault is not FaultKind.IMPRECISE:
            return values
        return {name: value and value[:3] for name, value in values.items()}

    def _remember(self, structure: str) -> None:
        """The state before a change, which a replica that lags behind still shows."""
        self.changes += 1
        if any(fault.kind is FaultKind.STALE for fault in self.faults.planned):
            self.replica, self.replica_of = copy.deepcopy(self.tables), self.clock.now()

    def _read_from(self, fault: FaultKind | None) -> dict[str, Table]:
        """A replica shows the state before the last change, until its lag is over; for ever where none is declared."""
        if fault is not FaultKind.STALE or self.replica is None:
            return self.tables
        lag = self.profile.read_lag_s
        is_over = lag and self.clock.now() >= self.replica_of + timedelta(seconds=lag)
        return self.tables if is_over else self.replica


def _id_in(table: Table, values: Mapping[str, str | None]) -> str | None:
    """The id that the values of the key fields make, None where one is missing."""
    parts = [values.get(name) for name in table.structure.key]
    return None if None in parts else encode_record_id(tuple(str(part) for part in parts))


def _with_id(table: Table, row: Values, record_id: str) -> Values:
    key = table.structure.key
    return row | dict(zip(key, decode_record_id(record_id, len(key)), strict=True))


def _is_as(row: Values, expected: Values) -> bool:
    return all(row.get(name) == value for name, value in expected.items())


def _order(record_id: str) -> tuple[int, str]:
    return (int(record_id), "") if record_id.isdigit() else (0, record_id)


def _in_order(row: tuple[str, Values]) -> tuple[int, str]:
    return _order(row[0])
