"""The memos of a home folder: files that may be lost at any time, and are of no use when they are not sound.

Whatever is wrong with a file (cut off, altered, of another side, of another key or version) is found by its checksum
and its header, and it counts as missing. Only the owner can read it: it holds no values, but fingerprints of records.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import ipc

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.memo import MEMO_SCHEMA, MEMO_VERSION

REMEMBERED_FROM = 20_000
"""Peers from which a memo saves more than it costs."""

_log = logging.getLogger(__name__)
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_BYTES_AT_ONCE = 1 << 20
_SUFFIX, _NEW = ".memo", ".new"
_HEADER = b"header"


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
    def recall(self, key: str) -> Iterator[ArrowStream | None]:
        with contextlib.ExitStack() as opened:
            yield self._opened(key, opened)

    def _opened(self, key: str, opened: contextlib.ExitStack) -> ArrowStream | None:
        try:
            # The same open file is summed up and then read: it stays as it is, also where another one takes its place.
            file = opened.enter_context(self.path.open("rb"))
            if not _is_sound(file):
                raise ValueError("it is damaged")
            file.seek(0)
            stream = opened.enter_context(ipc.open_stream(file))
            if (stream.schema.metadata or {}).get(_HEADER) != self._header(key):
                return None  # made of other columns, by other mappings or by another version
            return stream if stream.schema.equals(MEMO_SCHEMA) else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, pa.ArrowException) as error:
            _log.debug("the memo %s is not used: %s", self.path.name, error)
            return None

    @property
    def is_there(self) -> bool:
        """Whether anything is kept, sound or not."""
        return self.path.exists()

    def _header(self, key: str) -> bytes:
        return json.dumps([MEMO_VERSION, self.identity, key]).encode()

    def keep(self, key: str, rows: pa.RecordBatchReader) -> None:
        new = self.path.with_name(self.path.name + _NEW)
        try:
            schema = MEMO_SCHEMA.with_metadata({_HEADER: self._header(key)})
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Two programs that write at once spoil each other's file, which its checksum shows.
            handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "w+b") as file:
                with ipc.new_stream(file, schema) as stream:
                    for batch in rows:
                        stream.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
                file.seek(0)
                checksum = hashlib.file_digest(file, "sha256").digest()
                file.seek(0, os.SEEK_END)
                file.write(checksum)
            os.replace(new, self.path)
        except (OSError, pa.ArrowException) as error:  # a full disk, for one: the next read measures everything
            _log.debug("the memo %s is not kept: %s", self.path.name, error)
            with contextlib.suppress(OSError):
                os.unlink(new)


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
