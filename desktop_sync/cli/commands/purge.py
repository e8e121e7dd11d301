"""`desktop-sync purge`: what of the history is too old goes; with --preview it is only counted, with --keep DAYS the
age is chosen from which on it goes by itself (RELIABILITY §1)."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import whole_number
from desktop_sync.cli.command import Command, Invocation, UsageError
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.count_text import count
from desktop_sync.core.history_retention import DEFAULT_DAYS, FOR_EVER, LEAST_DAYS, MOST_DAYS, Purged
from desktop_sync.core.history_text import purged_text

_FOREVER = "forever"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--older-than", type=whole_number, metavar="DAYS", help="all that is older than this; else than what is kept"
    )
    parser.add_argument("--preview", action="store_true", help="only say what would go")
    parser.add_argument(
        "--keep",
        type=_days,
        metavar="DAYS",
        help=f"from now on keep history for {LEAST_DAYS} to {MOST_DAYS} days (at first {DEFAULT_DAYS}), "
        f'or "{_FOREVER}"; nothing goes yet',
    )


def _days(text: str) -> int:
    if text == _FOREVER:
        return FOR_EVER
    if not text.isdecimal() or int(text) == FOR_EVER:
        raise argparse.ArgumentTypeError(f'"{text}" is neither a number of days nor "{_FOREVER}"')
    return int(text)


def _execute(invocation: Invocation) -> int:
    arguments, retention, output = invocation.arguments, invocation.application.history_retention, invocation.output
    if arguments.keep is not None:
        if arguments.preview or arguments.older_than is not None:
            raise UsageError("--keep only chooses how long history is kept: purge in a call of its own.")
        retention.keep_for(arguments.keep)
        if output.is_json:
            output.document({"kept_days": arguments.keep or None})
        else:
            kept = "for ever" if arguments.keep == FOR_EVER else f"for {count(arguments.keep, 'day')}"
            output.line(f"The history of runs is kept {kept} from now on.")
        return ExitCode.DONE
    if arguments.older_than is not None and arguments.older_than < 1:
        raise UsageError("--older-than is a number of days, 1 or more.")
    age = arguments.older_than or 0
    found = retention.look(age) if arguments.preview else retention.purge(age)
    if output.is_json:
        output.document(_document(found, retention.days, is_preview=arguments.preview))
    else:
        output.line(purged_text(found, local_time(found.before), is_preview=arguments.preview))
    return ExitCode.DONE


def _document(found: Purged, kept_days: int, *, is_preview: bool) -> Json:
    return {
        "kept_days": kept_days or None,
        "preview": is_preview,
        "before": found.before.isoformat(),
        "runs": found.runs,
        "actions": found.actions,
        "conflicts": found.conflicts,
        "values": found.values,
        "content_bytes": found.content_bytes,
        "given_back": found.given_back,
    }


PURGE = Command("purge", "forget history that is too old, or choose how long it is kept", _arguments, _execute)
