"""`desktop-sync sample`: makes the sample project, runs it, verifies it, and prints what came of it."""

from __future__ import annotations

import argparse

from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import OF_OUTCOME, ExitCode
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import run_document, verification_document
from desktop_sync.cli.result_text import OUTCOME_SENTENCES, give_run_result, show_entities, show_verification
from desktop_sync.core.run import Outcome, Trigger


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reset", action="store_true", help="make the sample data anew")


def _execute(invocation: Invocation) -> int:
    application, output = invocation.application, invocation.output
    name = application.sample.create(reset=invocation.arguments.reset)
    configuration = application.configurations.get(name)
    with progress_on(output) as progress:
        result = application.synchronization.run(
            name, trigger=Trigger.COMMAND_LINE, progress=progress, cancel=invocation.cancel
        )
        if result.outcome not in (Outcome.DONE, Outcome.PROBLEMS):
            return give_run_result(invocation, result, configuration)
        report = application.verification.verify(name, progress=progress, cancel=invocation.cancel)
    if output.is_json:
        documents = {"run": run_document(result, configuration), "verification": verification_document(report)}
        output.document({"configuration": name, **documents})
    else:
        output.line(f"The sample project {name}: {configuration.a} and {configuration.b}")
        show_entities(output, result, configuration)
        output.line(OUTCOME_SENTENCES[result.outcome])
        show_verification(output, report, configuration)
    return OF_OUTCOME[result.outcome] if report.is_in_sync else ExitCode.PROBLEMS


SAMPLE = Command("sample", "run the sample project and show the result", _arguments, _execute, is_long=True)
