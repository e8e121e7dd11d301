"""`desktop-sync records NAME [--status S]`, and what a person sets on single records (`--skip R` and the like)."""

from __future__ import annotations

import argparse
import dataclasses
import shlex

from desktop_sync.cli.application_port import Records
from desktop_sync.cli.arguments import add_name, whole_number
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.result_json import record_document
from desktop_sync.core.held_case import age_text
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_record import SyncRecord

SHOWN = 200
_EVENTS = {
    "skip": (Event.SKIPPED_BY_USER, "leave this record alone until it is set as prepared"),
    "set-prepared": (Event.SET_PREPARED_BY_USER, "queue this record, also one that was skipped or given up"),
    "set-processed": (Event.SET_PROCESSED_BY_USER, "take this pair of records as in sync, as both are now"),
    "set-deleted": (Event.SET_DELETED_BY_USER, "take this record as deleted"),
}
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
    parser.add_argument(
        "--held",
        action="store_true",
        help="only records whose write got no answer: since when, why, what they may have become, and what to do",
    )
    parser.add_argument("--entity", default="", metavar="E", help="only records of this entity")
    for option, (_, what) in _EVENTS.items():
        parser.add_argument(
            f"--{option}",
            action="append",
            default=[],
            metavar="R",
            help=f"{what}; its number, or its id in one of the endpoints. May be given several times",
        )
    parser.add_argument("--limit", type=whole_number, metavar="N", help=f"at most N records ({SHOWN}; with --json all)")


def _execute(invocation: Invocation) -> int:
    arguments, output = invocation.arguments, invocation.output
    invocation.application.configurations.get(arguments.name)  # a wrong name is an error, not an empty list
    chosen = {option: getattr(arguments, option.replace("-", "_")) for option in _EVENTS}
    if any(chosen.values()):
        return _set(invocation, chosen)
    if arguments.held:
        return _show_held(invocation)
    statuses = tuple(Status[name.upper()] for name in arguments.status)
    query = RecordQuery(arguments.name, arguments.entity, statuses)
    records = invocation.application.records
    limit = arguments.limit if arguments.limit is not None else None if output.is_json else SHOWN
    found = _fetch(records, query, limit)
    held = {case.record_id: case for case in records.held(arguments.name, arguments.entity)}
    if output.is_json:
        output.document([record_document(record, held.get(record.id)) for record in found])
        return ExitCode.DONE
    headers = ["number", "entity", "A", "B", "status", "attempts", "last error"]
    output.table(headers, [_row(record) for record in found], frozenset({0, 5}))
    more = records.count(query) - len(found)
    if more > 0:
        output.note(f"… and {more} more (--limit N shows more).")
    shown = sum(record.id in held for record in found)
    if shown:
        is_one = shown == 1
        output.note(f"{shown} of them {'is' if is_one else 'are'} held for want of an answer (--held says more).")
    return ExitCode.DONE


def _show_held(invocation: Invocation) -> int:
    """Held records, the oldest first."""
    arguments, output, records = invocation.arguments, invocation.output, invocation.application.records
    cases = records.held(arguments.name, arguments.entity)
    if arguments.limit is not None:
        cases = cases[: arguments.limit]
    if output.is_json:
        found = [(records.find(arguments.name, f"#{case.record_id}", case.entity), case) for case in cases]
        output.document([record_document(record, case) for record, case in found])
        return ExitCode.DONE
    if not cases:
        output.line("No record is held.")
        return ExitCode.DONE
    rows = [
        [str(case.record_id), case.entity, case.a_id or "", case.b_id or "", age_text(case.age), case.why, case.advice]
        for case in cases
    ]
    output.table(["number", "entity", "A", "B", "held for", "why", "what to do"], rows, frozenset({0}))
    for case in cases:
        for a_id, b_id in case.may_be:
            output.line(" ".join(["desktop-sync link", *map(shlex.quote, (arguments.name, case.entity, a_id, b_id))]))
    return ExitCode.DONE


def _set(invocation: Invocation, chosen: dict[str, list[str]]) -> int:
    """The records have the status, or it is said why not: then the exit code is 1."""
    arguments, output, records = invocation.arguments, invocation.output, invocation.application.records
    done: list[Json] = []
    refused: list[Json] = []
    found = [
        (option, records.find(arguments.name, name, arguments.entity)) for option in chosen for name in chosen[option]
    ]
    for option, record in found:
        changed = records.set_status([record.id], _EVENTS[option][0])
        (done if changed else refused).append({"record": record.id, "set": option, "was": record.status.label})
        if not changed:
            needs = " It needs a record in both systems." if not (record.a_id and record.b_id) else ""
            output.note(f"Record {record.id} is {record.status.label}; --{option} does not go with that.{needs}")
        elif not output.is_json:
            output.line(f"{record.entity}: record {record.id} was {record.status.label}; --{option} is done.")
    if output.is_json:
        output.document({"changed": done, "refused": refused})
    return ExitCode.PROBLEMS if refused else ExitCode.DONE


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
