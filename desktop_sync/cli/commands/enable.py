"""`desktop-sync enable NAME` and `disable NAME`: whether anything but a person may start it (SPEC §8, §13)."""

from __future__ import annotations

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.core.running_text import running_sentences


def _enable(invocation: Invocation) -> int:
    return _set(invocation, True)


def _disable(invocation: Invocation) -> int:
    return _set(invocation, False)


def _set(invocation: Invocation, is_enabled: bool) -> int:
    configurations, output, name = invocation.application.configurations, invocation.output, invocation.arguments.name
    configurations.set_enabled(name, is_enabled)
    if output.is_json:
        output.document({"name": name, "enabled": is_enabled})
        return ExitCode.DONE
    if not is_enabled:
        output.line(f"{name} is switched off. You can still run it by hand.")
        return ExitCode.DONE
    output.line(f"{name} is switched on.")
    for said in running_sentences(configurations.get(name)):
        output.line(said)
    command = invocation.command_line("watch")
    output.note(f"It runs by itself while the window or its tray is open. Without a window: {command}")
    return ExitCode.DONE


ENABLE = Command("enable", "let a configuration run by itself: schedules, real time, triggers", add_name, _enable)
DISABLE = Command("disable", "let a configuration run by hand only", add_name, _disable)
