"""From arguments to an exit code: the command is found, run, and every error becomes a sentence and a code."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence

from desktop_sync.cli.application_port import BuildApplication
from desktop_sync.cli.arguments import TextWanted, home_folder, parse, wants_json
from desktop_sync.cli.command import Command, Invocation, UsageError
from desktop_sync.cli.commands import COMMANDS
from desktop_sync.cli.exit_codes import ExitCode, code_of_error
from desktop_sync.cli.interruption import ended_by_signals, run_to_a_clean_end
from desktop_sync.cli.output import Output
from desktop_sync.core.error_text import next_step, sentence

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None, *, build_application: BuildApplication) -> int:
    """Runs the command that the arguments (the process's own by default) ask for; its exit code (SPEC §11)."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    output = Output(sys.stdout, sys.stderr, is_json=wants_json(tokens))
    try:
        return int(_answer(tokens, build_application, output))
    except KeyboardInterrupt as error:  # before the command began or after it ended
        output.error(sentence(error), next_step(error), ExitCode.CANCELLED)
        return ExitCode.CANCELLED
    finally:
        output.finish()


def _answer(tokens: Sequence[str], build_application: BuildApplication, output: Output) -> int:
    try:
        parsed = parse(tokens, COMMANDS)
    except TextWanted as wanted:
        if output.is_json:
            output.document({wanted.key: wanted.text})
        else:
            output.text(wanted.text if wanted.key == "help" else f"desktop-sync {wanted.text}")
        return ExitCode.DONE
    except UsageError as error:
        return _usage(error, output)
    command = next(command for command in COMMANDS if command.name == parsed.command)
    return _run(command, Invocation(parsed, output, home_folder(parsed), build_application))


def _run(command: Command, invocation: Invocation) -> int:
    def work() -> int:
        try:
            return command.execute(invocation)
        finally:
            invocation.close()

    try:
        if command.is_long:
            return run_to_a_clean_end(work, invocation.cancel, invocation.output)
        with ended_by_signals():
            return work()
    except UsageError as error:
        return _usage(error, invocation.output)
    except (Exception, KeyboardInterrupt) as error:
        code = code_of_error(error)
        if code is ExitCode.BUG:
            # Where, but not the error's own text: it may hold a record's values.
            _log.error("unexpected %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        invocation.output.error(sentence(error), next_step(error), code)
        return code


def _usage(error: UsageError, output: Output) -> int:
    text = str(error)
    output.error(text[:1].upper() + text[1:] + ("" if text.endswith("?") else "."), "", ExitCode.CONFIGURATION)
    return ExitCode.CONFIGURATION
