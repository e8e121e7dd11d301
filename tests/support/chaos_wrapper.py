"""The same faults between the program and real endpoints: SQLite files, folders of CSV files, whatever is wrapped.

    shop = EndpointFaults()
    FaultyRegistry(Registry(), {"Shop": shop})

Reads are the method "page" (READ_ERROR, EMPTY_200, SHORT_PAGE), commits the method "batch" (ERROR_BEFORE,
TIMEOUT_NOT_APPLIED, TIMEOUT_APPLIED, LATE, SHORT_REPLY).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from desktop_sync.core.errors import Place, RetriableError
from desktop_sync.core.provider_port import (
    ArrowStream,
    EndpointSession,
    OpenContext,
    Provider,
    ReadRequest,
    WriteBatch,
    Writer,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import Structure
from desktop_sync.providers.record_stream import stream_of
from desktop_sync.services.endpoint_setup.endpoints import ProviderRegistry
from tests.support.chaos_faults import FaultKind, Faults


@dataclass
class EndpointFaults:
    """The faults of one endpoint, and the commits that are still under way there."""

    faults: Faults = field(default_factory=Faults)
    late: list[tuple[OpenContext, Provider, Structure, list[WriteBatch]]] = field(default_factory=list)

    def apply_late(self) -> int:
        """What was under way is carried out; how many commits."""
        waiting, self.late = self.late, []
        for context, provider, structure, batches in waiting:
            session = provider.open(context)
            with session.writer(structure) as writer:
                for batch in batches:
                    writer.stage(batch)
                writer.commit()
            session.close()
        return len(waiting)


class FaultyRegistry:
    """Endpoints that are named have faults; all others are as they are."""

    def __init__(self, inner: ProviderRegistry, endpoints: Mapping[str, EndpointFaults]) -> None:
        self._inner = inner
        self._endpoints = endpoints

    def names(self) -> tuple[str, ...]:
        return self._inner.names()

    def get(self, name: str) -> Provider:
        provider: Provider = _FaultyProvider(self._inner.get(name), self._endpoints)
        return provider


class _FaultyProvider:
    def __init__(self, inner: Provider, endpoints: Mapping[str, EndpointFaults]) -> None:
        self._inner = inner
        self._endpoints = endpoints

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open(self, context: OpenContext) -> EndpointSession:
        session = self._inner.open(context)
        found = self._endpoints.get(context.endpoint)
        if found is None:
            return session
        faulty: EndpointSession = FaultySession(session, found, context, self._inner)
        return faulty


class FaultySession:
    """The session, but for what goes wrong on the way."""

    def __init__(self, inner: EndpointSession, chaos: EndpointFaults, context: OpenContext, provider: Provider) -> None:
        self._inner = inner
        self.chaos = chaos
        self.context = context
        self.provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, request: ReadRequest) -> ArrowStream:
        fault = self.chaos.faults.next("page")
        place = Place(self.context.endpoint, request.structure.name)
        if fault is FaultKind.READ_ERROR:
            raise RetriableError("the system did not answer", place)
        if fault not in (FaultKind.EMPTY_200, FaultKind.SHORT_PAGE):
            return self._inner.read(request)
        table = pa.RecordBatchReader.from_stream(self._inner.read(request)).read_all()
        return stream_of(table.slice(0, 0 if fault is FaultKind.EMPTY_200 else max(0, table.num_rows - 1)))

    def writer(self, structure: Structure) -> Writer:
        return _FaultyWriter(self, self._inner.writer(structure), structure)


class _FaultyWriter:
    def __init__(self, session: FaultySession, inner: Writer, structure: Structure) -> None:
        self._session = session
        self._inner = inner
        self._structure = structure
        self._staged: list[WriteBatch] = []

    def __enter__(self) -> Writer:
        self._inner.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._inner.__exit__(*exc)

    def stage(self, batch: WriteBatch) -> None:
        tables = {
            name: pa.RecordBatchReader.from_stream(stream).read_all()
            for name, stream in (("values", batch.values), ("expected", batch.expected))
            if stream is not None
        }
        self._staged.append(replace(batch, **tables))

    def commit(self) -> list[WriteResult]:
        staged, self._staged = self._staged, []
        fault = self._session.chaos.faults.next("batch")
        if fault is FaultKind.ERROR_BEFORE:
            raise RetriableError("the connection broke", Place(self._session.context.endpoint, self._structure.name))
        if fault is FaultKind.LATE:
            late = (self._session.context, self._session.provider, self._structure, staged)
            self._session.chaos.late.append(late)
        if fault in (FaultKind.LATE, FaultKind.TIMEOUT_NOT_APPLIED):
            return [_unanswered(batch) for batch in staged]
        for batch in staged:
            self._inner.stage(batch)
        results = self._inner.commit()
        if fault is FaultKind.TIMEOUT_APPLIED:
            return [_unanswered(batch) for batch in staged]
        if fault is FaultKind.SHORT_REPLY:
            return [replace(result, statuses=list(result.statuses)[:-1]) for result in results]
        return results


def _unanswered(batch: WriteBatch) -> WriteResult:
    number = len(batch.ids)
    return WriteResult([int(WriteStatus.UNKNOWN)] * number, list(batch.ids), [""] * number, [True] * number)
