"""A file of delimited text in memory: its lines as they stand, and its records as columns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from desktop_sync.core.count_text import count
from desktop_sync.core.errors import (
    DamagedError,
    MissingError,
    NotPermittedError,
    Place,
    RetriableError,
)
from desktop_sync.providers.csv.cells import unquoted
from desktop_sync.providers.csv.dialect import Dialect, decode, find_delimiter, find_line_end

_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LOOKED_AT = 1024 * 1024
_IN_HEADER, _IN_RECORDS = (4, 0.02), (256, 0.05)
"""So many control characters, and so large a share of the beginning, are no text: a line that names fields has none,
while the values of a few records may well have some."""

FileState = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class CsvText:
    """A file's content. The body, after the header, begins at character `body_start`, in line `first_body_line`.

    `is_plain`: no quotes and no odd line ends, so a line is a record and a delimiter always ends a cell.
    `is_regular`: quotes stand only where RFC 4180 wants them, so an even number of them ends with the record.
    """

    place: Place
    dialect: Dialect
    text: str
    fields: tuple[str, ...]
    body_start: int
    first_body_line: int
    state: FileState
    is_plain: bool
    is_regular: bool

    def raw_lines(self) -> list[str]:
        """The records after the header and the blank lines, as they stand, each with its line end.

        Raises DamagedError for a file that is cut or broken.
        """
        if not self.is_regular:
            return [raw for raw, _ in self._exact_records()]
        lines = self.text[self.body_start :].split("\n")
        last = lines.pop()
        raw_lines = [line + "\n" for line in lines] + ([last] if last else [])
        return raw_lines if self.is_plain else _joined_inside_quotes(raw_lines)

    def cells(self, raw: str) -> list[str]:
        """The raw cells of a raw line, of the file or as it is to be."""
        is_plain = self.is_plain and '"' not in raw  # what was written since may be quoted
        content = raw.rstrip("\r\n") if is_plain else _without_line_end(raw)
        if is_plain:
            return content.split(self.dialect.delimiter)
        return [match.group(1) for match in _cell_pattern(self.dialect.delimiter).finditer(content)]

    def table(self) -> pa.Table:
        """All records as text columns named by position (`c0` …); empty cells are null, formulas unmasked.

        Raises DamagedError naming the line.
        """
        table = self._fast_table()
        if table is None:
            table = self._exact_table()
        return pa.table([_unmasked(column) for column in table.columns], names=table.column_names)

    def _fast_table(self) -> pa.Table | None:
        """The records through pyarrow, None where its reading might differ from ours by a single value."""
        if not self.text[self.body_start :].strip("\r\n") or len(self.fields) < 2:
            return None
        if not self.is_regular or self.text.startswith("\ufeff", self.body_start):
            return None  # pyarrow takes a mark at the start for a byte order mark
        names = [f"c{i}" for i in range(len(self.fields))]
        body = self.text[self.body_start :].encode("utf-8")
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(body),
                read_options=arrow_csv.ReadOptions(column_names=names, block_size=4 << 20),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.dialect.delimiter, newlines_in_values=not self.is_plain
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
                ),
            )
        except pa.ArrowInvalid:
            return None  # the exact reading says in words what is wrong, and where

    def _exact_table(self) -> pa.Table:
        width = len(self.fields)
        rows: list[list[str | None]] = []
        for raw, line in self._exact_records():
            content = _without_line_end(raw)
            if not content:
                continue
            cells = [match.group(1) for match in _cell_pattern(self.dialect.delimiter).finditer(content)]
            if len(cells) != width:
                raise wrong_width(self.place, line, len(cells), width)
            rows.append([unquoted(cell) or None for cell in cells])
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        return pa.table([pa.array(column, pa.string()) for column in columns], [f"c{i}" for i in range(width)])

    def _exact_records(self) -> Iterator[tuple[str, int]]:
        yield from exact_records(self.text, self.body_start, self.first_body_line, self.dialect.delimiter, self.place)


def _joined_inside_quotes(lines: Sequence[str]) -> list[str]:
    """Lines that belong to one quoted cell, as one; for regular files."""
    joined: list[str] = []
    open_lines: list[str] = []
    for line in lines:
        is_odd = line.count('"') % 2 == 1
        if open_lines:
            open_lines.append(line)
            if is_odd:
                joined.append("".join(open_lines))
                open_lines = []
        elif is_odd:
            open_lines = [line]
        else:
            joined.append(line)
    return joined


def wrong_width(place: Place, line: int, found: int, expected: int) -> DamagedError:
    return DamagedError(f"line {line} has {count(found, 'cell')} instead of {expected}", _at_line(place, line))


def _at_line(place: Place, line: int) -> Place:
    return Place(place.endpoint, place.structure, f"line {line}")


def _without_line_end(raw: str) -> str:
    if raw.endswith("\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith(("\n", "\r")) else raw


_CELLS: dict[str, re.Pattern[str]] = {}


def _cell_pattern(delimiter: str) -> re.Pattern[str]:
    """Each cell of a line that is known to be sound."""
    if delimiter not in _CELLS:
        d = re.escape(delimiter)
        _CELLS[delimiter] = re.compile(rf'(?:(?<={d})|\A)("(?:[^"]|"")*+"|[^{d}]*+)', re.DOTALL)
    return _CELLS[delimiter]


def exact_records(text: str, start: int, line: int, delimiter: str, place: Place) -> Iterator[tuple[str, int]]:
    """Raw records with their line numbers, from `start` on, blank lines included.

    A quote opens a quoted cell only at the start of a cell; elsewhere it is a character like others. Raises
    DamagedError for a quoted cell that does not end, or that is followed by something else than a delimiter.
    """
    d = re.escape(delimiter)
    cell = re.compile(
        rf'(?:"(?P<quoted>[^"]*+(?:""[^"]*+)*+)(?P<closing>"?)|[^{d}\r\n]*+)(?P<after>{d}|\r\n|\n|\r|\Z)?'
    )
    position = start
    while position < len(text):
        begin, lines = position, line
        while True:
            match = cell.match(text, position)
            if match is None or (match["quoted"] is not None and not match["closing"]):
                raise DamagedError(
                    f"the file ends inside a quoted cell that begins in line {lines}", _at_line(place, lines)
                )
            if match["after"] is None:
                raise DamagedError(f"line {lines} has text after the closing quote of a cell", _at_line(place, lines))
            quoted_text = match["quoted"] or ""
            lines += quoted_text.count("\n") + (quoted_text.count("\r") - quoted_text.count("\r\n"))
            position = match.end()
            if match["after"] != delimiter:
                break
        yield text[begin:position], line
        line = lines + 1


def _is_regular(text: str, delimiter: str) -> bool:
    """Whether every quote stands where a cell begins or ends, or is doubled, and every line end is of one kind."""
    d = re.escape(delimiter)
    pattern = rf'[^"]*+(?:(?<![^{d}\n])"[^"]*+(?:""[^"]*+)*+"(?![^{d}\r\n])[^"]*+)*+'
    return re.fullmatch(pattern, text) is not None


def _unmasked(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells without the apostrophe that keeps formulas from being run."""
    masked = pc.fill_null(pc.starts_with(column, "'"), False)
    if not pc.any(masked).as_py():
        return column
    return pc.replace_substring_regex(column, r"\A'('*[=+\-@\t\r])", r"\1")


def file_state(path: str) -> FileState:
    status = os.stat(path)
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def load(path: str, encoding: str, delimiter: str, place: Place) -> CsvText:
    """The file's content. Raises MissingError, NotPermittedError, DamagedError, RetriableError when it changes."""
    data, state = _read_whole(path, place)
    text, found_encoding, mark = decode(data, encoding, place)
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise DamagedError(f"line {line} holds a NUL character, so this is no sound text file", _at_line(place, line))
    _refuse_rubbish(text, found_encoding, mark, place)
    used_delimiter = delimiter or find_delimiter(text)
    dialect = Dialect(used_delimiter, found_encoding, mark, find_line_end(text))
    header, first_line = "", 1
    end = 0
    for raw, line in exact_records(text, 0, 1, used_delimiter, place):
        end += len(raw)
        if _without_line_end(raw):
            header, first_line = raw, line
            break
    fields = _field_names(header, used_delimiter, place, first_line)
    has_plain_ends = text.count("\r") == text.count("\r\n")
    is_plain = has_plain_ends and '"' not in text
    is_regular = is_plain or (has_plain_ends and _is_regular(text, used_delimiter))
    return CsvText(place, dialect, text, fields, end, text.count("\n", 0, end) + 1, state, is_plain, is_regular)


def _refuse_rubbish(text: str, encoding: str, mark: bytes, place: Place) -> None:
    """Raises DamagedError for what cannot be text: a file of another kind reads as letters in some encoding, with
    control characters between them."""
    found = _CONTROL.findall(text, 0, _LOOKED_AT)
    looked_at = min(len(text), _LOOKED_AT)
    header_end = text.find("\n")
    is_odd = _CONTROL.search(text, 0, header_end if header_end >= 0 else looked_at) is not None
    fewest, share = _IN_HEADER if is_odd else _IN_RECORDS
    if len(found) < fewest or len(found) < looked_at * share:
        return
    first = _CONTROL.search(text)
    start = first.start() if first is not None else 0
    line, byte = text.count("\n", 0, start) + 1, len(mark) + len(text[:start].encode(encoding)) + 1
    raise DamagedError(
        f"this is no text: {len(found) * 100 // looked_at} % of it are control characters, the first one is byte "
        f"{byte:,} of the file. Is it a file of another kind with the ending of a text file?",
        _at_line(place, line),
    )


def _read_whole(path: str, place: Place) -> tuple[bytes, FileState]:
    for _ in range(5):
        try:
            before = file_state(path)
            with open(path, "rb") as file:
                data = file.read()
            if file_state(path) == before and len(data) == before[2]:
                return data, before
        except FileNotFoundError:
            raise MissingError(f"the file {path} is not there", place) from None
        except PermissionError:
            raise NotPermittedError(f"the file {path} may not be read by this user", place) from None
        except OSError as error:
            raise RetriableError(f"the file {path} could not be read ({error.strerror})", place) from error
    raise RetriableError(f"the file {path} is being changed by another program", place)


def _field_names(header: str, delimiter: str, place: Place, line: int) -> tuple[str, ...]:
    content = _without_line_end(header)
    if not content:
        raise DamagedError("the file is empty: its first line must name the fields", place)
    names = [unquoted(match.group(1)) for match in _cell_pattern(delimiter).finditer(content)]
    for position, name in enumerate(names):
        if not name.strip():
            raise DamagedError(f"column {position + 1} has no name in line {line}", place)
        if name in names[:position]:
            raise DamagedError(
                f"two columns are named “{name}”", Place(place.endpoint, place.structure, f"line {line}", name)
            )
    return tuple(names)


def records_of(lines: Sequence[str]) -> list[int]:
    """The positions of lines that are records, not blank."""
    return [position for position, raw in enumerate(lines) if _without_line_end(raw)]
