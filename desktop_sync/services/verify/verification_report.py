"""What a verification found, as files: HTML to read and CSV to work with (SPEC §9).

Both stream: records are written as they come, however many there are. The files are readable by their owner only, are
there whole or not at all, and hold no value of a masked field. In HTML every value is escaped; in CSV a cell that a
spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import html
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import pyarrow as pa

from desktop_sync.core.configuration import Entity, Side, SyncConfiguration
from desktop_sync.core.long_value import shown
from desktop_sync.engine.differences import DIFFERENT, MISSING_A, MISSING_B, UNVERIFIED
from desktop_sync.services.views import EntityVerification, ReportFiles

MASKED = "•••"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


class VerificationReportWriter:
    """Takes each entity's counts and records in turn. One thread. Use through `writing`."""

    def __init__(
        self, configuration: SyncConfiguration, at: datetime, html_file: IO[str] | None, csv_file: IO[str] | None
    ) -> None:
        self._configuration = configuration
        self._html = html_file
        self._csv = None if csv_file is None else csv.writer(csv_file)
        self._names = {side: configuration.endpoint_of(side) for side in Side}
        self._at = at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()
        self._begin()

    def entity(self, found: EntityVerification, entity: Entity, batches: Iterable[pa.RecordBatch]) -> None:
        """The entity's counts, and after them its records: batches of `engine.differences.differences_sql`."""
        self._counts(found)
        is_first = True
        for batch in batches:
            for row in batch.to_pylist():
                fields = tuple(self._fields(entity, row))
                if self._html is not None:
                    self._html.write(_LIST_HEAD.format(*map(_e, self._names.values())) if is_first else "")
                    self._html.write(self._html_rows(row, fields))
                self._csv_rows(found.entity, row, fields)
                is_first = False
        if self._html is not None:
            self._html.write(
                "<p class='fine'>Nothing differs and nothing is missing.</p>\n" if is_first else "</table>\n"
            )

    def end(self) -> None:
        if self._html is not None:
            self._html.write("</main></body></html>\n")

    def _begin(self) -> None:
        a, b = self._names[Side.A], self._names[Side.B]
        if self._html is not None:
            title = f"Verification of {self._configuration.name}"
            said = f"{a} and {b}, compared record by record on {self._at}."
            self._html.write(_HEAD.format(title=_e(title), said=_e(said)))
        if self._csv is not None:
            heads = (
                "entity",
                "found",
                "count",
                "sync record",
                f"{a} id",
                f"{b} id",
                "field",
                f"{a} value",
                f"{b} value",
                "remark",
            )
            self._csv.writerow([_cell(text) for text in heads])
            self._csv.writerow(["", "verified at", "", "", "", "", "", "", "", _cell(self._at)])

    def _counts(self, found: EntityVerification) -> None:
        counts = [
            (self._verdict(key), getattr(found, key))
            for key in ("in_sync", DIFFERENT, MISSING_A, MISSING_B, UNVERIFIED)
        ]
        if self._html is not None:
            cells = "".join(f"<td><b>{number:,}</b><br>{_e(word)}</td>" for word, number in counts)
            self._html.write(f"<h2>{_e(found.entity)}</h2>\n<table class='counts'><tr>{cells}</tr></table>\n")
            self._html.write(f"<p class='digest'>Digest {_e(found.digest)}</p>\n")
        if self._csv is not None:
            for word, number in counts:
                self._csv.writerow([_cell(found.entity), word, number, "", "", "", "", "", "", ""])
            self._csv.writerow([_cell(found.entity), "digest", "", "", "", "", "", "", "", found.digest])

    def _verdict(self, key: str) -> str:
        return {
            "in_sync": "in sync",
            DIFFERENT: "different",
            MISSING_A: f"missing in {self._names[Side.A]}",
            MISSING_B: f"missing in {self._names[Side.B]}",
            UNVERIFIED: "not verified",
        }[key]

    @staticmethod
    def _fields(entity: Entity, row: dict[str, object]) -> Iterator[tuple[str, str, str]]:
        """(label, A's value, B's value) of the fields that differ."""
        for index, mapping in enumerate(entity.fields):
            if row.get(f"e{index}") is False:
                values = (row.get(f"va{index}"), row.get(f"vb{index}"))
                a, b = ("" if v is None else MASKED if mapping.masked else shown(str(v)) for v in values)
                yield " = ".join(name for name in dict.fromkeys((mapping.a, mapping.b)) if name), a, b

    def _html_rows(self, row: dict[str, object], fields: Sequence[tuple[str, str, str]]) -> str:
        word = _e(self._verdict(str(row["verdict"])))
        ids = "".join(f"<td>{_e(row[name])}</td>" for name in ("a_id", "b_id"))
        if not fields:
            return f"<tr><td>{word}</td>{ids}<td colspan='3'>{_e(row['reason'])}</td></tr>\n"
        texts = []
        for place, (label, a, b) in enumerate(fields):
            head = f"<td rowspan='{len(fields)}'>{word}</td>{_spanned(ids, len(fields))}" if not place else ""
            texts.append(f"<tr>{head}<td>{_e(label)}</td><td>{_e(a)}</td><td>{_e(b)}</td></tr>\n")
        return "".join(texts)

    def _csv_rows(self, entity: str, row: dict[str, object], fields: Sequence[tuple[str, str, str]]) -> None:
        if self._csv is None:
            return
        head = [entity, self._verdict(str(row["verdict"])), "", row["record_id"], row["a_id"], row["b_id"]]
        for label, a, b in fields or (("", "", ""),):
            self._csv.writerow([_cell(value) for value in (*head, label, a, b, row["reason"])])


def _spanned(cells: str, rows: int) -> str:
    return cells.replace("<td>", f"<td rowspan='{rows}'>")


def _e(value: object) -> str:
    return "" if value is None else html.escape(str(value), quote=True)


def _cell(value: object) -> str:
    """The value as a cell that no spreadsheet takes for a formula (RELIABILITY X6)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


@contextmanager
def writing(files: ReportFiles, configuration: SyncConfiguration, at: datetime) -> Iterator[VerificationReportWriter]:
    """A writer whose files take their places when all went well; else nothing is left. Raises OSError."""
    with _replacing(files.html) as html_file, _replacing(files.csv) as csv_file:
        writer = VerificationReportWriter(configuration, at, html_file, csv_file)
        yield writer
        writer.end()


@contextmanager
def _replacing(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    with _named(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)  # owner-only
    try:
        # With a mark, spreadsheets read it as UTF-8; line ends are those that the formats want.
        encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
        with _named(path), open(handle, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _named(path):
            os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of the file system names the file that the user asked for, not the one that is to take its place."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #d5d9df; --soft: #5b6470; --head: #f3f5f7; }}
@media (prefers-color-scheme: dark) {{ :root {{ --line: #3a4048; --soft: #a3acb8; --head: #23272d; }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 0; }}
main {{ max-width: 75rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }}
h1 {{ font-size: 1.6rem; margin: 0 0 .2rem; }}
h2 {{ font-size: 1.15rem; margin: 2.4rem 0 .6rem; }}
p {{ color: var(--soft); margin: .3rem 0; }}
table {{ border-collapse: collapse; width: 100%; margin: .6rem 0; }}
td, th {{ border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; white-space: pre-wrap; }}
th {{ background: var(--head); font-weight: 600; }}
.counts td {{ text-align: center; width: 20%; white-space: normal; }}
.counts b {{ font-size: 1.3rem; font-variant-numeric: tabular-nums; }}
.digest {{ font-family: ui-monospace, monospace; font-size: .8rem; overflow-wrap: anywhere; }}
</style></head><body><main>
<h1>{title}</h1>
<p>{said}</p>
"""
_LIST_HEAD = (
    "<table><tr><th>Found</th><th>{0} id</th><th>{1} id</th><th>Field</th><th>{0} value</th><th>{1} value</th></tr>\n"
)
