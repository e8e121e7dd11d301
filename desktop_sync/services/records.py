"""What people see of and do to sync records: the queue, conflicts, reviews, links, runs and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import ConfigurationError, VersionMismatchError
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, RecordQuery
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import ArrowStream, Operation
from desktop_sync.core.run import Run, RunKind
from desktop_sync.core.status import DeletedIn, Event, Status, after
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.services.masking import Masks
from desktop_sync.services.session.record_presence import refuse_absent
from desktop_sync.services.session.sync_session import OpenEndpoint
from desktop_sync.services.views import ReviewCase

Settlement = dict[str, object]
BY_HAND = "by hand"
"""The evidence of a pair that a person made or unmade."""
AT_ONCE = 1_000
"""Records that a person does something to in one transaction: a run that goes on gets its turn in between."""
ATTEMPTS = 4
MOST_DIGITS = 18
"""A longer number is no sync record's; it may well be the id of a record in an endpoint."""


class RecordService:
    """Every method blocks; any thread. What is decided here is written at the next run."""

    def __init__(self, ledger: Ledger, open_endpoint: OpenEndpoint, clock: Clock) -> None:
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._clock = clock

    def records(self, query: RecordQuery) -> list[SyncRecord]:
        return self._ledger.records(query)

    def count(self, query: RecordQuery) -> int:
        return self._ledger.count_records(query)

    def counts(self, configuration: str) -> dict[Status, int]:
        return self._ledger.count_by_status(configuration)

    def conflicts(
        self, configuration: str, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]:
        found = self._ledger.conflicts(configuration, only_open=only_open, limit=limit, offset=offset)
        return self._masks().shown(configuration, found)

    def resolve(self, conflict_id: int, winner: Side) -> None:
        """The winner's record goes to the other side at the next run."""
        self._ledger.decide_conflict(conflict_id, winner)

    def runs(self, configuration: str = "", limit: int = 200, offset: int = 0) -> list[Run]:
        return self._ledger.runs(configuration, limit=limit, offset=offset)

    def run(self, run_id: int) -> Run | None:
        return self._ledger.run(run_id)

    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]:
        run, rows = self._ledger.run(run_id), self._ledger.history(run_id, limit=limit, offset=offset)
        return rows if run is None else self._masks().shown(run.configuration, rows)

    def record_history(self, record_id: int) -> list[HistoryRow]:
        record, rows = self._ledger.record(record_id), self._ledger.record_history(record_id)
        return rows if record is None else self._masks().shown(record.configuration, rows)

    def _masks(self) -> Masks:
        return Masks(self._ledger.configurations())

    def find(self, configuration: str, record: str, entity: str = "") -> SyncRecord:
        """The record with this number, or with this id in one of the endpoints; `#12` is only a number, `id:12` only
        an id. Raises ConfigurationError if it is none or several, for nobody may guess which was meant."""
        found = self.matching(configuration, record, entity)
        if not found and all(known.name != configuration for known in self._ledger.configurations()):
            raise _no_configuration(configuration)
        if len(found) != 1:
            raise ConfigurationError(_unclear(record, configuration, found), path="record")
        return found[0]

    def matching(self, configuration: str, record: str, entity: str = "") -> list[SyncRecord]:
        """All that may be meant by it, by number."""
        digits = record.removeprefix("#")
        found: dict[int, SyncRecord] = {}
        if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
            known = self._ledger.record(int(digits))
            if known is not None and known.configuration == configuration and entity in ("", known.entity):
                found[known.id] = known
        if not record.startswith("#"):
            query = RecordQuery(configuration, entity, endpoint_id=record.removeprefix("id:"))
            by_id = {one.id: one for one in self._ledger.records(query)} if query.endpoint_id else {}
            found = by_id if record.startswith("id:") else found | by_id
        return [found[number] for number in sorted(found)]

    def reviews(self, configuration: str, limit: int = 200, offset: int = 0) -> list[ReviewCase]:
        query = RecordQuery(configuration, statuses=(Status.REVIEW,), limit=limit, offset=offset)
        return [
            ReviewCase(record.id, record.entity, record.a_id, record.b_id, record.last_error, _candidates(record))
            for record in self._ledger.records(query)
        ]

    def held(self, configuration: str, entity: str = "") -> list[HeldCase]:
        """The records that are in no plan because nobody knows whether they were written, the oldest first."""
        mine = next((one for one in self._ledger.configurations() if one.name == configuration), None)
        now, found = self._clock.now(), []
        for one in self._ledger.held_records(configuration):
            record = self._ledger.record(one.record_id)
            if record is None or mine is None or entity not in ("", one.key.entity):
                continue
            ids = one.hold.candidates if one.operation == Operation.CREATE else ()
            own = record.b_id if one.side is Side.A else record.a_id
            case = HeldCase(
                record.id,
                record.entity,
                record.a_id,
                record.b_id,
                one.side,
                mine.endpoint_of(one.side),
                Operation(one.operation),
                one.run_id,
                one.since,
                max(now - one.since, timedelta()),
                one.reason,
                () if own is None else tuple((each, own) if one.side is Side.A else (own, each) for each in ids),
                self._is_undo(one.run_id),
            )
            found.append(case)
        return sorted(found, key=lambda case: (case.since, case.record_id))

    def _is_undo(self, run_id: int) -> bool:
        run = self._ledger.run(run_id)
        return run is not None and run.kind is RunKind.UNDO

    def set_status(self, record_ids: Sequence[int], event: Event) -> int:
        """What the user did to the records, as far as the table of transitions allows it; how many changed. A record
        that was held for want of an answer is held no longer: to be prepared, it is created again."""
        chosen: dict[EntityKey, list[int]] = {}
        for record_id in dict.fromkeys(record_ids):
            record = self._ledger.record(record_id)
            if record is not None:
                chosen.setdefault(EntityKey(record.configuration, record.entity), []).append(record_id)
        changed = 0
        for key, of_entity in chosen.items():
            # A run may write them now; it may have read them before.
            may_be_in_hand = event is Event.SET_PREPARED_BY_USER and self._ledger.is_held(key.configuration)
            for start in range(0, len(of_entity), AT_ONCE):
                changed += self._set_status(key, of_entity[start : start + AT_ONCE], event, may_be_in_hand)
        return changed

    def _set_status(self, key: EntityKey, record_ids: Sequence[int], event: Event, may_be_in_hand: bool) -> int:
        """The same for some records of one entity, in one transaction: what a run makes of them meanwhile comes before
        it or after it, and is not undone."""
        done: list[int] = []

        def revise(peers: ArrowStream) -> ArrowStream:
            rows = [_revised(row, event, may_be_in_hand) for row in _listed(peers)]
            changed = [row for row in rows if row is not None]
            done.extend(int(str(row["record_id"])) for row in changed)
            settlements: ArrowStream = _table(changed)
            return settlements

        self._ledger.revise(key, record_ids, revise)
        if done:
            self._ledger.release_held(key, done)
        return len(done)

    def link(self, configuration: str, entity: str, a_id: str, b_id: str) -> None:
        """The two records are peers; at the next run the rule of first contact says what is written.

        Raises ConfigurationError when one of them is paired already or is not in its endpoint, which is looked at, or
        there is no such entity; and errors of endpoints.
        """
        mine = next((one for one in self._ledger.configurations() if one.name == configuration), None)
        if mine is None:
            raise _no_configuration(configuration)
        linked = mine.entity(entity)
        if linked is None:
            raise ConfigurationError(f'"{configuration}" has no entity "{entity}"', path="entity")
        key = EntityKey(configuration, entity)
        if self._unpaired(key, a_id, b_id) is not None:
            refuse_absent(self._open_endpoint, mine, linked, {Side.A: a_id, Side.B: b_id})
            self._as_it_stands(lambda: self._link(key, a_id, b_id))

    def _unpaired(self, key: EntityKey, a_id: str, b_id: str) -> list[Settlement] | None:
        """The sync records that hold one of the ids; None where the two are peers already. Raises ConfigurationError
        where one of them is another's peer."""
        rows = _listed(self._ledger.peers(key, a_ids=[a_id], b_ids=[b_id]))
        for row in rows:
            if row["a_id"] is not None and row["b_id"] is not None and row["status"] != Status.DELETED:
                if row["a_id"] == a_id and row["b_id"] == b_id:
                    return None
                raise ConfigurationError(
                    f'record {row["record_id"]} already pairs "{row["a_id"]}" with "{row["b_id"]}": unlink it first',
                    path="link",
                )
        return rows

    def _link(self, key: EntityKey, a_id: str, b_id: str) -> None:
        rows = self._unpaired(key, a_id, b_id)
        if rows is None:
            return
        keeper = rows[0] if rows else {"record_id": self._ledger.reserve_record_ids(1)}
        row = _empty() | {"record_id": keeper["record_id"], "a_id": a_id, "b_id": b_id, "status": int(Status.PREPARED)}
        self._keep(key, Action.LINK, [row], rows)
        self._ledger.release_held(key, [int(str(one["record_id"])) for one in (keeper, *rows)])

    @staticmethod
    def _as_it_stands(decide: Callable[[], None]) -> None:
        """`decide` is done about the records as they stand: where a run changed them meanwhile, once more."""
        for _ in range(ATTEMPTS):
            try:
                return decide()
            except VersionMismatchError:
                continue
        decide()

    def unlink(self, record_id: int) -> None:
        """The two records are no peers any more; both wait as Skipped, so that they are not matched again at once."""
        self._as_it_stands(lambda: self._unlink(record_id))

    def _unlink(self, record_id: int) -> None:
        record = self._ledger.record(record_id)
        if record is None:
            raise ConfigurationError(f"there is no sync record {record_id}", path="record")
        if record.a_id is None or record.b_id is None:
            raise ConfigurationError(f"sync record {record_id} is not a pair", path="record")
        key = EntityKey(record.configuration, record.entity)
        before = _listed(self._ledger.peers(key, a_ids=[record.a_id], b_ids=[record.b_id]))
        if [(row["record_id"], row["a_id"], row["b_id"]) for row in before] != [(record.id, record.a_id, record.b_id)]:
            raise VersionMismatchError("what was decided", "the record as it stood", "what a run made of it")
        first = _empty() | {"record_id": record.id, "a_id": record.a_id, "status": int(Status.SKIPPED)}
        second = _empty() | {
            "record_id": self._ledger.reserve_record_ids(1),
            "b_id": record.b_id,
            "status": int(Status.SKIPPED),
        }
        self._keep(key, Action.UNLINK, [first, second], before)

    def _keep(self, key: EntityKey, action: Action, rows: list[Settlement], before: list[Settlement]) -> None:
        """The sync records are as given, in the place of those before, and their history says that a person did it
        (SPEC §4). Raises VersionMismatchError where those do not stand so any more."""
        said = _table(rows).select(["record_id", "a_id", "b_id", "a_digest", "b_digest"])
        for name, value, kind in (
            ("action", int(action), pa.int8()),
            ("rule", int(Rule.DECIDED), pa.int8()),
            ("evidence", BY_HAND, pa.string()),
        ):
            said = said.append_column(name, pa.repeat(pa.scalar(value, kind), said.num_rows))
        self._ledger.keep_batch(key, 0, said, _table(rows), instead_of=_table(before))


def _no_configuration(name: str) -> ConfigurationError:
    return ConfigurationError(f'there is no configuration "{name}"', path="configuration")


def _listed(peers: ArrowStream) -> list[Settlement]:
    return [row | {"last_error": ""} for row in pa.RecordBatchReader.from_stream(peers).read_all().to_pylist()]


def _revised(row: Settlement, event: Event, may_be_in_hand: bool) -> Settlement | None:
    """The sync record after what the user did to it; None where that is not allowed."""
    before = Status(int(str(row["status"])))
    status = after(before, event, has_both_ids=row["a_id"] is not None and row["b_id"] is not None)
    if status is None and may_be_in_hand and before is Status.PREPARED:
        status = Status.PREPARED  # marked once more
    if status is None:
        return None
    row = row | {"status": int(status), "attempts": 0, "not_before": None}
    if event is Event.SET_DELETED_BY_USER:
        was_processed = row["a_digest"] is not None or row["b_digest"] is not None
        row["deleted_in"] = int(DeletedIn.NOWHERE if was_processed else DeletedIn.BY_HAND)
    if event is Event.SET_PROCESSED_BY_USER:
        # No baseline: what both sides hold at the next run becomes it.
        row |= {"a_digest": None, "b_digest": None, "deleted_in": 0}
    return row


def _empty() -> Settlement:
    values: Settlement = {name: None for name in SETTLEMENT_SCHEMA.names}
    return values | {"deleted_in": 0, "attempts": 0, "last_error": ""}


def _table(rows: list[Settlement]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SETTLEMENT_SCHEMA)


def _unclear(record: str, configuration: str, found: Sequence[SyncRecord]) -> str:
    """Why it is not known which record is meant, and what to say instead."""
    if not found:
        return f'no sync record of "{configuration}" has the number or id "{record}"'
    choices = " or ".join(f"#{one.id} ({one.entity}, {one.a_id or '-'} = {one.b_id or '-'})" for one in found[:4])
    return f'several sync records of "{configuration}" have the number or id "{record}": say {choices}'


def _candidates(record: SyncRecord) -> tuple[tuple[str | None, str | None, str], ...]:
    """Who might be meant, from the evidence: its last brackets list ids of the other side."""
    reason, bracket, listed = record.last_error.rpartition(" (")
    if not bracket or not listed.endswith(")"):
        return ()
    return tuple(
        (record.a_id, other, reason) if record.a_id is not None else (other, record.b_id, reason)
        for other in listed[:-1].split(", ")
    )
