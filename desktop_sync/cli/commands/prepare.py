"""`desktop-sync prepare NAME`: find what is out of sync and queue it."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_mode, add_name, mode_of, range_of
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_text import give_run_result
from desktop_sync.core.run import Trigger


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_mode(parser)


def _execute(invocation: Invocation) -> int:
    arguments, application = invocation.arguments, invocation.application
    chosen = range_of(arguments)
    configuration = application.configurations.get(arguments.name)
    with progress_on(invocation.output) as progress:
        result = application.synchronization.prepare(
            arguments.name,
            trigger=Trigger.COMMAND_LINE,
            mode=mode_of(arguments),
            range=chosen,
            progress=progress,
            cancel=invocation.cancel,
        )
    return give_run_result(invocation, result, configuration)


PREPARE = Command("prepare", "find what is out of sync and queue it", _arguments, _execute, is_long=True)
