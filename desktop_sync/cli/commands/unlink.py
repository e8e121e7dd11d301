"""`desktop-sync unlink NAME RECORD`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json


def add_record(parser: argparse.ArgumentParser) -> None:
    """RECORD, and --entity for ids that several entities have."""
    parser.add_argument("record", metavar="RECORD", help="the record's id in one of the endpoints, or its number (#12)")
    parser.add_argument("--entity", default="", metavar="E", help="the record's entity, where the id is not enough")


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_record(parser)


def _execute(invocation: Invocation) -> int:
    arguments, records = invocation.arguments, invocation.application.records
    record = records.find(arguments.name, arguments.record, arguments.entity)
    records.unlink(record.id)
    if invocation.output.is_json:
        unlinked: dict[str, Json] = {
            "record": record.id,
            "entity": record.entity,
            "a_id": record.a_id,
            "b_id": record.b_id,
        }
        invocation.output.document({"unlinked": unlinked})
    else:
        ids = " and ".join(each for each in (record.a_id, record.b_id) if each)
        invocation.output.line(f"{record.entity}: {ids} are no longer linked.")
    return ExitCode.DONE


UNLINK = Command("unlink", "undo the link of two records; neither is changed", _arguments, _execute)
