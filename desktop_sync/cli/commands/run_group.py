"""`desktop-sync run NAME --group`: all configurations that share records, until nothing changes (SPEC §7)."""

from __future__ import annotations

from desktop_sync.cli.arguments import allowed
from desktop_sync.cli.command import Invocation, UsageError
from desktop_sync.cli.exit_codes import OF_OUTCOME, ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import run_document
from desktop_sync.cli.result_text import note_guards, show_entities
from desktop_sync.core.run import Outcome, Trigger
from desktop_sync.core.sync_group import GroupResult


def run_group(invocation: Invocation) -> int:
    """The group of the named configuration has run; what came of it is printed."""
    arguments, application = invocation.arguments, invocation.application
    if arguments.mode or arguments.start or arguments.end or arguments.record:
        raise UsageError("--group goes without --mode, --from, --to and --record: every record is looked at")
    with progress_on(invocation.output) as progress:
        result = application.groups.run(
            arguments.name,
            trigger=Trigger.COMMAND_LINE,
            allow=allowed(arguments),
            progress=progress,
            cancel=invocation.cancel,
        )
    if invocation.output.is_json:
        invocation.output.document(_document(invocation, result))
    else:
        _show(invocation, result)
    for one in result.results:
        for note in (*one.notes, *([one.error] if one.error and not one.findings else [])):
            invocation.output.note(f"{one.configuration}: {note}")
        if one.outcome is Outcome.GUARD:
            note_guards(invocation, one.findings, application.configurations.get(one.configuration))
    return OF_OUTCOME[result.outcome] if result.results else ExitCode.DONE


def _document(invocation: Invocation, result: GroupResult) -> dict[str, Json]:
    get = invocation.application.configurations.get
    return {
        "group": list(result.group.members),
        "shared": [{"endpoint": one.endpoint, "structure": one.structure} for one in result.group.shared],
        "outcome": result.outcome.value,
        "passes": result.passes,
        "settled": result.is_settled,
        "left": list(result.left),
        "skipped": list(result.skipped),
        "runs": [run_document(one, get(one.configuration)) for one in result.results],
    }


def _show(invocation: Invocation, result: GroupResult) -> None:
    output = invocation.output
    for one in result.results:
        output.line(f"{one.configuration}: {one.outcome.value}")
        show_entities(output, one, invocation.application.configurations.get(one.configuration))
    for name in result.skipped:
        output.note(f"{name} is switched off and was left out.")
    passes = "1 pass" if result.passes == 1 else f"{result.passes} passes"
    failed = [one.configuration for one in result.results if one.outcome is Outcome.FAILED]
    if failed:
        output.line(f"Could not run: {', '.join(failed)}; the others of the group did, in {passes}.")
    elif result.is_settled:
        output.line(f"The group is settled after {passes}.")
    else:
        output.line(f"The group did not settle in {passes}; still to follow: {', '.join(result.left) or 'none'}.")
