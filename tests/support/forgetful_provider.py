"""A real provider whose reads may overlook records, as reads of services that are still settling do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.errors import CursorLostError, Place
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    EndpointSession,
    EndpointTime,
    OpenContext,
    Provider,
    ReadCompleteness,
    ReadRequest,
    Setting,
)
from desktop_sync.core.structure import Structure
from desktop_sync.providers.record_stream import stream_of
from desktop_sync.providers.registry import Registry


class ForgetfulProvider:
    """Its endpoints declare that absence counts when it was seen twice.

    `overlooked`: values of the first requested field whose records no read finds, not even by id. `has_lost_cursor`: a
    read by stamp is refused. `tells_time`: what the endpoints' own clock says, if they have one.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name, self.label = provider.name, provider.label
        self.settings: tuple[Setting, ...] = provider.settings
        self.completeness = ReadCompleteness.TWICE
        self.overlooked: set[str] = set()
        self.has_lost_cursor = False
        self.tells_time: Callable[[], EndpointTime] | None = None
        self.complete_reads = 0

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._provider.capabilities, completeness=self.completeness)

    def open(self, context: OpenContext) -> EndpointSession:
        return ForgetfulSession(self, self._provider.open(context), context.endpoint)  # type: ignore[return-value]


class ForgetfulSession:
    """Everything that is not here is the real session's."""

    def __init__(self, provider: ForgetfulProvider, session: EndpointSession, endpoint: str) -> None:
        self._provider = provider
        self._session = session
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._session.capabilities, completeness=self._provider.completeness)

    def time(self) -> EndpointTime | None:
        return None if self._provider.tells_time is None else self._provider.tells_time()

    def read(self, request: ReadRequest) -> ArrowStream:
        if request.modified_field and self._provider.has_lost_cursor:
            raise CursorLostError("the token is too old", Place(self._endpoint, request.structure.name))
        self._provider.complete_reads += request.ids is None and not request.modified_field
        stream = self._session.read(request)
        if not self._provider.overlooked:
            return stream
        table = pa.RecordBatchReader.from_stream(stream).read_all()
        key = _key_of(request.structure, table)
        overlooked = pa.array(sorted(self._provider.overlooked), pa.string())
        return stream_of(table.filter(pc.invert(pc.is_in(key, value_set=overlooked))))


def _key_of(structure: Structure, table: pa.Table) -> pa.ChunkedArray:
    name = next((name for name in structure.key if name in table.column_names), table.column_names[0])
    return table[name].cast(pa.string())


class ForgetfulRegistry(Registry):
    """The real providers, one of them forgetful."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.forgetful = ForgetfulProvider(super().get(name))

    def get(self, name: str) -> Provider:
        return self.forgetful if name == self.forgetful.name else super().get(name)
