"""`desktop-sync undo RUN`, and with --conflict N the loser of one conflict; --preview shows it without writing."""

from __future__ import annotations

import argparse
from contextlib import closing

from desktop_sync.cli.application_port import UndoView
from desktop_sync.cli.arguments import whole_number
from desktop_sync.cli.command import Command, Invocation, UsageError
from desktop_sync.cli.exit_codes import OF_OUTCOME, ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import action_counts, field_document, guard_document, run_document
from desktop_sync.cli.result_text import note_guard_numbers, show_entities
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.count_text import count
from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.core.undo import UndoRow

SHOWN = 20
PAGE = 1_000


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", type=whole_number, help="the number of the run, as history shows it"
    )
    parser.add_argument(
        "--conflict", type=whole_number, metavar="N", help="bring back the value that lost this conflict instead"
    )
    parser.add_argument("--preview", action="store_true", help="only show what would be undone; nothing is written")
    parser.add_argument(
        "--rows", type=whole_number, default=SHOWN, metavar="N", help=f"show the first N records ({SHOWN})"
    )


def _execute(invocation: Invocation) -> int:
    arguments, application = invocation.arguments, invocation.application
    if (arguments.run is None) == (arguments.conflict is None):
        raise UsageError("undo needs the number of a run, or --conflict N")
    undo = application.undo
    if arguments.preview:
        with progress_on(invocation.output) as progress:
            look = undo.preview if arguments.conflict is None else undo.preview_bring_back
            number = arguments.run if arguments.conflict is None else arguments.conflict
            view = look(number, progress=progress, cancel=invocation.cancel)
        with closing(view):
            return _show_preview(invocation, view)
    with progress_on(invocation.output) as progress:
        carry_out = undo.undo if arguments.conflict is None else undo.bring_back
        number = arguments.run if arguments.conflict is None else arguments.conflict
        result = carry_out(number, trigger=Trigger.COMMAND_LINE, progress=progress, cancel=invocation.cancel)
    return _give_result(invocation, result)


def _show_preview(invocation: Invocation, view: UndoView) -> int:
    output = invocation.output
    configuration = invocation.application.configurations.get(view.target.run.configuration)
    left = view.count(listed=True)
    if output.is_json:
        output.document(_preview_document(view, configuration))
        return ExitCode.PROBLEMS if left else ExitCode.DONE
    rows = view.rows(limit=invocation.arguments.rows)
    if rows:
        table = [
            [
                row.entity,
                "left as it is" if row.reason else row.action.key.replace("_", " "),
                row.a_id or "",
                row.b_id or "",
                row.reason
                or ", ".join(f"{f.label}: {_shown(f.before)} → {_shown(f.after)}" for f in row.fields if f.differs),
            ]
            for row in rows
        ]
        output.table(["entity", "action", configuration.a, configuration.b, "what"], table)
    more = view.count() - len(rows)
    if more > 0:
        output.line(f"… and {count(more, 'more record')} (--rows N shows more).")
    number, run = view.count(listed=False), view.target.run.id
    output.line(f"{count(number, 'record')} would be as before run {run}, {left:,} would be left.")
    for note in view.notes():
        output.note(note)
    note_guard_numbers(invocation, view.findings(), configuration)
    return ExitCode.PROBLEMS if left else ExitCode.DONE


def _preview_document(view: UndoView, configuration: SyncConfiguration) -> dict[str, Json]:
    rows: list[UndoRow] = []
    while page := view.rows(offset=len(rows), limit=PAGE):
        rows += page
    return {
        "run": None,
        "undoes": view.target.run.id,
        "configuration": configuration.name,
        "guard": guard_document(view.findings(), configuration),
        "notes": list(view.notes()),
        "entities": [{"name": name, "actions": action_counts(counts)} for name, counts in view.counts().items()],
        "records": [
            {
                "entity": row.entity,
                "record": row.record_id,
                "action": row.action.key,
                "a_id": row.a_id,
                "b_id": row.b_id,
                "left": row.reason or None,
                "fields": [
                    field_document(field) | {"before": field.before, "after": field.after} for field in row.fields
                ],
            }
            for row in rows
        ],
    }


def _give_result(invocation: Invocation, result: RunResult) -> int:
    output = invocation.output
    configuration = invocation.application.configurations.get(result.configuration)
    left = [problem for entity in result.entities for problem in entity.problems]
    if output.is_json:
        output.document({**run_document(result, configuration), "undoes": result.undoes, "left": left})
    else:
        show_entities(output, result, configuration)
        output.line(_SENTENCES[result.outcome].format(result.undoes))
        if result.run_id is not None and result.outcome is not Outcome.CANCELLED:
            output.line("Undo the undo with: " + invocation.command_line("undo", str(result.run_id)))
    for note in (*result.notes, *left):
        output.note(note)
    note_guard_numbers(invocation, result.findings, configuration)
    return OF_OUTCOME[result.outcome]


_SENTENCES = {
    Outcome.DONE: "Run {} is undone.",
    Outcome.PROBLEMS: "Run {} is undone, but for the records named: they are left as they are.",
    Outcome.CANCELLED: "It was cancelled. What was undone of run {} until then is recorded.",
}


def _shown(value: str | None) -> str:
    return "(empty)" if value is None else f'"{value}"'


UNDO = Command("undo", "undo a run, where its records still are what it wrote", _arguments, _execute, is_long=True)
