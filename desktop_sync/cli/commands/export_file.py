"""`desktop-sync export [NAME…]`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="configurations or endpoints; all without a name")


def _execute(invocation: Invocation) -> int:
    text = invocation.application.definitions.export(invocation.arguments.names)
    if invocation.output.is_json:
        invocation.output.document({"toml": text})
    else:
        invocation.output.text(text)
    return ExitCode.DONE


EXPORT = Command("export", "write configurations with their endpoints as TOML, without secrets", _arguments, _execute)
