"""`desktop-sync list`"""

from __future__ import annotations

import argparse

from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.result_json import moment
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.binding_text import SHORT
from desktop_sync.services.views import ConfigurationState


def _arguments(parser: argparse.ArgumentParser) -> None:
    return None


def _execute(invocation: Invocation) -> int:
    states = invocation.application.configurations.states()
    output = invocation.output
    if output.is_json:
        output.document([_document(state) for state in states])
    elif states:
        headers = ["name", "A", "B", "state", "last run", "outcome", "next run", "conflicts"]
        output.table(headers, [_row(state) for state in states], frozenset({7}))
        for state in states:
            if state.waits_for:
                output.note(f"{state.name}: {state.waits_for}")
    else:
        output.line("There is no configuration yet. Try: " + invocation.command_line("sample"))
    return ExitCode.DONE


def _row(state: ConfigurationState) -> list[str]:
    return [
        state.name,
        state.a,
        state.b,
        _state(state),
        local_time(state.last_run_at),
        state.last_outcome.value if state.last_outcome else "",
        local_time(state.next_run_at),
        str(state.open_conflicts),
    ]


def _state(state: ConfigurationState) -> str:
    word = "running" if state.is_running else "enabled" if state.is_enabled else "disabled"
    if state.follows:
        word += f", to follow {state.follows}"
    return word if state.match_only is None else f"{word}, {SHORT[state.match_only]}"


def _document(state: ConfigurationState) -> dict[str, Json]:
    return {
        "name": state.name,
        "a": state.a,
        "b": state.b,
        "enabled": state.is_enabled,
        "running": state.is_running,
        "last_outcome": state.last_outcome.value if state.last_outcome else None,
        "last_run_at": moment(state.last_run_at),
        "next_run_at": moment(state.next_run_at),
        "counts": {status.label: count for status, count in state.counts.items()},
        "open_conflicts": state.open_conflicts,
        "match_only": state.match_only.value if state.match_only else None,
        "follows": state.follows or None,
        "group": list(state.group),
        "waits_for": state.waits_for or None,
    }


LIST = Command("list", "show the configurations with their state", _arguments, _execute)
