"""`desktop-sync resolve NAME RECORD --use a|b`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.commands.conflicts import fetch_conflicts
from desktop_sync.cli.commands.unlink import add_record
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import ConfigurationError


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_record(parser)
    parser.add_argument("--use", required=True, choices=[side.value for side in Side], help="whose values win")


def _execute(invocation: Invocation) -> int:
    arguments, records = invocation.arguments, invocation.application.records
    configuration = invocation.application.configurations.get(arguments.name)
    record = records.find(configuration.name, arguments.record, arguments.entity)
    open_conflicts = fetch_conflicts(records, configuration.name, only_open=True)
    conflict = next((each for each in open_conflicts if each.record_id == record.id), None)
    if conflict is None:
        raise ConfigurationError(f"record {record.id} of {record.entity} has no conflict that waits for a decision")
    winner = Side(arguments.use)
    records.resolve(conflict.id, winner)
    if invocation.output.is_json:
        invocation.output.document({"conflict": conflict.id, "record": record.id, "use": winner.value})
    else:
        endpoint = configuration.endpoint_of(winner)
        invocation.output.line(f"{record.entity}, record {record.id}: {endpoint} wins. The next run writes it.")
    return ExitCode.DONE


RESOLVE = Command("resolve", "decide a conflict", _arguments, _execute)
