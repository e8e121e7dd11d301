"""`desktop-sync reset NAME ENTITY`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("entity", metavar="ENTITY", help="the entity's name")


def _execute(invocation: Invocation) -> int:
    arguments = invocation.arguments
    invocation.application.configurations.reset_peering(arguments.name, arguments.entity)
    if invocation.output.is_json:
        invocation.output.document({"reset": {"configuration": arguments.name, "entity": arguments.entity}})
    else:
        invocation.output.line(f"{arguments.entity}: no record is paired any more; the next run matches them anew.")
    return ExitCode.DONE


RESET = Command("reset", "forget which records of an entity are pairs; neither side is changed", _arguments, _execute)
