"""`desktop-sync bind NAME`: whose a configuration is; `--take-over` makes it this ledger's."""

from __future__ import annotations

import argparse

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.result_json import moment
from desktop_sync.cli.result_text import local_time
from desktop_sync.core.binding import Lease, MatchOnly
from desktop_sync.core.binding_text import match_only_sentences
from desktop_sync.services.views import BindingReport


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="make it belong to this ledger; until you confirm the match, nothing is created, updated or deleted",
    )


def _execute(invocation: Invocation) -> int:
    name, bindings = invocation.arguments.name, invocation.application.bindings
    report = bindings.take_over(name) if invocation.arguments.take_over else bindings.look(name)
    output = invocation.output
    if output.is_json:
        output.document(binding_document(report))
    else:
        for line in binding_lines(report):
            output.line(line)
        hint = next_command(report)
        if hint:
            output.note("Next: " + invocation.command_line(*hint))
    return ExitCode.PROBLEMS if report.mode is not None else ExitCode.DONE


def binding_lines(report: BindingReport) -> list[str]:
    """Whose the configuration is, in lines for people."""
    lines = [_lease_line(report, endpoint, lease) for endpoint, lease in report.leases.items()]
    if not report.leases:
        lines.append("No endpoint keeps a lease: runs are kept apart on this machine only.")
    lines.append(match_only_sentences(report.mode) if report.mode else f"{report.configuration} is this ledger's.")
    return lines


def next_command(report: BindingReport) -> tuple[str, ...]:
    """What a person does next, as words of a command line; empty where there is nothing to do."""
    if report.mode is None:
        return ()
    if report.mode is MatchOnly.FOREIGN:
        return ("bind", report.configuration, "--take-over")
    ready = report.binding.matched_run is not None
    return ("run", report.configuration, "--confirm-match") if ready else ("run", report.configuration)


def binding_document(report: BindingReport) -> dict[str, Json]:
    return {
        "configuration": report.configuration,
        "ledger": report.binding.ledger,
        "epoch": report.binding.epoch,
        "match_only": report.mode.value if report.mode else None,
        "leases": {endpoint: _lease_document(lease) for endpoint, lease in report.leases.items()},
    }


def _lease_line(report: BindingReport, endpoint: str, lease: Lease | None) -> str:
    if lease is None:
        return f"{endpoint}: nobody has synchronized it yet."
    whose = "this ledger" if lease.ledger == report.binding.ledger else "another ledger"
    until = f", held until {local_time(lease.expires_at)}" if lease.expires_at else ""
    return f"{endpoint}: {whose}, hand-over {lease.epoch}, last run by {lease.holder}{until}."


def _lease_document(lease: Lease | None) -> Json:
    if lease is None:
        return None
    return {
        "ledger": lease.ledger,
        "epoch": lease.epoch,
        "fence": lease.fence,
        "holder": lease.holder,
        "expires_at": moment(lease.expires_at),
    }


BIND = Command("bind", "show which ledger a configuration belongs to, or take it over", _arguments, _execute)
