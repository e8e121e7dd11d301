"""`desktop-sync steps NAME [--enable STEP] [--disable STEP]`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.core.configuration import StepKind, SyncConfiguration
from desktop_sync.core.pipeline import PipelineRow, moment_of, needs_approval, pipeline


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    for option, what in (("--enable", "takes part from the next run on"), ("--disable", "takes part no more")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="STEP",
            help=f"this step {what}; its name, or the kind of a standard step. May be given several times",
        )


def _execute(invocation: Invocation) -> int:
    arguments, output = invocation.arguments, invocation.output
    configurations = invocation.application.configurations
    configuration = configurations.get(arguments.name)
    for name in arguments.enable:
        configuration = configurations.enable_step(arguments.name, name, True)
        _confirm_plugin(invocation, configuration, name)
    for name in arguments.disable:
        configuration = configurations.enable_step(arguments.name, name, False)
    rows = pipeline(configuration)
    if output.is_json:
        output.document(
            [
                {
                    "kind": row.kind.value,
                    "name": row.step.name if row.step is not None else None,
                    "enabled": row.enabled,
                    "entity": row.step.entity or None if row.step is not None else None,
                    "direction": row.step.direction.value if row.step is not None else None,
                    "moment": moment_of(row.step).value if row.step is not None else None,
                }
                for row in rows
            ]
        )
        return ExitCode.DONE
    headers = ["step", "kind", "entity", "direction", "state"]
    output.table(headers, [_row(row) for row in rows], frozenset())
    waiting = [row.step.name for row in rows if row.step is not None and not row.enabled and needs_approval(row.step)]
    for name in waiting:
        command = invocation.command_line("steps", arguments.name, "--enable", name)
        output.note(f'"{name}" acts outside the two systems and is off. Enable it: {command}')
    for info in invocation.application.plugins.unconfirmed(configuration):
        step = next(one.name for one in configuration.steps if one.plugin == info.name)
        command = invocation.command_line("steps", arguments.name, "--enable", step)
        output.note(
            f'"{step}" runs the plugin "{info.name}" of {info.package}, which is {info.state.value}: look at what '
            f"lies in {info.folder}, then allow it: {command}"
        )
    return ExitCode.DONE


def _confirm_plugin(invocation: Invocation, configuration: SyncConfiguration, name: str) -> None:
    """Whoever switches the step of a plugin on allows the plugin as it is now."""
    plugins = invocation.application.plugins
    for step in configuration.steps:
        if step.kind is StepKind.PLUGIN and step.name == name:
            info = plugins.confirm(step.plugin, plugins.look(step.plugin).digest)
            invocation.output.note(
                f'The plugin "{info.name}" of {info.package} in {info.folder} may run as it is now, '
                f"SHA-256 {info.digest}."
            )


def _row(row: PipelineRow) -> list[str]:
    state = "on" if row.enabled else "off"
    if row.step is None:
        return [row.title, row.kind.value, "", "", f"{state}, always" if row.locked else state]
    return [row.title, row.kind.value, row.step.entity, row.step.direction.value, state]


STEPS = Command("steps", "show the steps of a configuration, and switch them on or off", _arguments, _execute)
