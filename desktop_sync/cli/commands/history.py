"""`desktop-sync history [NAME]`, and with --run N every action of that run down to its fields."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import whole_number
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.result_json import action_counts, history_document, rule_key, run_head_document
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.run import Run
from desktop_sync.core.sync_record import HistoryRow

SHOWN = 50
PAGE = 5_000


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only runs of this configuration")
    parser.add_argument("--run", type=whole_number, metavar="N", help="every action of this run")
    parser.add_argument("--limit", type=whole_number, default=SHOWN, metavar="N", help=f"at most N runs ({SHOWN})")


def _execute(invocation: Invocation) -> int:
    if invocation.arguments.run is not None:
        return _show_run(invocation)
    application, output = invocation.application, invocation.output
    configuration = application.configurations.get(invocation.arguments.name) if invocation.arguments.name else None
    runs = application.records.runs(invocation.arguments.name, invocation.arguments.limit)
    if output.is_json:
        known: dict[str, SyncConfiguration | None] = {configuration.name: configuration} if configuration else {}
        output.document([run_head_document(run, _configuration(invocation, run, known)) for run in runs])
    elif runs:
        headers = ["run", "configuration", "kind", "started", "ended", "trigger", "outcome", "writes", "failed"]
        output.table(headers, [_row(run) for run in runs], frozenset({0, 7, 8}))
    else:
        output.line("There was no run yet.")
    return ExitCode.DONE


def _configuration(
    invocation: Invocation, run: Run, known: dict[str, SyncConfiguration | None]
) -> SyncConfiguration | None:
    """Looked up once each; None when it was deleted since."""
    if run.configuration not in known:
        try:
            known[run.configuration] = invocation.application.configurations.get(run.configuration)
        except ConfigurationError:
            known[run.configuration] = None
    return known[run.configuration]


def _row(run: Run) -> list[str]:
    entities = run.result.entities if run.result else ()
    counts = [action_counts(entity.actions) for entity in entities]
    writes = sum(number for count in counts for key, number in count.items() if key.endswith(("_a", "_b")))
    return [
        str(run.id),
        run.configuration,
        run.kind.value,
        local_time(run.started_at),
        local_time(run.ended_at),
        run.trigger.value,
        run.outcome.value,
        str(writes),
        str(sum(entity.failed for entity in entities)),
    ]


def _show_run(invocation: Invocation) -> int:
    arguments, records, output = invocation.arguments, invocation.application.records, invocation.output
    run = records.run(arguments.run)
    if run is None or (arguments.name and run.configuration != arguments.name):
        of = f" of {arguments.name}" if arguments.name else ""
        raise ConfigurationError(f"there is no run {arguments.run}{of}")
    rows: list[HistoryRow] = []
    while True:
        page = records.history(run.id, PAGE, len(rows))
        rows += page
        if len(page) < PAGE:
            break
    if output.is_json:
        head = run_head_document(run, _configuration(invocation, run, {}))
        output.document({**head, "actions": [history_document(row) for row in rows]})
        return ExitCode.DONE
    output.line(
        f"Run {run.id} of {run.configuration}, {run.kind.value} {run.trigger.value}, "
        f"{local_time(run.started_at)}: {run.outcome.value}"
    )
    for said in run.result.sentences if run.result else ():
        output.line(said)
    for row in rows:
        _show_action(invocation, row)
    return ExitCode.DONE


def _show_action(invocation: Invocation, row: HistoryRow) -> None:
    ids = " = ".join(each for each in (row.a_id, row.b_id) if each)
    action = row.action.key.replace("_", " ")
    result = f": {row.result}" if row.result else ""
    invocation.output.line(f"{row.entity}, record {row.record_id} ({ids}): {action}, {rule_key(row.rule.name)}{result}")
    for field in row.fields:
        if field.before != field.after:
            invocation.output.line(f"    {field.label}: {_shown(field.before)} → {_shown(field.after)}")


def _shown(value: str | None) -> str:
    return "(empty)" if value is None else f'"{value}"'


HISTORY = Command("history", "show the runs, or every action of one run", _arguments, _execute)
