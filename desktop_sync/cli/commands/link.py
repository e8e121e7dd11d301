"""`desktop-sync link NAME ENTITY A_ID B_ID`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("entity", metavar="ENTITY", help="the entity's name")
    parser.add_argument("a_id", metavar="A_ID", help="the record's id in A")
    parser.add_argument("b_id", metavar="B_ID", help="the record's id in B")


def _execute(invocation: Invocation) -> int:
    arguments = invocation.arguments
    invocation.application.records.link(arguments.name, arguments.entity, arguments.a_id, arguments.b_id)
    if invocation.output.is_json:
        linked = {"entity": arguments.entity, "a_id": arguments.a_id, "b_id": arguments.b_id}
        invocation.output.document({"linked": linked})
    else:
        invocation.output.line(f"{arguments.entity}: {arguments.a_id} and {arguments.b_id} are one record now.")
    return ExitCode.DONE


LINK = Command("link", "make two records one logical record, by hand", _arguments, _execute)
