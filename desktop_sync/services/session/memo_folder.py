"""The memos of a home folder: files that may be lost at any time, and are of no use when they are not sound.

Whatever is wrong with a file (cut off, altered, of another side, of another key or version) is found by its checksum
and its header, and it counts as missing. Only the owner can read it, as the ledger: it holds the records as
they were read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import ipc

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.engine.memo import FACTS_SCHEMA, MEMO_VERSION, Kept

REMEMBERED_FROM = 20_000
"""Peers from which a memo saves more than it costs."""

MOST_BYTES = 2 << 30
"""A larger memo is not kept: it would take more room than its time is worth."""
OLD_S = 7 * 86_400
"""After so long it is made anew however much of it still holds: records that were deleted since are in it."""

_log = logging.getLogger(__name__)
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_BYTES_AT_ONCE = 1 << 20
_SUFFIX, _NEW = ".memo", ".new"
_HEADER, _ROWS = b"header", b"rows"
_PLACE_BYTES = 8
_COMPRESSED = ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class MemoFolder:
    """The memos of a home. Any thread: both sides may be read and kept by threads of their own."""

    folder: Path

    def of(self, key: EntityKey, side: Side) -> SideMemo:
        identity = _identity(key.configuration, key.entity, side)
        return SideMemo(self.folder / _name(identity), identity)

    def sweep(self, configurations: Iterable[SyncConfiguration]) -> None:
        """Files of other configurations and entities than these are gone."""
        try:
            found = {entry.name: entry.path for entry in os.scandir(self.folder)}
        except OSError:
            return
        if not found:
            return
        keys = [(one.name, entity.name) for one in configurations for entity in one.entities]
        names = {_name(_identity(*key, side)) for key in keys for side in Side}
        for name, path in found.items():
            if name.removesuffix(_NEW) not in names:
                with contextlib.suppress(OSError):
                    os.unlink(path)


@dataclass(frozen=True, slots=True)
class SideMemo:
    """The memo of one side of one entity, as the engine's `Memo`."""

    path: Path
    identity: str

    @contextlib.contextmanager
    def recall(self, key: str, schema: pa.Schema) -> Iterator[Kept | None]:
        with contextlib.ExitStack() as opened:
            yield self._opened(key, schema, opened)

    def _opened(self, key: str, schema: pa.Schema, opened: contextlib.ExitStack) -> Kept | None:
        try:
            # The same open file is summed up and then read: it stays as it is, also where another one takes its place.
            file = opened.enter_context(self.path.open("rb"))
            if not _is_sound(file):
                raise ValueError("it is damaged")
            file.seek(-_CHECKSUM_BYTES - _PLACE_BYTES, os.SEEK_END)
            start = int.from_bytes(file.read(_PLACE_BYTES), "little")
            file.seek(start)
            with ipc.open_stream(file) as stream:
                told = stream.schema.metadata or {}
                if told.get(_HEADER) != self.header(key) or not stream.schema.equals(FACTS_SCHEMA):
                    return None  # made of other columns, by other mappings or by another version
                facts = stream.read_all()
            file.seek(0)
            rows = opened.enter_context(ipc.open_stream(file))
            if rows.schema.types != schema.types:
                return None
            is_old = abs(time.time() - os.fstat(file.fileno()).st_mtime) > OLD_S
            return Kept(self._read(rows), int(told[_ROWS]), facts, is_old)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, pa.ArrowException) as error:
            _log.debug("the memo %s is not used: %s", self.path.name, error)
            return None

    def _read(self, rows: ipc.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from rows
        except (OSError, pa.ArrowException) as error:
            _log.debug("the memo %s is not read to its end: %s", self.path.name, error)

    @property
    def is_there(self) -> bool:
        """Whether anything is kept, sound or not."""
        return self.path.exists()

    def header(self, key: str) -> bytes:
        return json.dumps([MEMO_VERSION, self.identity, key]).encode()

    def spool(self, key: str, schema: pa.Schema) -> SideSpool:
        return SideSpool(self.path, self.header(key), schema)

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.path)


class SideSpool:
    """A memo on its way into a file beside the one that it is to replace, as the engine's `Spool`."""

    def __init__(self, path: Path, header: bytes, schema: pa.Schema) -> None:
        self._path = path
        self._new = path.with_name(path.name + _NEW)
        self._header = header
        self._schema = pa.schema([pa.field(f"r{place}", kind) for place, kind in enumerate(schema.types)])
        self._count = 0
        self._file: BufferedRandom | None = None
        self._rows: ipc.RecordBatchStreamWriter | None = None
        with self._failing():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Two programs that write at once spoil each other's file, which its checksum shows.
            handle = os.open(self._new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            self._file = os.fdopen(handle, "w+b")
            self._rows = ipc.new_stream(self._file, self._schema, options=_COMPRESSED)

    def add(self, rows: pa.RecordBatch) -> None:
        if self._rows is None or self._file is None:
            return
        with self._failing():
            self._rows.write_batch(pa.RecordBatch.from_arrays(rows.columns, schema=self._schema))
            self._count += rows.num_rows
            if self._file.tell() > MOST_BYTES:
                raise ValueError("it would be too large")

    def keep(self, facts: pa.RecordBatchReader) -> None:
        if self._rows is None or self._file is None:
            return
        with self._failing():
            self._rows.close()
            start = self._file.tell()
            told = FACTS_SCHEMA.with_metadata({_HEADER: self._header, _ROWS: str(self._count).encode()})
            with ipc.new_stream(self._file, told, options=_COMPRESSED) as stream:
                for batch in facts:
                    stream.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=told))
            self._file.write(start.to_bytes(_PLACE_BYTES, "little"))
            self._file.seek(0)
            checksum = hashlib.file_digest(self._file, "sha256").digest()
            self._file.seek(0, os.SEEK_END)
            self._file.write(checksum)
            self._file.close()
            os.replace(self._new, self._path)
            self._file = self._rows = None

    def close(self) -> None:
        file, self._file, self._rows = self._file, None, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                os.unlink(self._new)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """What fails in here, on a full disk for one, ends the memo; the next read measures everything."""
        try:
            yield
        except (OSError, ValueError, pa.ArrowException) as error:
            _log.debug("the memo %s is not kept: %s", self._path.name, error)
            self.close()


def _is_sound(file: BinaryIO) -> bool:
    """Whether the last bytes are the checksum of all before them."""
    left = os.fstat(file.fileno()).st_size - _CHECKSUM_BYTES
    summed = hashlib.sha256()
    while left > 0 and (part := file.read(min(left, _BYTES_AT_ONCE))):
        summed.update(part)
        left -= len(part)
    return left == 0 and file.read() == summed.digest()


def _identity(configuration: str, entity: str, side: Side) -> str:
    return json.dumps([configuration, entity, side.value])


def _name(identity: str) -> str:
    """The file's name says nothing of what people call their data."""
    return hashlib.sha256(identity.encode()).hexdigest()[:32] + _SUFFIX
