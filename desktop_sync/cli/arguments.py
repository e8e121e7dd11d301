"""The grammar of the command line. Options may stand before or after the subcommand."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import NoReturn

from desktop_sync import __version__
from desktop_sync.cli.command import Command, UsageError
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import Mode, Range

PROGRAM = "desktop-sync"
HOME_VARIABLE = "DESKTOP_SYNC_HOME"
_MOST_DIGITS = 18
_DESCRIPTION = (
    "Keeps records in two systems the same. Without a subcommand the window opens; --sample opens it on the sample "
    "project."
)
_EXIT_CODES = (
    "exit codes: 0 all done; 1 done, but records failed or wait for a decision; 2 usage or configuration error; "
    "3 an endpoint could not be used, or the configuration is running already; 4 a guard stopped the run; "
    "130 cancelled."
)


class TextWanted(Exception):
    """--help or --version: there is a text to show and nothing to do. `key` names it in JSON."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(key)
        self.key = key
        self.text = text


class Parser(argparse.ArgumentParser):
    """Raises instead of printing and leaving, so that `--json` holds for usage errors too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def print_help(self, file: object = None) -> NoReturn:
        raise TextWanted("help", self.format_help())


class _ShowVersion(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        raise TextWanted("version", __version__)


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """What `desktop-sync` without a subcommand was asked: the window, on that home, maybe with the sample project."""

    home: Path | None
    sample: bool


def home_folder(arguments: argparse.Namespace) -> Path | None:
    """--home, or DESKTOP_SYNC_HOME, or None: the platform's user folders."""
    given = getattr(arguments, "home", None) or os.environ.get(HOME_VARIABLE)
    return Path(given) if given else None


def window_request(tokens: Sequence[str]) -> WindowRequest | None:
    """The wish for the window, or None when the arguments hold anything that the command line answers."""
    parser = Parser(prog=PROGRAM, add_help=False, allow_abbrev=False)
    parser.add_argument("--home", metavar="DIR", type=_folder)
    parser.add_argument("--sample", action="store_true")
    try:
        arguments = parser.parse_args(tokens)
    except UsageError:
        return None
    return WindowRequest(home_folder(arguments), arguments.sample)


def parse(tokens: Sequence[str], commands: Sequence[Command]) -> argparse.Namespace:
    """The arguments, with `command` naming the subcommand. Raises UsageError, or TextWanted for help and version."""
    common = _common_options()
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EXIT_CODES, allow_abbrev=False, parents=[common])
    parser.add_argument("--sample", action="store_true", help="open the window on the sample project")
    subparsers = parser.add_subparsers(dest="command", metavar="SUBCOMMAND", title="subcommands")
    takers = _options_with_values(common)
    for command in commands:
        subparser = subparsers.add_parser(
            command.name, help=command.summary, description=command.summary, allow_abbrev=False, parents=[common]
        )
        command.add_arguments(subparser)
        takers |= _options_with_values(subparser)
    arguments = parser.parse_args(_subcommand_first(tokens, takers))
    if arguments.command is None:
        raise UsageError(f"a subcommand is missing; see {PROGRAM} --help")
    _refuse_bytes(arguments)
    return arguments


def _refuse_bytes(arguments: argparse.Namespace) -> None:
    """Raises UsageError for a name or an id that holds bytes which are no text: nothing can be called that. Folders and
    files may be."""
    for name, given in vars(arguments).items():
        texts = given if isinstance(given, list) else [given]
        if name != "home" and any(isinstance(one, str) and _has_bytes(one) for one in texts):
            raise UsageError("an argument holds bytes that are no text in this terminal's encoding")


def _has_bytes(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _common_options() -> Parser:
    # Nothing is set when an option is not given: a subcommand's default would overwrite what stood before it.
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--home", metavar="DIR", type=_folder, help=f"folder of the ledger and settings (or {HOME_VARIABLE})"
    )
    common.add_argument("--json", action="store_true", help="print exactly one JSON document on standard output")
    common.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and leave")
    return common


def _folder(text: str) -> str:
    if not text:  # a variable that is not set, most likely: the home of the user's own is not what was meant
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return text


def _options_with_values(parser: argparse.ArgumentParser) -> set[str]:
    return {text for action in parser._actions if action.nargs != 0 for text in action.option_strings}


def _subcommand_first(tokens: Sequence[str], takers: set[str]) -> list[str]:
    """The subcommand, then the options that stood before it, then the rest."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token == "--" or not token.startswith("-"):
            break
        index += 2 if token in takers else 1
    if index >= len(tokens) or tokens[index] == "--":
        return list(tokens)
    return [tokens[index], *tokens[:index], *tokens[index + 1 :]]


def wants_json(tokens: Sequence[str]) -> bool:
    """Whether --json is among the options, also when the arguments cannot be understood."""
    options = list(tokens)[: tokens.index("--")] if "--" in tokens else tokens
    return "--json" in options


def whole_number(text: str) -> int:
    """The type of an argument that counts, or names something by its number: nothing below 0, and nothing that is too
    large to be kept anywhere."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number')
    if len(text) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"a number of {len(text)} digits is too large")
    return int(text)


def add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the configuration's name")


def add_mode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        help="which records are looked at: full: all, or all of a range, each compared with its counterpart; "
        "incremental: modified since the last time; by-date: modified in a range and not yet processed",
    )
    parser.add_argument("--from", dest="start", metavar="WHEN", help="modified from that date or time on")
    parser.add_argument("--to", dest="end", metavar="WHEN", help="modified until that date or time, included")


def add_allow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=[guard.value for guard in Guard],
        metavar="GUARD",
        help="let this guard pass once, for what was shown: the plan that it stopped, or that --plan names; a plan "
        "that nobody was shown yet stops, and is kept. Guards: " + ", ".join(guard.value for guard in Guard),
    )


def add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plan",
        default="",
        metavar="DIGEST",
        help="carry out only the plan that a preview showed with this digest; with --allow, its guards are let pass",
    )


def add_confirm_match(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--confirm-match",
        action="store_true",
        help="end the mode in which records are only matched, after you looked at what was found",
    )


def mode_of(arguments: argparse.Namespace) -> Mode | None:
    return Mode(arguments.mode) if arguments.mode else None


def mode_words(arguments: argparse.Namespace) -> list[str]:
    """--mode, --from and --to as they were given, for a command line that looks at the same records."""
    given = (("--mode", arguments.mode), ("--from", arguments.start), ("--to", arguments.end))
    return [word for option, value in given if value for word in (option, value)]


def allowed(arguments: argparse.Namespace) -> frozenset[Guard]:
    return frozenset(Guard(name) for name in arguments.allow)


def range_of(arguments: argparse.Namespace) -> Range:
    """--from and --to, aware; local time where none is said. A date alone means its first or last microsecond."""
    chosen = Range(
        _moment(arguments.start, "--from", time.min) if arguments.start else None,
        _moment(arguments.end, "--to", time.max) if arguments.end else None,
    )
    is_open = chosen.start is None and chosen.end is None
    mode = mode_of(arguments)
    if mode is Mode.BY_DATE and is_open:
        raise UsageError("--mode by-date needs --from, --to or both")
    if not is_open and mode not in (Mode.BY_DATE, Mode.FULL):
        raise UsageError("--from and --to go with --mode by-date or --mode full")
    if chosen.start is not None and chosen.end is not None and chosen.start > chosen.end:
        raise UsageError("--from is later than --to")
    return chosen


def _moment(text: str, option: str, of_day: time) -> datetime:
    try:
        try:
            moment = datetime.combine(date.fromisoformat(text), of_day)
        except ValueError:
            moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        problem = (
            f'{option}: "{text}" is not a date or time like 2024-05-31, 2024-05-31T07:30 or 2024-05-31T07:30+02:00'
        )
        raise UsageError(problem) from None
