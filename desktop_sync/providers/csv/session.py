"""An opened folder of CSV files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.binding import Lease
from desktop_sync.core.errors import (
    ConfigurationError,
    DamagedError,
    EndpointError,
    NotPermittedError,
    Place,
    SchemaDriftError,
)
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    EndpointReport,
    EndpointTime,
    HighMarks,
    ReadRequest,
    StructureSummary,
    Writer,
)
from desktop_sync.core.structure import Field, Structure
from desktop_sync.providers.csv import lease_file
from desktop_sync.providers.csv.cells import raw_cell
from desktop_sync.providers.csv.csv_file import CsvText
from desktop_sync.providers.csv.folder import CsvFolder, locked_folder, remove_stale, replace_file
from desktop_sync.providers.csv.identifiers import IdReserve, record_ids
from desktop_sync.providers.csv.writing import CsvWriter
from desktop_sync.providers.record_stream import stream_of

_KEY_NAMES = (
    re.compile(r"id|_id|key|uuid|guid", re.IGNORECASE),
    re.compile(r".*(_id|[a-z]Id|ID|_key|[a-z]Key|Uuid|_uuid)"),
    re.compile(r"(.*[_ ])?(code|number|no|nr|sku|key)|.*(Code|Number|Sku)", re.IGNORECASE),
)
_COUNT_LIMIT_BYTES = 16 * 2**20


class CsvSession:
    """An endpoint session that opens files for each call and holds nothing between calls."""

    def __init__(self, folder: CsvFolder, capabilities: Capabilities) -> None:
        self._folder = folder
        self._capabilities = capabilities
        self._reserve = IdReserve()
        self._is_closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def test(self) -> EndpointReport:
        self._check_open()
        notes = []
        structures = self.structures()
        for summary in structures:
            try:
                self._folder.load(summary.name).table()
            except EndpointError as error:
                notes.append(f"{summary.name}: {error.problem}.")
        can_write = os.access(self._folder.path, os.W_OK | os.X_OK)
        if not can_write:
            notes.append("The folder may not be written by this user.")
        return EndpointReport(True, structures, can_write, notes=tuple(notes))

    def identity(self) -> str:
        """A digest of the folder's real path, its file system and its number there: another drive or another folder at
        the same place is another one. Files that are replaced in it do not change it."""
        self._check_open()
        self._folder.check()
        path = os.path.realpath(self._folder.path)
        system = os.statvfs(path).f_fsid if hasattr(os, "statvfs") else 0
        status = os.stat(path)
        parts = (path, str(system or status.st_dev), str(status.st_ino))
        return "csv:" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def high_marks(self, structure: Structure) -> HighMarks:
        """When the file was written last: a copy that is put back from a backup brings an older time along."""
        self._check_open()
        return HighMarks(os.stat(self._folder.file_of(structure.name)).st_mtime_ns // 1000)

    def time(self) -> EndpointTime | None:
        """Files have this machine's clock."""
        return None

    def structures(self) -> tuple[StructureSummary, ...]:
        self._check_open()
        found = []
        for name, file in self._folder.files().items():
            path = os.path.join(self._folder.path, file)
            can_write = os.access(path, os.W_OK) and os.access(self._folder.path, os.W_OK)
            found.append(StructureSummary(name, self._count(name, path), can_write))
        return tuple(found)

    def _count(self, name: str, path: str) -> int | None:
        try:
            if os.path.getsize(path) > _COUNT_LIMIT_BYTES:
                return None
            return int(self._folder.load(name).table().num_rows)
        except (EndpointError, OSError):
            return None  # reading it says what is wrong

    def describe(self, name: str) -> Structure:
        """Fields are untyped text. A field whose name and values are those of a key is proposed as key."""
        self._check_open()
        content = self._folder.load(name)
        key = self._proposed_key(content)
        fields = tuple(Field(field, is_typed=False, is_unique=key == (field,)) for field in content.fields)
        return Structure(name, fields, key, os.access(self._folder.file_of(name), os.W_OK))

    def _proposed_key(self, content: CsvText) -> tuple[str, ...]:
        candidates = [
            position
            for pattern in _KEY_NAMES
            for position, field in enumerate(content.fields)
            if pattern.fullmatch(field.strip())
        ]
        if not candidates:
            return ()
        try:
            table = content.table()
        except DamagedError:
            return ()  # reading it says what is wrong
        for position in candidates:
            column = table.column(position)
            if column.null_count == 0 and len(pc.unique(column)) == len(column):
                return (content.fields[position],)
        return ()

    def read(self, request: ReadRequest) -> ArrowStream:
        """See `EndpointSession.read`: text columns. The whole file is checked before the first record is given."""
        self._check_open()
        place = Place(self._folder.endpoint, request.structure.name)
        if request.modified_field and (request.since is not None or request.until is not None):
            raise ConfigurationError("text files cannot be read by stamp, only completely", place)
        content = self._folder.load(request.structure.name)
        table = content.table()
        positions = [position_of(content, name) for name in request.fields]
        if request.ids is not None:
            key = [position_of(content, name) for name in request.structure.key]
            if not key:
                raise EndpointError("no fields are named that identify a record", place)
            wanted = set(request.ids)
            ids = record_ids([table.column(position) for position in key])
            table = table.take(pa.array([row for row, found in enumerate(ids) if found in wanted], pa.int64()))
        table = table.select(positions).rename_columns(list(request.fields))
        return stream_of(table if request.limit is None else table.slice(0, request.limit))

    def reserve_ids(self, structure: Structure, count: int) -> list[str] | None:
        """Numbers above the largest where all ids are numbers (keeping leading zeros), else UUIDs."""
        self._check_open()
        if len(structure.key) != 1:
            return None
        content = self._folder.load(structure.name)
        column = content.table().column(position_of(content, structure.key[0]))
        return self._reserve.reserve(structure.name, column.to_pylist(), count)

    def find_created(self, structure: Structure, keys: Sequence[str]) -> list[list[str]]:
        """Creates carry no keys here: their ids are known beforehand."""
        return [[] for _ in keys]

    def create_structure(self, structure: Structure) -> None:
        """A new UTF-8 file with a header, commas and CRLF line ends (RFC 4180), readable by its owner only."""
        self._check_open()
        self._folder.check()
        place = Place(self._folder.endpoint, structure.name)
        names = structure.field_names
        if not names or any(not name.strip() or "\0" in name for name in names) or len(set(names)) < len(names):
            raise ConfigurationError("a file needs fields with names, each its own", place)
        delimiter = self._folder.delimiter or ","
        header = delimiter.join(_header_cell(name, delimiter) for name in names) + "\r\n"
        with locked_folder(self._folder.path, place):
            path = self._folder.new_file_of(structure.name)
            remove_stale(self._folder.path)
            encoding = self._folder.encoding or "utf-8"
            try:
                data = header.encode(encoding)
            except UnicodeEncodeError:
                raise ConfigurationError(f"a field's name cannot be written as {encoding}", place) from None
            replace_file(path, data, place)

    def writer(self, structure: Structure) -> Writer:
        self._check_open()
        place = Place(self._folder.endpoint, structure.name)
        if not structure.key:
            raise EndpointError("name the fields that identify a record before writing to a text file", place)
        path = self._folder.file_of(structure.name)
        if not os.access(path, os.W_OK) or not os.access(os.path.dirname(path), os.W_OK):
            raise NotPermittedError(f"the file {path} may not be written by this user", place)
        return CsvWriter(self._folder, structure, self._reserve)

    def read_lease(self, configuration: str) -> Lease | None:
        self._check_open()
        self._folder.check()
        return lease_file.read_lease(self._folder.path, configuration, Place(self._folder.endpoint))

    def write_lease(self, lease: Lease, expected: Lease | None) -> bool:
        self._check_open()
        self._folder.check()
        return lease_file.write_lease(self._folder.path, lease, expected, Place(self._folder.endpoint))

    def close(self) -> None:
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise EndpointError("the session is closed", Place(self._folder.endpoint))


def position_of(content: CsvText, field: str) -> int:
    """The column of a field. Raises SchemaDriftError."""
    try:
        return content.fields.index(field)
    except ValueError:
        place = Place(content.place.endpoint, content.place.structure, field=field)
        raise SchemaDriftError("the column is not in the file any more", place) from None


def _header_cell(name: str, delimiter: str) -> str:
    cell = raw_cell("x" + name, delimiter, False, False)
    return cell.replace("x", "", 1)
