"""`desktop-sync verify NAME [--html FILE] [--csv FILE]`"""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_json import verification_document
from desktop_sync.cli.result_text import show_verification
from desktop_sync.services.views import ReportFiles


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report to read, with every difference")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every difference as a table")


def _execute(invocation: Invocation) -> int:
    application, arguments = invocation.application, invocation.arguments
    name = arguments.name
    files = ReportFiles(arguments.html, arguments.csv) if arguments.html or arguments.csv else None
    configuration = application.configurations.get(name)
    with progress_on(invocation.output) as progress:
        report = application.verification.verify(name, files=files, progress=progress, cancel=invocation.cancel)
    if invocation.output.is_json:
        invocation.output.document(verification_document(report))
    else:
        show_verification(invocation.output, report, configuration)
    for path in (arguments.html, arguments.csv):
        if path is not None:
            invocation.output.note(f"Report written: {path}")
    return ExitCode.DONE if report.is_in_sync else ExitCode.PROBLEMS


VERIFY = Command("verify", "read both sides and compare every record", _arguments, _execute, is_long=True)
