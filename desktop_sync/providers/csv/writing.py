"""Writing records to a text file: everything staged goes into one new file that takes the old one's place.

Only touched cells change. Other cells, lines, blank lines, line ends, the byte order mark and whether the last line
has an end stay as they are, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.errors import DamagedError, Place, RetriableError, SchemaDriftError
from desktop_sync.core.provider_port import Operation, WriteBatch, Writer, WriteResult, WriteStatus
from desktop_sync.core.structure import Structure, decode_record_id, encode_record_id
from desktop_sync.providers.csv.cells import raw_cell, unquoted, value_of
from desktop_sync.providers.csv.csv_file import CsvText, file_state, load, records_of
from desktop_sync.providers.csv.folder import CsvFolder, locked_folder, remove_stale, replace_file
from desktop_sync.providers.csv.identifiers import IdReserve, record_ids
from desktop_sync.providers.plain_text import plain_text
from desktop_sync.providers.write_batch import ResultColumns, StagedBatch, rows_of

_ATTEMPTS = 5
Values = list[str | None]


class CsvWriter:
    """See `core.provider_port.Writer`. What was staged is forgotten when a commit fails."""

    def __init__(self, folder: CsvFolder, structure: Structure, reserve: IdReserve) -> None:
        self._folder = folder
        self._structure = structure
        self._reserve = reserve
        self._staged: list[StagedBatch] = []

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._staged.clear()

    def stage(self, batch: WriteBatch) -> None:
        self._staged.append(StagedBatch(batch))

    def commit(self) -> list[WriteResult]:
        batches, self._staged = self._staged, []
        if not batches:
            return []
        place = Place(self._folder.endpoint, self._structure.name)
        path = self._folder.file_of(self._structure.name)
        with locked_folder(self._folder.path, place):
            remove_stale(self._folder.path)
            for _ in range(_ATTEMPTS):
                content = load(path, self._folder.encoding, self._folder.delimiter, place)
                work = FileWork(content, self._structure, self._reserve)
                results = [work.write(batch) for batch in batches]
                if not work.is_changed:
                    return results
                data = work.data()
                if file_state(path) == content.state:  # else another program wrote it meanwhile: look again
                    replace_file(path, data, place)
                    return results
        raise RetriableError("the file is being changed by another program", place)


@dataclass(slots=True)
class Index:
    """Where records are: id to line position, and ids that several records have."""

    lines: dict[str, int]
    repeated: set[str]


class FileWork:
    """Applies batches to the lines of a file in memory."""

    def __init__(self, content: CsvText, structure: Structure, reserve: IdReserve) -> None:
        self._content = content
        self._key = structure.key
        self._name = structure.name
        self._reserve = reserve
        self._key_positions = [self._position(name) for name in structure.key]
        table = content.table()  # checks the whole file
        lines = content.raw_lines()
        self._lines: list[str | None] = [*lines]
        ids = record_ids([table.column(position) for position in self._key_positions])
        positions = records_of(lines)
        if len(positions) != len(ids):
            raise DamagedError("the lines of the file cannot be told apart", content.place)
        self._index = self._indexed(ids, positions)
        self._quoted = self._quoting(positions)
        self._encodable = content.dialect.encoding
        self.is_changed = False

    def _indexed(self, ids: list[str | None], positions: list[int]) -> Index:
        lines: dict[str, int] = {}
        repeated: set[str] = set()
        for record_id, position in zip(ids, positions, strict=True):
            if record_id is None:
                continue
            if record_id in lines:
                repeated.add(record_id)
            lines[record_id] = position
        return Index(lines, repeated)

    def _quoting(self, positions: list[int]) -> list[bool]:
        """Whether new cells are quoted, by column: as in the last record."""
        last = self._lines[positions[-1]] if positions else None
        if last is None:
            return [False] * len(self._content.fields)
        return [raw.startswith('"') for raw in self._content.cells(last)]

    def _position(self, field: str) -> int:
        try:
            return self._content.fields.index(field)
        except ValueError:
            place = Place(self._content.place.endpoint, self._content.place.structure, field=field)
            raise SchemaDriftError("the column is not in the file any more", place) from None

    def write(self, batch: StagedBatch) -> WriteResult:
        results = ResultColumns(batch)
        fields = [self._position(name) for name in batch.fields]
        texts = [plain_text(column) for column in batch.values]
        self._reject_unwritable(batch, texts, results)
        values = rows_of(texts, len(batch))
        expected_fields = [self._position(name) for name in batch.expected_fields]
        expected = batch.expected_rows()
        given = self._given_ids(batch)
        for row in results.open_rows():
            sent = dict(zip(fields, values[row], strict=True))
            if batch.operation is Operation.CREATE:
                self._create(row, sent, given.get(row, batch.ids[row]), results)
                continue
            wanted = dict(zip(expected_fields, expected[row], strict=True))
            line = self._expected_line(row, batch.ids[row] or "", wanted, results)
            if line is None:
                continue
            if batch.operation is Operation.UPDATE:
                self._update(row, line, sent, results)
            else:
                self._lines[line] = None
                del self._index.lines[batch.ids[row] or ""]
                self.is_changed = True
                results.settle(row, WriteStatus.WRITTEN)
        for column, sent_column in enumerate(batch.values):
            self._mark_unsure(column, sent_column, results)
        return results.result()

    def _mark_unsure(self, column: int, sent: pa.Array, results: ResultColumns) -> None:
        """An empty text comes back as null."""
        if pa.types.is_string(sent.type):
            for row, value in enumerate(sent.to_pylist()):
                if value == "":
                    results.stored_as_sent[row] = False

    def _reject_unwritable(self, batch: StagedBatch, texts: list[pa.Array], results: ResultColumns) -> None:
        for name, column in zip(batch.fields, texts, strict=True):
            if self._encodable.startswith("utf") and not pc.any(pc.match_substring(column, "\0")).as_py():
                continue
            values = column.to_pylist()
            for row, value in enumerate(values):
                if value is None or (value.isascii() and "\0" not in value):
                    continue
                if "\0" in value:
                    results.reject(row, f"the text for {name} holds a NUL character, which text files cannot hold")
                    continue
                try:
                    value.encode(self._encodable)
                except UnicodeEncodeError as error:
                    letter = value[error.start]
                    results.reject(
                        row, f"the text for {name} holds “{letter}”, which the file cannot hold ({self._encodable})"
                    )

    def _given_ids(self, batch: StagedBatch) -> dict[int, str]:
        """Ids for creates that come without one and do not fill the key."""
        if batch.operation is not Operation.CREATE or len(self._key) != 1 or self._key[0] in batch.fields:
            return {}
        rows = [row for row, record_id in enumerate(batch.ids) if record_id is None]
        made = self._reserve.reserve(self._name, list(self._index.lines), len(rows)) if rows else []
        return dict(zip(rows, made, strict=True))

    def _create(self, row: int, sent: dict[int, object], record_id: str | None, results: ResultColumns) -> None:
        cells: Values = [None] * len(self._content.fields)
        if record_id is not None:
            try:
                parts = decode_record_id(record_id, len(self._key))
            except ValueError:
                results.reject(row, f"“{record_id}” is not an id of this file")
                return
            for position, part in zip(self._key_positions, parts, strict=True):
                cells[position] = part
        for position, value in sent.items():
            cells[position] = None if value is None else str(value)
        found = self._id_of(cells)
        if found is None:
            results.reject(row, f"the record has no value for {' and '.join(self._key)}, which identifies it")
        elif found in self._index.lines:
            results.settle(row, WriteStatus.EXISTS)
        else:
            self._index.lines[found] = len(self._lines)
            self._lines.append(self._line([self._raw(position, value) for position, value in enumerate(cells)]))
            self.is_changed = True
            results.ids[row] = found
            results.settle(row, WriteStatus.WRITTEN)

    def _raw(self, position: int, value: str | None, is_quoted: bool | None = None) -> str:
        quoted = self._quoted[position] if is_quoted is None else is_quoted
        return raw_cell(value, self._content.dialect.delimiter, quoted, len(self._content.fields) == 1)

    def _line(self, raw_cells: list[str]) -> str:
        return self._content.dialect.delimiter.join(raw_cells) + self._content.dialect.line_end

    def _id_of(self, cells: Values) -> str | None:
        parts = [cells[position] or None for position in self._key_positions]
        known = tuple(part for part in parts if part is not None)
        return encode_record_id(known) if len(known) == len(parts) else None

    def _expected_line(
        self, row: int, record_id: str, expected: dict[int, object], results: ResultColumns
    ) -> int | None:
        """The line of the record, None (and settled) when it is not there once, or not what was expected."""
        if record_id in self._index.repeated:
            results.reject(row, f"several records of the file have the id “{record_id}”")
            return None
        line = self._index.lines.get(record_id)
        raw = None if line is None else self._lines[line]
        if line is None or raw is None:
            results.settle(row, WriteStatus.CHANGED)
            return None
        cells = self._content.cells(raw)
        if any(value_of(unquoted(cells[position])) != (value or None) for position, value in expected.items()):
            results.settle(row, WriteStatus.CHANGED)
            return None
        return line

    def _update(self, row: int, line: int, sent: dict[int, object], results: ResultColumns) -> None:
        raw = self._lines[line] or ""
        cells = self._content.cells(raw)
        values = [value_of(unquoted(cell)) for cell in cells]
        end = raw[len(self._content.dialect.delimiter.join(cells)) :]
        old_id = self._id_of(values)
        for position, value in sent.items():
            text = None if value is None else str(value)
            if (text or None) != values[position]:
                cells[position] = self._raw(position, text, cells[position].startswith('"'))
                values[position] = text
        new_id = self._id_of(values)
        if new_id is None or old_id is None:
            results.reject(row, f"the record has no value for {' and '.join(self._key)}, which identifies it")
            return
        if new_id != old_id:
            if new_id in self._index.lines:
                results.reject(row, f"another record of the file has the id “{new_id}” already")
                return
            del self._index.lines[old_id]
            self._index.lines[new_id] = line
        changed = self._content.dialect.delimiter.join(cells) + end
        if changed != raw:
            self._lines[line] = changed
            self.is_changed = True
        results.ids[row] = new_id
        results.settle(row, WriteStatus.WRITTEN)

    def data(self) -> bytes:
        """The whole file as it shall be."""
        dialect, text = self._content.dialect, self._content.text
        lines = [text[: self._content.body_start], *(line for line in self._lines if line is not None)]
        had_last_end = text.endswith(("\n", "\r"))
        for position, line in enumerate(lines[:-1]):
            if not line.endswith(("\n", "\r")):  # once the last line of the file
                lines[position] = line + dialect.line_end
        if not had_last_end and lines[-1].endswith(dialect.line_end):
            lines[-1] = lines[-1].removesuffix(dialect.line_end)
        return dialect.mark + "".join(lines).encode(dialect.encoding)
