"""A read of one side on its way into the workbench: read ahead, counted, cancellable, with its real error kept.

An Arrow consumer turns an exception of its source into text. Here the exception is kept, and `reading` raises it.
"""

from __future__ import annotations

import hashlib
import itertools
import queue
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pyarrow as pa

from desktop_sync.core.errors import NOWHERE, Place, RetriableError
from desktop_sync.core.provider_port import ArrowStream

OnBatch = Callable[[int], None]
AHEAD = 4
"""Batches that are read while the workbench is busy with an earlier one."""


class SideStream:
    """Batches of a read, once. Close it."""

    def __init__(self, source: ArrowStream, place: Place = NOWHERE) -> None:
        """`place` is what errors name that a provider did not place itself."""
        self._source = source
        self._place = place
        self._reader = pa.RecordBatchReader.from_stream(source)
        self._early: list[pa.RecordBatch] = []
        self._on_batch: OnBatch | None = None
        self.shorten: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None
        """What every batch goes through as it is read; it changes no type."""
        self.between: Callable[[], None] | None = None
        """Called before every batch is handed on; what it raises ends the stream."""
        self._ahead: _ReadAhead | None = None
        self.schema: pa.Schema = self._reader.schema
        self.error: BaseException | None = None
        self._rest = self._batches()  # one iterator: one that is dropped would close the reader

    def is_empty(self) -> bool:
        """Whether no record comes; one batch is read ahead, and not lost. Raises the error of the read."""
        if not self._early:
            self._early += itertools.islice((batch for batch in self._rest if batch.num_rows), 1)
        return not self._early

    def content(self, most_records: int) -> bytes | None:
        """A digest of everything that comes, where that is at most so many records: read ahead, and not lost. Else
        None. Raises the error of the read."""
        found = sum(batch.num_rows for batch in self._early)
        while found <= most_records and (batch := next(self._rest, None)) is not None:
            self._early.append(batch)
            found += batch.num_rows
        if found > most_records:
            return None
        whole = pa.Table.from_batches(self._early, self.schema).combine_chunks()
        digest = hashlib.blake2b(digest_size=16)
        for column in whole.columns:
            digest.update(repr(column.to_pylist()).encode("utf-8", "surrogatepass"))
        return digest.digest()

    def watch(self, on_batch: OnBatch) -> None:
        """`on_batch` is called with the number of records of every batch; what it raises ends the stream."""
        self._on_batch = on_batch

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self._watched()).__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        """Nothing of the endpoint is held any more. May be repeated."""
        if self._ahead is not None:
            self._ahead.stop()
        self._reader.close()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            while self._early:
                yield self._told(self._early.pop(0))
            # The first is worked on while the second is read. A thread costs more than few records do.
            for batch in itertools.islice(self._rest, 1):
                yield self._told(batch)
            for batch in itertools.islice(self._rest, 1):
                self._ahead = _ReadAhead(self._rest)
                yield self._told(batch)
            if self._ahead is not None:
                for batch in self._ahead.batches():
                    yield self._told(batch)
        except BaseException as error:
            self.error = self.error or error
            raise

    def _told(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.between is not None:
            self.between()
        if self._on_batch is not None:
            self._on_batch(batch.num_rows)
        return batch

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._reader:
                yield batch if self.shorten is None else self.shorten(batch)
        except Exception as error:
            self.error = placed(getattr(self._source, "error", None) or error, self._place)
            raise self.error from error


def placed(error: BaseException, place: Place) -> BaseException:
    """What a provider lets through of the network or the system under it, as an error that says where; others as they
    are. Its own words are left out: they may hold an address with a password."""
    if isinstance(error, OSError):
        return RetriableError(f"reading failed on the way ({type(error).__name__})", place)
    return error


def _begun(source: Iterator[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], bool]:
    """The first batches, and whether more may come: a thread that reads ahead costs more than few records do."""
    first = list(itertools.islice(source, 2))
    return first, len(first) == 2


class _ReadAhead:
    """Takes batches from an iterator in a thread of its own, a few ahead of whoever wants them."""

    def __init__(self, source: Iterator[pa.RecordBatch], most: int = AHEAD) -> None:
        self._source = source
        self._waiting: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(most)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)
        self._thread.start()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches in order; raises what the source raised, at its place."""
        while True:
            item = self._waiting.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """The source is not touched any more."""
        self._is_stopped.set()
        # When Python ends, such a thread does not run any more, and is never told to be over since Python 3.13.
        while self._thread.is_alive() and not sys.is_finalizing():
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                self._thread.join(0.01)

    def _read(self) -> None:
        try:
            for batch in self._source:
                if self._is_stopped.is_set():
                    return
                self._waiting.put(batch)
        except BaseException as error:  # handed over: it is raised where the batches are wanted
            self._waiting.put(error)
        else:
            self._waiting.put(None)


def ahead(stream: ArrowStream) -> ArrowStream:
    """The same stream, read a few batches ahead of whoever wants them, in a thread of its own."""
    reader = pa.RecordBatchReader.from_stream(stream)
    made: ArrowStream = pa.RecordBatchReader.from_batches(reader.schema, read_ahead(reader))
    return made


def read_ahead(reader: pa.RecordBatchReader, most: int = AHEAD) -> Generator[pa.RecordBatch]:
    """The reader's batches, the next ones, `most` of them, being made while the caller is busy with one."""
    rest = iter(reader)
    first, is_more = _begun(rest)
    while first:
        yield first.pop(0)
    if not is_more:
        return
    ahead = _ReadAhead(rest, most)
    try:
        yield from ahead.batches()
    finally:
        ahead.stop()


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
