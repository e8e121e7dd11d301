"""The stream of records that `EndpointSession.read` returns: an Arrow stream that can be closed."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol

import pyarrow as pa

from desktop_sync.core.errors import EndpointError


class BatchSource(Protocol):
    """Where the batches of a stream come from."""

    def next_batch(self) -> pa.RecordBatch | None:
        """The next batch, None after the last. Raises EndpointError."""

    def close(self) -> None:
        """Release everything; may be called often and at any time."""


class RecordStream:
    """Batches of one schema, each given once, as an Arrow stream (PyCapsule interface) and as an iterator.

    It releases its source when it is exhausted, closed, left as a context manager, failed or garbage collected. An
    Arrow consumer turns Python exceptions into text: `error` then still holds the EndpointError of this stream.
    """

    def __init__(self, schema: pa.Schema, source: BatchSource) -> None:
        self.schema = schema
        self.error: EndpointError | None = None
        self._source: BatchSource | None = source

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._source is None:
            if self.error is not None:
                raise self.error
            raise StopIteration
        try:
            batch = self._source.next_batch()
        except EndpointError as error:
            self.error = error
            self.close()
            raise
        if batch is None:
            self.close()
            raise StopIteration
        return batch

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self).__arrow_c_stream__(requested_schema)

    def read_all(self) -> pa.Table:
        """All batches that are left, as a table. Raises EndpointError; then nothing of it may be used."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def close(self) -> None:
        """Nothing of the endpoint is held any more. May be repeated."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def __enter__(self) -> RecordStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class TableSource:
    """The batches of a table that is in memory already."""

    def __init__(self, table: pa.Table, rows_per_batch: int = 65_536) -> None:
        self._batches: Iterator[pa.RecordBatch] = iter(table.to_batches(max_chunksize=rows_per_batch))

    def next_batch(self) -> pa.RecordBatch | None:
        return next(self._batches, None)

    def close(self) -> None:
        self._batches = iter(())


def stream_of(table: pa.Table) -> RecordStream:
    """A stream of a table that is in memory."""
    return RecordStream(table.schema, TableSource(table))
