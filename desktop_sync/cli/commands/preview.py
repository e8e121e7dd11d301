"""`desktop-sync preview NAME`: what a run would do; nothing is written."""

from __future__ import annotations

import argparse
from contextlib import closing

from desktop_sync.cli.application_port import PlanView
from desktop_sync.cli.arguments import add_allow, add_mode, add_name, allowed, mode_of, range_of, whole_number
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import preview_result
from desktop_sync.cli.result_text import give_run_result
from desktop_sync.core.binding_text import match_only_sentences
from desktop_sync.core.count_text import count
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.explanation_text import rule_words
from desktop_sync.core.first_contact import first_contact_doubts
from desktop_sync.core.plan import Mode, PlanRow

_PLAIN = frozenset({Rule.NEW, Rule.CHANGED_ONE_SIDE, Rule.DELETE_RULE, Rule.MATCHED})


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_mode(parser)
    add_allow(parser)
    parser.add_argument(
        "--rows", type=whole_number, default=20, metavar="N", help="show the first N rows of the plan (20)"
    )


def _execute(invocation: Invocation) -> int:
    arguments, application = invocation.arguments, invocation.application
    chosen = range_of(arguments)
    configuration = application.configurations.get(arguments.name)
    began_s = application.clock.monotonic_s()
    with progress_on(invocation.output) as progress:
        view = application.synchronization.preview(
            arguments.name,
            mode=mode_of(arguments) or Mode.FULL,
            range=chosen,
            progress=progress,
            cancel=invocation.cancel,
        )
    with closing(view):
        seconds = application.clock.monotonic_s() - began_s
        findings = tuple(each for each in view.plan.findings if each.guard not in allowed(arguments))
        if not invocation.output.is_json:
            _show_rows(invocation, view)
        for doubt in first_contact_doubts(view.plan, configuration):
            invocation.output.note(doubt)
        if view.match_only is not None:
            invocation.output.note(match_only_sentences(view.match_only))
        if not invocation.output.is_json:
            invocation.output.line(f"The plan's digest is {view.plan.digest} (run --plan DIGEST does just this).")
        return give_run_result(invocation, preview_result(view.plan, findings, seconds), configuration)


def _show_rows(invocation: Invocation, view: PlanView) -> None:
    wanted = invocation.arguments.rows
    rows: list[PlanRow] = []
    for entity in view.plan.entities:
        if len(rows) < wanted:
            rows += view.rows(
                entity=entity.entity,
                actions=tuple(action for action in Action if action is not Action.NONE),
                limit=wanted - len(rows),
            )
    if rows:
        table = [[row.entity, _action(row), row.title, row.a_id or "", row.b_id or "", _detail(row)] for row in rows]
        invocation.output.table(["entity", "action", "record", "A", "B", "detail"], table)
    more = sum(entity.records - entity.count(Action.NONE) for entity in view.plan.entities) - len(rows)
    if more > 0:
        invocation.output.line(f"… and {count(more, 'more row')} (--rows N shows more).")


def _action(row: PlanRow) -> str:
    return "update a, b" if row.writes_both else row.action.key.replace("_", " ")


def _detail(row: PlanRow) -> str:
    """What is particular about the row; its rule, where the action alone does not tell it."""
    return row.detail or ("" if row.rule in _PLAIN else rule_words(row.rule))


PREVIEW = Command("preview", "show what a run would do, without writing", _arguments, _execute, is_long=True)
