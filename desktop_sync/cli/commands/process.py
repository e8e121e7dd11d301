"""`desktop-sync process NAME`: work the queue that a prepare made, or the plan that a guard stopped."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_allow, add_name, add_plan, allowed
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.progress import progress_on
from desktop_sync.cli.result_text import give_run_result
from desktop_sync.core.run import Trigger


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_allow(parser)
    add_plan(parser)


def _execute(invocation: Invocation) -> int:
    arguments, application = invocation.arguments, invocation.application
    configuration = application.configurations.get(arguments.name)
    with progress_on(invocation.output) as progress:
        result = application.synchronization.process(
            arguments.name,
            trigger=Trigger.COMMAND_LINE,
            allow=allowed(arguments),
            plan_digest=arguments.plan,
            progress=progress,
            cancel=invocation.cancel,
        )
    return give_run_result(invocation, result, configuration)


PROCESS = Command("process", "work the queue that a prepare made", _arguments, _execute, is_long=True)
