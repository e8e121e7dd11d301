"""Results as text for people: tables of counts, guards with the way past them, verifications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from desktop_sync.cli.arguments import allowed, mode_words
from desktop_sync.cli.command import Invocation
from desktop_sync.cli.exit_codes import OF_OUTCOME, ExitCode
from desktop_sync.cli.output import Output
from desktop_sync.cli.result_json import action_counts, run_document
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.error_text import guard_sentence
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.services.views import VerificationReport

OUTCOME_SENTENCES: Mapping[Outcome, str] = {
    Outcome.DONE: "All done.",
    Outcome.PROBLEMS: "Done, but some records failed or wait for a decision.",
    Outcome.GUARD: "A guard stopped it before anything was written.",
    Outcome.FAILED: "It failed.",
    Outcome.CANCELLED: "It was cancelled. What was written until then is recorded.",
    Outcome.RUNNING: "It is still running, or was cut off.",
}
PREVIEW_SENTENCES: Mapping[Outcome, str] = {
    Outcome.DONE: "A run would do this. Nothing is written yet.",
    Outcome.PROBLEMS: "A run would do this, and leave records that wait for a decision or cannot be synchronized.",
    Outcome.GUARD: "A guard would stop a run of this plan before it writes anything.",
}
"""Of a preview, which has just these outcomes and keeps nothing."""


def give_run_result(invocation: Invocation, result: RunResult, configuration: SyncConfiguration) -> ExitCode:
    """The result is printed, as JSON or text; the exit code that belongs to it."""
    output, is_run = invocation.output, result.run_id is not None
    if output.is_json:
        output.document(run_document(result, configuration))
    else:
        show_entities(output, result, configuration)
        output.line((OUTCOME_SENTENCES if is_run else PREVIEW_SENTENCES)[result.outcome])
    for note in result.notes:
        output.note(note)
    if result.error and not (result.outcome is Outcome.GUARD and result.findings):
        output.note(result.error)
    for entity in result.entities:
        for said in (*entity.notes, *entity.problems):
            output.note(said)
    if result.outcome is Outcome.GUARD and is_run:
        note_guards(invocation, result.findings, configuration)
    elif result.outcome is Outcome.GUARD:
        note_guards_of_preview(invocation, result, configuration)
    if result.outcome is Outcome.PROBLEMS and is_run:
        note_waiting(invocation, result)
        if result.only_matched:
            note_match_only(invocation, result.configuration)
    return OF_OUTCOME[result.outcome]


def show_entities(output: Output, result: RunResult, configuration: SyncConfiguration) -> None:
    """A row per entity; kinds of actions that did not occur have no column."""
    a, b = configuration.a, configuration.b
    counts = [action_counts(entity.actions) for entity in result.entities]
    titles = {
        "create_a": f"created in {a}",
        "create_b": f"created in {b}",
        "update_a": f"updated in {a}",
        "update_b": f"updated in {b}",
        "delete_a": f"deleted in {a}",
        "delete_b": f"deleted in {b}",
        "link": "linked",
        "adopt": "adopted",
        "conflict": "conflicts",
        "review": "to review",
    }
    shown = [key for key in titles if any(count[key] for count in counts)]
    headers = ["entity", f"read {a}", f"read {b}", *(titles[key] for key in shown)]
    has_failed = any(entity.failed for entity in result.entities)
    rows = []
    for entity, count in zip(result.entities, counts, strict=True):
        row = [entity.entity, str(entity.read_a), str(entity.read_b), *(str(count[key]) for key in shown)]
        rows.append([*row, str(entity.failed)] if has_failed else row)
    if has_failed:
        headers.append("failed")
    if rows:
        output.table(headers, rows, frozenset(range(1, len(headers))))


def note_guards(invocation: Invocation, findings: Sequence[GuardFinding], configuration: SyncConfiguration) -> None:
    """Which guard stopped the run, with its numbers, and the command line that lets it pass."""
    _note_findings(invocation, findings, configuration)
    given = getattr(invocation.arguments, "allow", ())
    unseen = [finding.guard.value for finding in findings if finding.guard.value in given]
    if unseen:
        names = " and ".join(dict.fromkeys(unseen))
        invocation.output.note(f"--allow {names} is for a plan that was shown, and this one was not until now.")
    invocation.output.note("The plan is kept. If it is what you want, let it pass this once:")
    options = _allowing(finding.guard for finding in findings)
    invocation.output.note("  " + invocation.command_line("process", configuration.name, *options))


def note_guards_of_preview(invocation: Invocation, result: RunResult, configuration: SyncConfiguration) -> None:
    """Which guard would stop a run, with its numbers, and the command line that carries out the plan that was shown: a
    preview keeps no plan, so the run makes it anew and does nothing where it comes out otherwise."""
    _note_findings(invocation, result.findings, configuration)
    arguments = invocation.arguments
    allow = _allowing((*allowed(arguments), *(finding.guard for finding in result.findings)))
    line = invocation.command_line(
        "run", configuration.name, *mode_words(arguments), *allow, "--plan", result.plan_digest
    )
    invocation.output.note(
        "A preview keeps no plan. If it is what you want, run just this one and let it pass this once:"
    )
    invocation.output.note("  " + line)


def _note_findings(invocation: Invocation, findings: Sequence[GuardFinding], configuration: SyncConfiguration) -> None:
    names = {side: configuration.endpoint_of(side) for side in Side}
    for finding in findings:
        invocation.output.note(guard_sentence(finding, names))


def _allowing(guards: Iterable[Guard]) -> list[str]:
    """`--allow` for each guard, once, in the order of `Guard`."""
    wanted = frozenset(guards)
    return [word for guard in Guard if guard in wanted for word in ("--allow", guard.value)]


def note_guard_numbers(
    invocation: Invocation, findings: Sequence[GuardFinding], configuration: SyncConfiguration
) -> None:
    """What guards would have said: they do not stop an undo, which a person asks for."""
    names = {side: configuration.endpoint_of(side) for side in Side}
    for finding in findings:
        invocation.output.note("Mind: " + guard_sentence(finding, names))


def note_waiting(invocation: Invocation, result: RunResult) -> None:
    """Where to look when records failed or wait."""
    counts = [action_counts(entity.actions) for entity in result.entities]
    if any(count["conflict"] for count in counts):
        invocation.output.note("See the conflicts: " + invocation.command_line("conflicts", result.configuration))
    if any(count["review"] for count in counts):
        line = invocation.command_line("records", result.configuration, "--status", "review")
        invocation.output.note("See what is to review: " + line)
    if any(entity.actions.get(Action.INVALID) for entity in result.entities):
        line = invocation.command_line("records", result.configuration, "--status", "invalid")
        invocation.output.note("See what cannot be synchronized: " + line)
    if any(entity.failed > entity.actions.get(Action.INVALID, 0) for entity in result.entities):
        line = invocation.command_line("records", result.configuration, "--status", "failed")
        invocation.output.note("See what failed: " + line)


def note_match_only(invocation: Invocation, name: str) -> None:
    """How the mode that only matches ends, where a run has just matched."""
    states = invocation.application.configurations.states()
    if any(state.can_confirm for state in states if state.name == name):
        line = invocation.command_line("run", name, "--confirm-match")
        invocation.output.note("When you have looked at what was matched, go on: " + line)


def show_verification(output: Output, report: VerificationReport, configuration: SyncConfiguration) -> None:
    headers = [
        "entity",
        "in sync",
        "different",
        f"missing in {configuration.a}",
        f"missing in {configuration.b}",
        "unverified",
        "digest",
    ]
    rows = [
        [
            entity.entity,
            *(str(n) for n in (entity.in_sync, entity.different, entity.missing_a, entity.missing_b)),
            str(entity.unverified),
            entity.digest[:12],
        ]
        for entity in report.entities
    ]
    output.table(headers, rows, frozenset(range(1, 6)))
    output.line("Both sides agree." if report.is_in_sync else "The sides differ.")


def local_time(at: datetime | None) -> str:
    """To the second, in this machine's time zone; empty for None."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
