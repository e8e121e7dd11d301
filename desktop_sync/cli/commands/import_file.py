"""`desktop-sync import FILE`"""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a configuration file (TOML)")


def _execute(invocation: Invocation) -> int:
    output = invocation.output
    report = invocation.application.definitions.import_file(invocation.arguments.file)
    if output.is_json:
        output.document(
            {
                "endpoints": report.endpoints,
                "configurations": report.configurations,
                "needs_secrets": report.needs_secrets,
                "switched_off": report.switched_off,
                "steps_off": [{"configuration": name, "step": step} for name, step in report.steps_off],
            }
        )
    else:
        for kind, names in (("endpoint", report.endpoints), ("configuration", report.configurations)):
            for name in names:
                output.line(f"Imported the {kind} {name}.")
    for name in report.needs_secrets:
        output.note(f"A secret is missing. Store it: {invocation.command_line('secret', 'set', name)}")
    for name in report.switched_off:
        command = invocation.command_line("enable", name)
        output.note(f"{name} does not run by itself until you switch it on: {command}. You can run it by hand.")
    for name, step in report.steps_off:
        command = invocation.command_line("steps", name, "--enable", step)
        output.note(f'The step "{step}" of {name} acts outside the two systems and is off. Enable it: {command}')
    return ExitCode.DONE


IMPORT = Command("import", "take endpoints and configurations from a file", _arguments, _execute)
