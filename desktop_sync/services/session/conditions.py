"""Whether an endpoint keeps the conditions of writes that it says it keeps; where it does not, they are kept here.

There are systems that accept a condition and write all the same (RELIABILITY K2). It is tried for each endpoint that is
reached over a network: a record is asked to keep the value that it has, on a condition that cannot hold. An endpoint
that says it wrote ignores conditions. From then on each record is read again just before it is written. One that keeps
them is tried again after a day, before its records are changed: it may have been replaced or set up otherwise since.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    ConditionalWrite,
    EndpointSession,
    Operation,
    ReadRequest,
    WriteBatch,
    Writer,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import FieldType, Structure, encode_record_id
from desktop_sync.engine.layout import Layout, SideLayout
from desktop_sync.services.session.sync_session import SyncSession

TRIED_FOR = timedelta(days=1)
"""How long what was found of an endpoint that keeps conditions is believed."""

KEPT, IGNORED = "conditions kept", "conditions ignored"
NOTE = "accepts the condition of a write and ignores it: each record is read again just before it is written"


@dataclass(frozen=True, slots=True)
class Conditions:
    """For one run. One thread."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    _tried: set[Side] = field(default_factory=set)

    def ensure(self, layout: Layout, side: Side) -> str:
        """From here on the side's session does what its capabilities say of conditional writes; a note where the
        endpoint does not. Tries nothing where the endpoint is on this machine, or says itself that it is not sure."""
        endpoint = self.session.endpoints[side]
        capabilities = endpoint.capabilities
        is_claimed = capabilities.conditional_write is ConditionalWrite.STRONG and capabilities.max_in_flight_s
        if side in self._tried or not is_claimed:
            return ""
        self._tried.add(side)
        name = endpoint.identity()
        found = self.ledger.probed(name)
        if found != IGNORED and not (found and self._is_fresh(name)):
            now = _try(endpoint, layout.of(side))
            if now:
                self.ledger.keep_probed(name, now)
            found = now or found
        if found != IGNORED:
            return ""
        self.session.endpoints[side] = CheckingSession(endpoint)
        return f"{self.session.configuration.endpoint_of(side)} {NOTE}."

    def _is_fresh(self, name: str) -> bool:
        at = self.ledger.probed_at(name)
        return at is not None and at <= self.clock.now() < at + TRIED_FOR


def _try(endpoint: EndpointSession, own: SideLayout) -> str:
    """KEPT or IGNORED; empty where it cannot be told: there is no record, or no text to try it with."""
    texts = [column for column in own.columns if column.kind.type is FieldType.TEXT and column not in own.key]
    if not texts or not own.key:
        return ""
    names = (texts[0].name, *(column.name for column in own.key))
    found = endpoint.read(ReadRequest(own.structure, names, limit=1))
    rows = pa.RecordBatchReader.from_stream(found).read_all()
    if not rows.num_rows or any(rows[name][0].as_py() is None for name in names[1:]):
        return ""
    record_id = encode_record_id(tuple(str(rows[name][0].as_py()) for name in names[1:]))
    impossible = pa.table({names[0]: pa.array([str(uuid.uuid4())])})
    with endpoint.writer(own.structure) as writer:
        writer.stage(
            WriteBatch(Operation.UPDATE, [record_id], names[:1], rows.select([names[0]]), names[:1], impossible)
        )
        (result,) = writer.commit()
    statuses = list(result.statuses)
    return (
        {WriteStatus.CHANGED: KEPT, WriteStatus.WRITTEN: IGNORED}.get(WriteStatus(statuses[0]), "") if statuses else ""
    )


class CheckingSession:
    """A session whose writer reads each record again just before it is written. All else is the endpoint's."""

    def __init__(self, inner: EndpointSession) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._inner.capabilities, conditional_write=ConditionalWrite.VERIFY)

    def writer(self, structure: Structure) -> Writer:
        return _CheckingWriter(self._inner, structure)


class _CheckingWriter:
    def __init__(self, session: EndpointSession, structure: Structure) -> None:
        self._session = session
        self._structure = structure
        self._writer = session.writer(structure)
        self._staged: list[WriteBatch] = []

    def __enter__(self) -> Writer:
        self._writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._writer.__exit__(*exc)

    def stage(self, batch: WriteBatch) -> None:
        columns = {} if batch.expected is None else {"expected": _table(batch.expected)}
        columns |= {} if batch.values is None else {"values": _table(batch.values)}
        self._staged.append(replace(batch, **columns))

    def commit(self) -> list[WriteResult]:
        staged, self._staged = self._staged, []
        return [self._write(batch) for batch in staged]

    def _write(self, batch: WriteBatch) -> WriteResult:
        is_new = batch.operation is Operation.CREATE
        good = list(range(len(batch.ids))) if is_new else self._as_expected(batch)
        written = self._forward(batch, good)
        places = {row: place for place, row in enumerate(good)}
        every = range(len(batch.ids))
        return WriteResult(
            [written.statuses[places[row]] if row in places else int(WriteStatus.CHANGED) for row in every],
            [written.ids[places[row]] if row in places else batch.ids[row] for row in every],
            [written.messages[places[row]] if row in places else "" for row in every],
            # What another wrote in the same moment would be seen by reading back.
            [is_new and written.stored_as_sent[places[row]] for row in every],
        )

    def _as_expected(self, batch: WriteBatch) -> list[int]:
        key = tuple(self._structure.key)
        names = (*key, *(name for name in batch.expected_fields if name not in key))
        request = ReadRequest(self._structure, names, ids=[str(one) for one in batch.ids])
        rows = pa.RecordBatchReader.from_stream(self._session.read(request)).read_all().to_pylist()
        now = {encode_record_id(tuple(str(row[name]) for name in key)): row for row in rows}
        expected = (
            []
            if batch.expected is None
            else _table(batch.expected).rename_columns(list(batch.expected_fields)).to_pylist()
        )
        return [
            row
            for row, record_id in enumerate(batch.ids)
            if str(record_id) in now
            and (not expected or all(now[str(record_id)][name] == value for name, value in expected[row].items()))
        ]

    def _forward(self, batch: WriteBatch, good: Sequence[int]) -> WriteResult:
        if not good:
            return WriteResult((), (), (), ())
        taken = pa.array(good, pa.int64())
        self._writer.stage(
            replace(
                batch,
                ids=[batch.ids[row] for row in good],
                keys=[batch.keys[row] for row in good] if batch.keys else (),
                values=None if batch.values is None else _table(batch.values).take(taken),
                expected=None if batch.expected is None else _table(batch.expected).take(taken),
            )
        )
        (result,) = self._writer.commit()
        return result


def _table(stream: ArrowStream) -> pa.Table:
    return stream if isinstance(stream, pa.Table) else pa.RecordBatchReader.from_stream(stream).read_all()
