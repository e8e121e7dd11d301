"""The form in which a column of SQLite leaves the database, so that no value is lost, changed or fatal.

Any row may hold any kind of value, and ADBC takes a column's type from the first rows. So each column is selected as
one expression of one fixed type, or as two: reals as doubles (`number`) and everything else as text (`text`), which
`records_of` joins, doubles by their shortest digits that give the same double; where these are more than a decimal
has room for, as in 0.30000000000000004, by those that `decimals_of` gives. Both ways of reading, ADBC and `sqlite3`,
select the same expressions and go through `records_of`: a value has one read form.

Text form by type: integers by their digits; booleans `true` and `false` for 1 and 0; decimals in plain digits without
exponent; dates, times and timestamps as stored. What does not fit the declared type comes as text: text as it is,
reals by their digits, blobs in a numeric or time column as SQL literal `x'FF'`. A blob in a text column comes as the
text it holds, text in a BLOB column as its UTF-8 bytes. Bytes that are no UTF-8 in text are refused (DamagedError).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.errors import DamagedError, Place
from desktop_sync.core.structure import FieldType
from desktop_sync.providers.plain_text import decimals_of, without_exponents
from desktop_sync.providers.sql.sqlite_connection import quoted
from desktop_sync.providers.sql.sqlite_schema import Affinity, Column
from desktop_sync.providers.value_digest import LONG_VALUE_BYTES

FIRST_ROW_TEXT = "first row"
"""What the row that fixes the types holds in text columns; it never reaches the caller."""

_HEXADECIMAL = "'x''' || hex({c}) || ''''"


def is_long(column: str) -> str:
    """The condition that a binary value is a long one. SQLite need not read it for that."""
    return f"typeof({column}) = 'blob' AND length({column}) > {LONG_VALUE_BYTES}"


class ColumnForm:
    """How one column is selected and put together again."""

    def __init__(self, column: Column, table: str, *, without_long: bool) -> None:
        self.name = column.field.name
        self.type = column.field.type
        self._scale = column.field.scale or 0
        self._is_key = column.is_key
        c = f"{table}{quoted(self.name)}"
        hexadecimal = _HEXADECIMAL.format(c=c)
        self.is_split = False
        self.expressions: tuple[tuple[str, pa.DataType], ...]
        if self.type is FieldType.BINARY:
            value = f"CAST({c} AS BLOB)"
            if without_long:
                value = f"CASE WHEN {is_long(c)} THEN NULL ELSE {value} END"
            self.expressions = ((value, pa.binary()),)
        elif self.type is FieldType.TEXT and column.affinity is Affinity.TEXT:
            self.expressions = ((f"CAST({c} AS TEXT)", pa.string()),)
        elif self.type in (FieldType.TEXT, FieldType.FLOAT, FieldType.DECIMAL):
            blob = f"CAST({c} AS TEXT)" if self.type is FieldType.TEXT else hexadecimal
            rest = f"CASE typeof({c}) WHEN 'real' THEN NULL WHEN 'blob' THEN {blob} ELSE CAST({c} AS TEXT) END"
            number = f"CASE typeof({c}) WHEN 'real' THEN {c} END"
            self.is_split = True
            self.expressions = ((number, pa.float64()), (rest, pa.string()))
        else:
            boolean = f"WHEN 'integer' THEN CASE {c} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE CAST({c} AS TEXT) END"
            self.expressions = (
                (
                    f"CASE typeof({c}) {boolean if self.type is FieldType.BOOLEAN else ''}"
                    f" WHEN 'real' THEN printf('%!.17g', {c}) WHEN 'blob' THEN {hexadecimal}"
                    f" ELSE CAST({c} AS TEXT) END",
                    pa.string(),
                ),
            )

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.binary() if self.type is FieldType.BINARY else pa.string()

    def join(self, parts: Sequence[pa.Array]) -> pa.Array:
        """The column, from the results of its expressions."""
        if not self.is_split:
            return parts[0]
        number, rest = parts
        if number.null_count == len(number):
            return rest
        digits = number.cast(pa.string())
        if self.type is FieldType.DECIMAL:
            digits = without_exponents(digits)
            if not self._is_key:  # which must tell any two doubles apart
                digits = decimals_of(number, digits, self._scale)
        return digits if rest.null_count == len(rest) else pc.coalesce(rest, digits)


class RecordForm:
    """The forms of the columns that a read asks for, in order. `table` goes before each column's name in SQL. Of
    the columns `without_long`, long binary values come as null."""

    def __init__(self, columns: Iterable[Column], table: str = "t.", without_long: Collection[str] = ()) -> None:
        self.columns = [ColumnForm(column, table, without_long=column.field.name in without_long) for column in columns]
        self.schema = pa.schema([(form.name, form.arrow_type) for form in self.columns])
        self._types = [kind for form in self.columns for _, kind in form.expressions]

    @property
    def select_list(self) -> str:
        return ", ".join(f"{sql} AS e{i}" for i, sql in enumerate(self._expressions())) or "1"

    @property
    def first_row(self) -> str:
        """A SELECT of one row that fixes the types of the result's columns."""
        values = {
            pa.string(): f"'{FIRST_ROW_TEXT}'",
            pa.float64(): "0.5",
            pa.binary(): f"CAST('{FIRST_ROW_TEXT}' AS BLOB)",
        }
        return "SELECT " + ", ".join(f"{values[kind]} AS e{i}" for i, kind in enumerate(self._types))

    def is_first_row(self, batch: pa.RecordBatch) -> bool:
        """Whether row 0 is the row of `first_row`."""
        marks = {pa.string(): FIRST_ROW_TEXT, pa.float64(): 0.5, pa.binary(): FIRST_ROW_TEXT.encode()}
        return batch.num_rows > 0 and all(
            batch.column(i)[0].as_py() == marks[kind] for i, kind in enumerate(self._types)
        )

    def _expressions(self) -> list[str]:
        return [sql for form in self.columns for sql, _ in form.expressions]

    def from_rows(self, rows: Sequence[tuple[object, ...]], place: Place, key: tuple[str, ...] = ()) -> pa.RecordBatch:
        """Records from rows of `sqlite3` (text as bytes)."""
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._types)
        arrays = []
        for values, kind in zip(columns, self._types, strict=True):
            # Through binary: not yet checked for UTF-8, so that `records` can name the place.
            raw = pa.array(values, pa.binary() if kind == pa.string() else kind)
            arrays.append(raw.view(pa.string()) if kind == pa.string() else raw)
        return self.records(arrays, place, 0, key)

    def records(
        self, arrays: Sequence[pa.Array], place: Place, rows_before: int, key: tuple[str, ...]
    ) -> pa.RecordBatch:
        """The records, from one array per expression. Raises DamagedError for text that is no UTF-8."""
        joined, position = [], 0
        for form in self.columns:
            parts = arrays[position : position + len(form.expressions)]
            position += len(form.expressions)
            for part in parts:
                if part.type == pa.string():
                    _check_text(part, form.name, arrays, self, place, rows_before, key)
            joined.append(form.join(parts))
        return pa.RecordBatch.from_arrays(joined, schema=self.schema)

    def record_name(self, arrays: Sequence[pa.Array], row: int, key: tuple[str, ...]) -> str:
        """The key values of a row, "" where the read does not hold the key."""
        starts, position = {}, 0
        for form in self.columns:
            starts[form.name] = position
            position += len(form.expressions)
        if not key or any(name not in starts for name in key):
            return ""
        values = [arrays[starts[name]].cast(pa.binary())[row].as_py() for name in key]
        return ",".join("" if value is None else value.decode(errors="replace") for value in values)


def _check_text(
    part: pa.Array,
    field: str,
    arrays: Sequence[pa.Array],
    form: RecordForm,
    place: Place,
    rows_before: int,
    key: tuple[str, ...],
) -> None:
    try:
        part.validate(full=True)
        return
    except pa.ArrowInvalid:
        values = part.cast(pa.binary()).to_pylist()
    for row, value in enumerate(values):
        try:
            (value or b"").decode()
        except UnicodeDecodeError:
            record = form.record_name(arrays, row, key) or f"number {rows_before + row + 1} of the read"
            where = Place(place.endpoint, place.structure, record, field)
            raise DamagedError(
                "the text is not valid Unicode (UTF-8), so it cannot be read without loss", where
            ) from None
    raise DamagedError("the text cannot be read", Place(place.endpoint, place.structure, "", field))
