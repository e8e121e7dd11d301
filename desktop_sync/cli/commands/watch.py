"""`desktop-sync watch [NAME …]`: schedules, triggers and real time without a window, until interrupted (SPEC §8)."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.cli.result_json import action_counts
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.error_text import next_step, sentence
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError, DesktopSyncError, LedgerError
from desktop_sync.core.ports import ListenAddress
from desktop_sync.core.run import Outcome, RunKind, RunResult
from desktop_sync.core.unattended import Due

LOOK_S = 5.0
"""How often schedules and files that arrive are looked at."""

WAIT_S = 0.5


@dataclass(slots=True)
class _Watched:
    """What came of one configuration. `changed`: runs that did something."""

    runs: int = 0
    changed: int = 0
    failed: int = 0
    last_outcome: str | None = None


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these configurations; else all that are enabled")
    parser.add_argument(
        "--listen",
        metavar="[ADDRESS:]PORT",
        type=_address,
        help="take webhooks, and requests of programs that have the token, over HTTP; port 0 is any that is free",
    )


def _address(text: str) -> ListenAddress:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is no port, nor an address and a port (127.0.0.1:8765)')
    return ListenAddress(host.strip("[]") or "127.0.0.1", int(port))


def _execute(invocation: Invocation) -> int:
    watch = _Watch(invocation)
    watch.begin()
    watch.go_on()
    if invocation.output.is_json:
        invocation.output.document(watch.document())
    return ExitCode.CANCELLED if watch.was_cut_short else ExitCode.DONE


class _Watch:
    """One configuration runs after the other. Ends with the wish to stop, after the record in hand."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._output = invocation.output
        self._application = invocation.application
        self._names: tuple[str, ...] = tuple(dict.fromkeys(invocation.arguments.names))
        self._watched: dict[str, _Watched] = {}
        self.was_cut_short = False

    def begin(self) -> None:
        """What is named is there and switched on, and is watched. Raises ConfigurationError."""
        configurations = self._application.configurations
        known = [configurations.get(name) for name in self._names or [one.name for one in configurations.states()]]
        for one in known:
            if self._names and not one.enabled:
                command = self._invocation.command_line("enable", one.name)
                raise ConfigurationError(f'"{one.name}" is switched off; switch it on: {command}')
        awake = [one.name for one in known if one.enabled and one.runs_by_itself]
        for one in known:
            if self._names and not one.runs_by_itself:
                self._output.note(f"{one.name} has no schedule, nothing in real time and no trigger: it will not run.")
        self._output.note(f"Watching {', '.join(awake)}." if awake else "Nothing runs by itself yet.")
        self._application.unattended.start(self._names)
        if self._invocation.arguments.listen is not None:
            self._listen(self._invocation.arguments.listen)

    def _listen(self, address: ListenAddress) -> None:
        listening = self._application.listening
        found = listening.start(address)
        host = f"[{found.host}]" if ":" in found.host else found.host
        self._output.note(
            f"Listening on http://{host}:{found.port}; programs show the token in {listening.token_path}."
        )
        if not found.is_loopback:
            self._output.note("Others in the network can reach it, and it is not encrypted: put a TLS proxy before it.")

    def go_on(self) -> None:
        """Runs what is due until somebody wants to stop. Raises LedgerError."""
        unattended, clock = self._application.unattended, self._application.clock
        next_look_s = clock.monotonic_s()
        while self._goes_on():
            is_time = clock.monotonic_s() >= next_look_s
            if is_time:
                next_look_s = clock.monotonic_s() + LOOK_S
            if is_time or unattended.has_news:
                for due in unattended.due(clock.now(), with_schedules=is_time):
                    if self._goes_on() and (not self._names or due.configuration in self._names):
                        self._run(due)
            if self._goes_on():
                unattended.wait(WAIT_S)

    def _goes_on(self) -> bool:
        return not self._invocation.cancel.is_cancelled

    def document(self) -> Json:
        return {
            "configurations": [
                {
                    "name": name,
                    "runs": one.runs,
                    "changed": one.changed,
                    "failed": one.failed,
                    "last_outcome": one.last_outcome,
                }
                for name, one in sorted(self._watched.items())
            ]
        }

    def _run(self, due: Due) -> None:
        name = due.configuration
        try:
            result = self._application.unattended.carry_out(due, cancel=self._invocation.cancel)
        except LedgerError:
            raise
        except AlreadyRunningError:
            return  # another program runs it; what is due stays so
        except DesktopSyncError as error:
            self._note(name, Outcome.FAILED, has_changed=False)
            self._output.note(f"{name}: {sentence(error)}")
            if next_step(error):
                self._output.note(next_step(error))
            return
        if result is not None:
            self.was_cut_short = self.was_cut_short or result.outcome is Outcome.CANCELLED
            self._note(name, result.outcome, has_changed=not result.found_nothing)
            self._say(due, result)

    def _note(self, name: str, outcome: Outcome, *, has_changed: bool) -> None:
        watched = self._watched.setdefault(name, _Watched())
        watched.runs += 1
        watched.changed += has_changed
        watched.failed += outcome is Outcome.FAILED
        watched.last_outcome = outcome.value

    def _say(self, due: Due, result: RunResult) -> None:
        """A line for a run that did something; nothing for one that found nothing."""
        if result.found_nothing:
            return
        counts = _counts(result, self._application.configurations.get(due.configuration), due.kind)
        line = f"{due.configuration}: {due.kind.value} {due.trigger.value}, {result.outcome.value}{counts}"
        if self._output.is_json:
            self._output.note(line)
        else:
            self._output.line(line)
        for said in result.sentences:
            self._output.note(f"{due.configuration}: {said}")


def _counts(result: RunResult, configuration: SyncConfiguration, kind: RunKind) -> str:
    """What was done, or is to be done after a prepare, of all entities together."""
    a, b = configuration.a, configuration.b
    was = "to be " if kind is RunKind.PREPARE else ""
    words = {
        "create_a": f"{was}created in {a}",
        "create_b": f"{was}created in {b}",
        "update_a": f"{was}updated in {a}",
        "update_b": f"{was}updated in {b}",
        "delete_a": f"{was}deleted in {a}",
        "delete_b": f"{was}deleted in {b}",
        "conflict": "in conflict",
        "review": "to review",
    }
    sums = dict.fromkeys(words, 0)
    for entity in result.entities:
        for action, count in action_counts(entity.actions).items():
            if action in sums:
                sums[action] += count
    said = [f"{count} {words[action]}" for action, count in sums.items() if count]
    failed = sum(entity.failed for entity in result.entities)
    return "".join(f", {part}" for part in (*said, *([f"{failed} failed"] if failed else [])))


WATCH = Command(
    "watch",
    "run schedules, triggers and what is in real time, until it is interrupted",
    _arguments,
    _execute,
    is_long=True,
)
