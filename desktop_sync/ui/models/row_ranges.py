"""Rows of a selection as ranges, and reading them in a worker: a selection may be a million rows long."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from desktop_sync.core.ports import CancelToken, Phase, Progress
from desktop_sync.ui.models.source import Column, RowSource
from desktop_sync.ui.text.plain import csv_cell

R = TypeVar("R")
READ_ROWS = 1000

Ranges = tuple[tuple[int, int], ...]
"""First and last row, both included, in order, not overlapping."""


def merged(ranges: Sequence[tuple[int, int]]) -> Ranges:
    """The same rows as ranges in order that do not overlap."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return tuple(result)


def count_rows(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def read_rows(source: RowSource[R], ranges: Ranges, cancel: CancelToken | None = None) -> Iterator[R]:
    """The rows, page by page; in a worker."""
    for first, last in ranges:
        offset = first
        while offset <= last:
            if cancel is not None:
                cancel.check()
            rows = source.page(offset, min(READ_ROWS, last - offset + 1))
            if not rows:
                break
            yield from rows
            offset += len(rows)


def as_text(source: RowSource[R], ranges: Ranges, columns: Sequence[Column[R]]) -> str:
    """Tab-separated, with a line of titles: what a paste into a spreadsheet understands."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, dialect="excel-tab", lineterminator="\n")
    writer.writerow([column.title for column in columns])
    for row in read_rows(source, ranges):
        writer.writerow([csv_cell(column.text(row)) for column in columns])
    return buffer.getvalue()


def export_csv(
    source: RowSource[R],
    columns: Sequence[Column[R]],
    path: Path,
    progress: Progress,
    cancel: CancelToken,
) -> int:
    """All rows are in the file, which is replaced at the end only; how many. A cancelled export leaves no file."""
    total = source.count()
    progress.phase(path.name, Phase.WRITING, total)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    written = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.title for column in columns])
            for row in read_rows(source, ((0, total - 1),) if total else (), cancel):
                writer.writerow([csv_cell(column.text(row)) for column in columns])
                written += 1
                if written % READ_ROWS == 0:
                    progress.advance(READ_ROWS)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return written


def collect(source: RowSource[R], ranges: Ranges, value: Callable[[R], int]) -> list[int]:
    """One number of each row; in a worker."""
    return [value(row) for row in read_rows(source, ranges)]
