"""Where hints come from without anybody sending them: files that changed, and records that were stamped since.

A look costs a question to the file system for each file. Only where a file is another one than at the last look, or an
endpoint is none of files, its records are asked for, and then only those that were stamped lately.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.provider_port import EndpointSession, ReadRequest
from desktop_sync.core.push import Hint, HintSink
from desktop_sync.core.structure import FieldType, Structure, encode_record_id
from desktop_sync.services.endpoint_setup.cell_text import text_rows
from desktop_sync.services.session.sync_session import OpenEndpoint
from desktop_sync.services.session.watermarks import OVERLAP, earlier

MOST_RECORDS = 500
"""With more records stamped lately, all of the structure is looked at."""

FEW_RECORDS = 5_000
"""Of a structure with no more than that all ids are asked for, so that one that is gone is missed at once. In a larger
one a deletion is found by the next complete comparison."""

_PLAIN_KEYS = (FieldType.INTEGER, FieldType.TEXT)
"""Types whose values are their own text in every provider."""

FileLooks = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class WatchedSide:
    """A structure that some entity wants to know of. `files`: those that it is kept in; empty where it is in none.

    `stamp` is the field that says when a record was modified, or empty; `key` the fields of its id where an entity
    names them. `since`: the stamp up to which all was read, empty where that is not known.
    """

    endpoint: str
    structure: str
    files: tuple[str, ...] = ()
    stamp: str = ""
    key: tuple[str, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an endpoint told: its newest records with their stamps, and the ids of all (None where they are many)."""

    newest: dict[str, str]
    ids: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Known:
    """How a side was at the last look: its files, and what its endpoint told (None: it cannot tell, or too much)."""

    files: FileLooks
    answer: _Answer | None


@dataclass(slots=True)
class LocalChanges:
    """One thread at a time."""

    open_endpoint: OpenEndpoint
    sink: HintSink
    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)

    def look(self, sides: Sequence[WatchedSide]) -> None:
        """What changed since the last look is told. A side that was never looked at is told of as a whole: nobody knows
        what changed before. An endpoint that cannot be used now is looked at again the next time."""
        wanted = {(side.endpoint, side.structure) for side in sides}
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        for side in sides:
            try:
                self.sink.tell(self._changes(side))
            except DesktopSyncError:
                continue

    def _changes(self, side: WatchedSide) -> list[Hint]:
        key, looks = (side.endpoint, side.structure), file_looks(side.files)
        known = self._known.get(key)
        if side.files and (not looks or (known is not None and known.files == looks)):
            return []  # not there, or as it was
        answer = self._ask(side)
        self._known[key] = _Known(looks, answer)
        whole = [Hint(*key, is_visible=True)]
        if known is None:
            return whole
        before = known.answer
        if answer is None and before is None:
            return whole if side.files else []  # nothing can be asked: what is in no files is left to the schedule
        if answer is None or before is None:
            return whole
        changed = {one for one, at in answer.newest.items() if before.newest.get(one) != at}
        if before.ids is not None and answer.ids is not None:
            changed |= before.ids - answer.ids
        return [Hint(*key, one, is_visible=True) for one in sorted(changed)]

    def _ask(self, side: WatchedSide) -> _Answer | None:
        """What was stamped lately, and what is there; None where that cannot be asked, or is too much."""
        if not side.stamp or not side.since:
            return None
        with closing(self.open_endpoint(side.endpoint)) as session:
            return _asked(session, side)


def _asked(session: EndpointSession, side: WatchedSide) -> _Answer | None:
    if not session.capabilities.reads_modified_since:
        return None
    structure = session.describe(side.structure)
    key = side.key or structure.key
    if not key or not _has_plain(structure, key) or structure.field(side.stamp) is None:
        return None
    lately = ReadRequest(
        structure,
        tuple(dict.fromkeys((*key, side.stamp))),
        modified_field=side.stamp,
        since=earlier(side.since, OVERLAP),
        limit=MOST_RECORDS + 1,
    )
    newest = _by_id(session, lately, key, side.stamp)
    if len(newest) > MOST_RECORDS:
        return None
    ids = _by_id(session, ReadRequest(structure, key, limit=FEW_RECORDS + 1), key, key[0])
    return _Answer(newest, frozenset(ids) if len(ids) <= FEW_RECORDS else None)


def _by_id(session: EndpointSession, request: ReadRequest, key: Sequence[str], wanted: str) -> dict[str, str]:
    """The wanted field of each record that has an id."""
    found: dict[str, str] = {}
    for row in text_rows(session.read(request)):
        values = dict(zip(request.fields, row, strict=True))
        parts = [values[name] for name in key]
        if None not in parts:
            found[encode_record_id(tuple(str(part) for part in parts))] = values[wanted] or ""
    return found


def _has_plain(structure: Structure, key: Iterable[str]) -> bool:
    fields = [structure.field(name) for name in key]
    return all(one is not None and one.type in _PLAIN_KEYS for one in fields)


def file_looks(files: Iterable[str]) -> FileLooks:
    """The files that are there and not empty, with what changes when they are written."""
    looks = []
    for path in files:
        try:
            found = os.stat(path)
        except OSError:
            continue
        if found.st_size:
            looks.append((path, found.st_ino, found.st_size, found.st_mtime_ns))
    return tuple(looks)
