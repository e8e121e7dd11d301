"""`desktop-sync verify NAME`"""

from __future__ import annotations

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import verification_document
from desktop_sync.cli.result_text import show_verification


def _execute(invocation: Invocation) -> int:
    application, name = invocation.application, invocation.arguments.name
    configuration = application.configurations.get(name)
    with progress_on(invocation.output) as progress:
        report = application.verification.verify(name, progress=progress, cancel=invocation.cancel)
    if invocation.output.is_json:
        invocation.output.document(verification_document(report))
    else:
        show_verification(invocation.output, report, configuration)
    return ExitCode.DONE if report.is_in_sync else ExitCode.PROBLEMS


VERIFY = Command("verify", "read both sides and compare every record", add_name, _execute, is_long=True)
