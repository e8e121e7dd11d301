"""`desktop-sync run NAME [--record R …] [--group]`: prepare, then process; everything, just some records, or together
with the configurations that share records."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import (
    add_allow,
    add_confirm_match,
    add_mode,
    add_name,
    add_plan,
    allowed,
    mode_of,
    range_of,
    whole_number,
)
from desktop_sync.cli.command import Command, Invocation, UsageError
from desktop_sync.cli.commands.run_group import run_group
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_text import give_run_result
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.run import Trigger


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_mode(parser)
    add_allow(parser)
    add_plan(parser)
    parser.add_argument(
        "--record",
        action="append",
        default=[],
        metavar="R",
        help="only this record, and first those it refers to; its number, or its id in one of the endpoints. May be "
        "given several times",
    )
    parser.add_argument(
        "--pilot",
        type=_count,
        metavar="N",
        help="write to the first N records only, to look at them before the others follow with the next run",
    )
    add_confirm_match(parser)
    parser.add_argument(
        "--group",
        action="store_true",
        help="run all configurations that share records with this one, and again until nothing changes",
    )
    parser.add_argument("--entity", default="", metavar="E", help="the records' entity, where the ids are not enough")


def _count(text: str) -> int:
    number = whole_number(text)
    if not number:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of records')
    return number


def _execute(invocation: Invocation) -> int:
    arguments, application = invocation.arguments, invocation.application
    chosen = range_of(arguments)
    configuration = application.configurations.get(arguments.name)
    if arguments.confirm_match:
        application.bindings.confirm_match(arguments.name)
    if arguments.plan and (arguments.group or arguments.record):
        raise UsageError("--plan goes without --group and --record: it is about the plan that a preview showed")
    if arguments.pilot and (arguments.group or arguments.record):
        raise UsageError("--pilot goes without --group and --record")
    if arguments.group:
        return run_group(invocation)
    if arguments.record:
        return _run_records(invocation, configuration)
    with progress_on(invocation.output) as progress:
        result = application.synchronization.run(
            arguments.name,
            trigger=Trigger.COMMAND_LINE,
            mode=mode_of(arguments),
            range=chosen,
            allow=allowed(arguments),
            plan_digest=arguments.plan,
            pilot=arguments.pilot,
            progress=progress,
            cancel=invocation.cancel,
        )
    return give_run_result(invocation, result, configuration)


def _run_records(invocation: Invocation, configuration: SyncConfiguration) -> int:
    arguments, application = invocation.arguments, invocation.application
    if arguments.mode or arguments.start or arguments.end:
        raise UsageError("--record goes without --mode, --from and --to: the record is looked at as it is now")
    found = [application.records.find(arguments.name, record, arguments.entity) for record in arguments.record]
    with progress_on(invocation.output) as progress:
        result = application.synchronization.run_records(
            arguments.name,
            [record.id for record in found],
            trigger=Trigger.COMMAND_LINE,
            allow=allowed(arguments),
            progress=progress,
            cancel=invocation.cancel,
        )
    return give_run_result(invocation, result, configuration)


RUN = Command("run", "prepare, then process", _arguments, _execute, is_long=True)
