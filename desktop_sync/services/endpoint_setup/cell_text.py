"""Values of a few records as text for people: samples in the wizards."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from desktop_sync.core.provider_port import ArrowStream

_SHOWN_BYTES = 32


def text_rows(stream: ArrowStream) -> list[tuple[str | None, ...]]:
    """Every record of a small stream as text, columns in its order; None is no value. Consumes the stream."""
    table = pa.RecordBatchReader.from_stream(stream).read_all()
    columns = [[cell_text(value) for value in column.to_pylist()] for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def cell_text(value: object) -> str | None:
    """The plain form of a value: ISO 8601, digits with a point, true or false, bytes as hexadecimal digits."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            if value.tzinfo is not None:
                return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") + "Z"
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return value[:_SHOWN_BYTES].hex() + ("…" if len(value) > _SHOWN_BYTES else "")
        case _:
            return str(value)
