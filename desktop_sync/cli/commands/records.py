"""`desktop-sync records NAME [--status S]`"""

from __future__ import annotations

import argparse
import dataclasses

from desktop_sync.cli.application_port import Records
from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.result_json import record_document
from desktop_sync.core.ledger_port import RecordQuery
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import SyncRecord

SHOWN = 200
PAGE = 5_000


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument(
        "--status",
        action="append",
        default=[],
        choices=[status.name.lower() for status in Status],
        type=str.lower,
        metavar="S",
        help="only records of this status: " + ", ".join(status.name.lower() for status in Status),
    )
    parser.add_argument("--entity", default="", metavar="E", help="only records of this entity")
    parser.add_argument("--limit", type=int, metavar="N", help=f"at most N records ({SHOWN}; with --json all)")


def _execute(invocation: Invocation) -> int:
    arguments, output = invocation.arguments, invocation.output
    invocation.application.configurations.get(arguments.name)  # a wrong name is an error, not an empty list
    statuses = tuple(Status[name.upper()] for name in arguments.status)
    query = RecordQuery(arguments.name, arguments.entity, statuses)
    records = invocation.application.records
    limit = arguments.limit if arguments.limit is not None else None if output.is_json else SHOWN
    found = _fetch(records, query, limit)
    if output.is_json:
        output.document([record_document(record) for record in found])
        return ExitCode.DONE
    headers = ["number", "entity", "A", "B", "status", "attempts", "last error"]
    output.table(headers, [_row(record) for record in found], frozenset({0, 5}))
    more = records.count(query) - len(found)
    if more > 0:
        output.note(f"… and {more} more (--limit N shows more).")
    return ExitCode.DONE


def _fetch(records: Records, query: RecordQuery, limit: int | None) -> list[SyncRecord]:
    found: list[SyncRecord] = []
    while limit is None or len(found) < limit:
        wanted = PAGE if limit is None else min(PAGE, limit - len(found))
        page = records.records(dataclasses.replace(query, limit=wanted, offset=len(found)))
        found += page
        if len(page) < wanted:
            break
    return found


def _row(record: SyncRecord) -> list[str]:
    return [
        str(record.id),
        record.entity,
        record.a_id or "",
        record.b_id or "",
        record.status.label,
        str(record.attempts),
        record.last_error,
    ]


RECORDS = Command("records", "show the sync records of a configuration", _arguments, _execute)
