"""`desktop-sync explain NAME RECORD`: what was done to a record and why, how it stands now, and why not."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import moment, record_document, rule_key
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.explanation import ComparedField, ExplainedEvent, Explanation, Part
from desktop_sync.core.plan import FieldChange


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("record", metavar="RECORD", help="its id in one of the endpoints, or its number (#12)")
    parser.add_argument("--entity", default="", metavar="E", help="the record's entity, where the id is not enough")


def _execute(invocation: Invocation) -> int:
    arguments, output = invocation.arguments, invocation.output
    configuration = invocation.application.configurations.get(arguments.name)
    with progress_on(output) as progress:
        found = invocation.application.explanation.explain(
            arguments.name, arguments.record, arguments.entity, progress=progress, cancel=invocation.cancel
        )
    if output.is_json:
        output.document(explanation_document(found))
    else:
        _show(invocation, found, configuration)
    return ExitCode.DONE


def _show(invocation: Invocation, found: Explanation, configuration: SyncConfiguration) -> None:
    output = invocation.output
    number = f", record {found.record.id}" if found.record else ""
    ids = f"{configuration.a} {found.a_id or '—'}, {configuration.b} {found.b_id or '—'}"
    output.line(f"{found.configuration}, {found.entity}{number} ({ids})")
    output.line()
    if found.past:
        output.line("What happened")
        for event in found.past:
            _show_event(invocation, event)
        output.line()
    output.line("Now")
    for event in found.present:
        _show_event(invocation, event)
    if found.fields:
        headers = ["", "field", configuration.a, configuration.b, "compared as", "baseline"]
        output.table(headers, [_field_row(field) for field in found.fields])
    if found.why_not:
        output.line()
        output.line("Why it is not synchronized")
        for sentence in found.why_not:
            output.line(f"  {sentence}")


def _show_event(invocation: Invocation, event: ExplainedEvent) -> None:
    when = f"{local_time(event.at)}  " if event.at is not None else ""
    invocation.output.line(f"  {when}{event.part.value}: {event.text}")
    for field in event.fields:
        invocation.output.line(f"      {field.label}: {_change(event, field)}")


def _change(event: ExplainedEvent, field: FieldChange) -> str:
    if event.part is Part.CONFLICT:
        return f"{_shown(field.a)} / {_shown(field.b)}, before {_shown(field.base)}"
    if field.before is None and field.after is None:
        if (field.a is None) != (field.b is None):  # a field of one side only, as a link shows them
            return _shown(field.b if field.a is None else field.a)
        return f"{_shown(field.a)} = {_shown(field.b)}"
    return f"{_shown(field.before)} → {_shown(field.after)}"


def _field_row(field: ComparedField) -> list[str]:
    same = field.normal_a == field.normal_b
    compared = field.normal_a or "" if same else f"{_shown(field.normal_a)} ≠ {_shown(field.normal_b)}"
    base = dict.fromkeys(value for value in (field.base_a, field.base_b) if value is not None)
    return ["*" if field.differs else "", field.label, field.a or "", field.b or "", compared, " / ".join(base)]


def _shown(value: str | None) -> str:
    return "(empty)" if value is None else f'"{value}"'


def explanation_document(found: Explanation) -> dict[str, Json]:
    """`explain --json`."""
    return {
        "configuration": found.configuration,
        "entity": found.entity,
        "a_id": found.a_id,
        "b_id": found.b_id,
        "record": None if found.record is None else record_document(found.record),
        "past": [_event_document(event) for event in found.past],
        "present": [_event_document(event) for event in found.present],
        "fields": [
            {
                "label": field.label,
                "a": field.a,
                "b": field.b,
                "baseline": {"a": field.base_a, "b": field.base_b},
                "compared": {"a": field.normal_a, "b": field.normal_b},
                "differs": field.differs,
            }
            for field in found.fields
        ],
        "action": None if found.action is None else found.action.key,
        "rule": None if found.rule is None else rule_key(found.rule.name),
        "why_not": list(found.why_not),
    }


def _event_document(event: ExplainedEvent) -> dict[str, Json]:
    return {
        "part": event.part.value,
        "text": event.text,
        "at": moment(event.at),
        "run": event.run_id,
        "fields": [
            {
                "label": field.label,
                "a": field.a,
                "b": field.b,
                "base": field.base,
                "before": field.before,
                "after": field.after,
            }
            for field in event.fields
        ],
    }


EXPLAIN = Command(
    "explain", "tell what was done to a record and why, or why nothing is done", _arguments, _execute, is_long=True
)
