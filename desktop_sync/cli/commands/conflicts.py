"""`desktop-sync conflicts NAME`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.application_port import Records
from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.result_json import conflict_document, rule_key
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Rule
from desktop_sync.core.explanation_text import verdict_words
from desktop_sync.core.sync_record import Conflict

PAGE = 1_000


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("--all", dest="all_of_them", action="store_true", help="also those that are settled")


def _execute(invocation: Invocation) -> int:
    arguments, output = invocation.arguments, invocation.output
    configuration = invocation.application.configurations.get(arguments.name)
    found = fetch_conflicts(invocation.application.records, arguments.name, only_open=not arguments.all_of_them)
    if output.is_json:
        output.document([conflict_document(conflict) for conflict in found])
        return ExitCode.DONE
    for conflict in found:
        _show(invocation, conflict, configuration)
    if not found:
        output.line("No conflict waits for a decision.")
    return ExitCode.DONE


def fetch_conflicts(records: Records, configuration: str, *, only_open: bool) -> list[Conflict]:
    """All of them, in the order of the service."""
    found: list[Conflict] = []
    while True:
        page = records.conflicts(configuration, only_open, PAGE, len(found))
        found += page
        if len(page) < PAGE:
            return found


def _show(invocation: Invocation, conflict: Conflict, configuration: SyncConfiguration) -> None:
    output = invocation.output
    output.line(f"{conflict.entity}, record {conflict.record_id}, found {local_time(conflict.found_at)}")
    headers = ["", "field", configuration.a, configuration.b, "before"]
    rows = [
        ["*" if field.differs else "", field.label, field.a or "", field.b or "", field.base or ""]
        for field in conflict.fields
    ]
    a_at, b_at = local_time(conflict.a_changed_at), local_time(conflict.b_changed_at)
    output.table(headers, [*rows, ["", "(changed at)", a_at, b_at, ""]])
    if conflict.winner is None:
        line = invocation.command_line("resolve", configuration.name, str(conflict.record_id), "--use", "a")
        output.line(f"Decide with: {line}   (or --use b)")
    else:
        if conflict.rule is Rule.MERGED:
            output.line("Settled field by field.")
        else:
            output.line(f"{configuration.endpoint_of(conflict.winner)} won ({rule_key(conflict.rule.name)}).")
        for field in conflict.fields:
            if field.verdict is not None:
                names = {side: configuration.endpoint_of(side) for side in Side}
                output.line(f"{field.label}: {verdict_words(field, names)}.")
        if conflict.settled_at is not None:
            line = invocation.command_line("undo", "--conflict", str(conflict.id))
            lost = [field for field in conflict.fields if field.verdict is not None]
            which = "values that lost" if lost else f"{configuration.endpoint_of(conflict.winner.other)} values"
            if lost or conflict.rule is not Rule.MERGED:
                output.line(f"Bring the {which} back with: {line}")
    output.line()


CONFLICTS = Command("conflicts", "show the conflicts that wait for a decision", _arguments, _execute)
