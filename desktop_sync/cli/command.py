"""What a command is, and what it is given."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from desktop_sync.cli.application_port import Application, BuildApplication
from desktop_sync.cli.output import Output
from desktop_sync.core.ports import CancelToken


class UsageError(Exception):
    """The arguments do not make sense together; the message is a sentence for people."""


class Invocation:
    """One call of a command. The application is made when the command first asks for it."""

    def __init__(
        self, arguments: argparse.Namespace, output: Output, home: Path | None, build_application: BuildApplication
    ) -> None:
        self.arguments = arguments
        self.output = output
        self.cancel = CancelToken()
        self._home = home
        self._build_application = build_application
        self._application: Application | None = None

    @property
    def application(self) -> Application:
        if self._application is None:
            self._application = self._build_application(self._home)
        return self._application

    def close(self) -> None:
        if self._application is not None:
            self._application.close()

    def command_line(self, *words: str) -> str:
        """A command of this program that a person can copy, on the same home."""
        home = ["--home", str(self.arguments.home)] if getattr(self.arguments, "home", None) else []
        return shlex.join(["desktop-sync", *home, *words])


@dataclass(frozen=True, slots=True)
class Command:
    """`execute` returns the exit code. `is_long`: it can be cancelled and then finishes the record in hand."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[Invocation], int]
    is_long: bool = False
