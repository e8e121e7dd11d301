"""A wrapper around any provider whose listings come in pages and fail at one of them, in every way that systems do.

Errors are those that a provider owes its users (`core.provider_port`), or, where one would forget that, what the
network library throws. Listings that lie end with success and without records that are there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from desktop_sync.core.errors import (
    AuthenticationError,
    DamagedError,
    EndpointError,
    MissingError,
    Place,
    RetriableError,
)
from desktop_sync.core.provider_port import ArrowStream, EndpointSession, OpenContext, Provider, ReadRequest

Make = Callable[[Place], Exception]


@dataclass(frozen=True, slots=True)
class ReadFault:
    """`error` is what the page comes to; None where the listing lies. `shows` is the class that must come out: whether
    trying again may help. `is_cut`: half of the page comes first."""

    name: str
    error: Make | None = None
    shows: type[EndpointError] | None = None
    is_cut: bool = False


def _of(kind: type[EndpointError], problem: str) -> Make:
    return lambda place: kind(problem, place)


FAULTS = (
    ReadFault("401", _of(AuthenticationError, "it asks who we are"), AuthenticationError),
    ReadFault("403", _of(AuthenticationError, "it does not let us"), AuthenticationError),
    ReadFault("404", _of(MissingError, "it is not there"), MissingError),
    ReadFault("429", _of(RetriableError, "too many requests"), RetriableError),
    ReadFault("500", _of(RetriableError, "it failed inside"), RetriableError),
    ReadFault("503", _of(RetriableError, "it is not available"), RetriableError),
    ReadFault("bad certificate", _of(EndpointError, "its certificate is not valid"), EndpointError),
    ReadFault("no such host", lambda _: socket.gaierror(-2, "Name or service not known"), RetriableError),
    ReadFault("timeout", lambda _: TimeoutError("timed out"), RetriableError),
    ReadFault("reset", lambda _: ConnectionResetError(104, "Connection reset by peer"), RetriableError, is_cut=True),
    ReadFault("cut JSON", _of(DamagedError, "the JSON ends within a text"), DamagedError, is_cut=True),
    ReadFault("cut XML", _of(DamagedError, "the XML ends within an element"), DamagedError, is_cut=True),
    ReadFault("cut CSV", _of(DamagedError, "the file ends inside a quoted cell"), DamagedError, is_cut=True),
    ReadFault("login page", _of(DamagedError, "a web page came instead of records"), DamagedError),
    ReadFault("empty answer"),
    ReadFault("short answer", is_cut=True),
)


class FailingProvider:
    """The provider, with `fault` at the page `at` of the listings of the endpoint `endpoint`. Point reads tell the
    truth where listings lie; with an error they fail like these."""

    def __init__(self, provider: Provider, page_rows: int) -> None:
        self._provider = provider
        self.name = provider.name
        self.label = provider.label
        self.settings = provider.settings
        self.capabilities = provider.capabilities
        self.page_rows = page_rows
        self.endpoint = ""
        self.fault: ReadFault | None = None
        self.at = 0

    def open(self, context: OpenContext) -> EndpointSession:
        return _FailingSession(self, self._provider.open(context), context.endpoint)  # type: ignore[return-value]


class _FailingSession:
    def __init__(self, provider: FailingProvider, session: EndpointSession, endpoint: str) -> None:
        self._provider = provider
        self._session = session
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def read(self, request: ReadRequest) -> ArrowStream:
        fault = self._provider.fault
        if fault is None or self._provider.endpoint != self._endpoint:
            return self._session.read(request)
        if request.ids is not None:
            if fault.error is not None:
                raise fault.error(Place(self._endpoint, request.structure.name))
            return self._session.read(request)
        table = pa.RecordBatchReader.from_stream(self._session.read(replace(request))).read_all()
        return _FailingStream(table, self._pages(table, fault, request.structure.name))

    def _pages(self, table: pa.Table, fault: ReadFault, structure: str) -> Iterator[pa.RecordBatch]:
        rows = self._provider.page_rows
        for number, start in enumerate(range(0, table.num_rows, rows)):
            page = table.slice(start, rows)
            if number == self._provider.at:
                if fault.is_cut:
                    yield from page.slice(0, rows // 2).to_batches()
                if fault.error is not None:
                    raise fault.error(Place(self._endpoint, structure))
                return
            yield from page.to_batches()


class _FailingStream:
    """An Arrow stream that keeps the exception of its source, as those of providers do."""

    def __init__(self, table: pa.Table, pages: Iterator[pa.RecordBatch]) -> None:
        self.schema = table.schema
        self.error: BaseException | None = None
        self._pages = pages

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._pages
        except Exception as error:
            self.error = error
            raise

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, iter(self)).__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        self._pages = iter(())
