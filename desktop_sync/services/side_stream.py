"""A read of one side on its way into the workbench: counted, cancellable, with its real error kept.

An Arrow consumer turns an exception of its source into text. Here the exception is kept, and `reading` raises it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from desktop_sync.core.provider_port import ArrowStream

OnBatch = Callable[[int], None]


class SideStream:
    """Batches of a read, once. One thread; close it."""

    def __init__(self, source: ArrowStream) -> None:
        self._source = source
        self._reader = pa.RecordBatchReader.from_stream(source)
        self._first: pa.RecordBatch | None = None
        self._on_batch: OnBatch | None = None
        self.schema: pa.Schema = self._reader.schema
        self.error: BaseException | None = None
        self._rest = self._batches()  # one iterator: one that is dropped would close the reader

    def is_empty(self) -> bool:
        """Whether no record comes; one batch is read ahead, and not lost. Raises the error of the read."""
        if self._first is None:
            self._first = next((batch for batch in self._rest if batch.num_rows), None)
        return self._first is None

    def watch(self, on_batch: OnBatch) -> None:
        """`on_batch` is called with the number of records of every batch; what it raises ends the stream."""
        self._on_batch = on_batch

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self._watched()).__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        """Nothing of the endpoint is held any more. May be repeated."""
        self._reader.close()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            if self._first is not None:
                first, self._first = self._first, None
                yield self._told(first)
            for batch in self._rest:
                yield self._told(batch)
        except BaseException as error:
            self.error = self.error or error
            raise

    def _told(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._on_batch is not None:
            self._on_batch(batch.num_rows)
        return batch

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._reader
        except Exception as error:
            self.error = getattr(self._source, "error", None) or error
            raise self.error from error


@contextmanager
def reading(stream: SideStream) -> Iterator[SideStream]:
    """The stream, closed afterwards; when its source failed, that error is raised instead of what a consumer made of
    it."""
    try:
        yield stream
    except Exception as error:
        if stream.error is not None and stream.error is not error:
            raise stream.error from error
        raise
    finally:
        stream.close()
