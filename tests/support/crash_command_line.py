"""The real command line on real systems, in this process, and what it left as it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desktop_sync import cli
from desktop_sync.bootstrap import build_application
from tests.support.crash_world import CONFIGURATION, World

OF_EVERY_RUN = ("run", "watermark", "sequence", "sqlite_sequence")


@dataclass(frozen=True)
class Answer:
    """What a person sees: the exit code, the result and the remarks."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Commands on one world."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = world
        self._capsys = capsys

    def __call__(self, *tokens: str) -> Answer:
        self._capsys.readouterr()
        code = cli.main([*tokens, "--home", str(self.world.home)], build_application=build_application)
        out, err = self._capsys.readouterr()
        return Answer(code, out, err)

    def run(self, *tokens: str) -> Answer:
        return self("run", CONFIGURATION, *tokens)

    def begin(self, number: int = 11) -> None:
        """Both systems are there with so many customers, imported and synchronized."""
        self.world.furnish(number)
        assert self("import", str(self.world.definitions)).code == 0
        answer = self.run()
        assert answer.code == 0, answer

    def change_definitions(self, old: str, new: str) -> Answer:
        """Another configuration file, imported."""
        text = self.world.definitions.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        self.world.definitions.write_text(text.replace(old, new), encoding="utf-8")
        return self("import", str(self.world.definitions))

    def content(self) -> dict[str, str]:
        """Digests of both systems' files and of everything in the ledger but the runs themselves."""
        found = {}
        for store in (self.world.a, self.world.b):
            if store.path.exists():
                for name, content in store.files().items():
                    found[name] = hashlib.sha256(content).hexdigest()
        return found | ledger_content(self.world.home)


def ledger_content(home: Path) -> dict[str, str]:
    """A digest of each table of the ledger that a run without work leaves as it is."""
    path = home / "ledger.sqlite"
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: hashlib.sha256(
                repr(sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))).encode()
            ).hexdigest()
            for name in names
            if name not in OF_EVERY_RUN
        }


def start(world: World, *tokens: str) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "desktop_sync", *tokens, "--home", str(world.home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


def finish(process: subprocess.Popen[str], timeout_s: float = 120) -> Answer:
    out, err = process.communicate(timeout=timeout_s)
    return Answer(process.returncode, out, err)


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """None of them is left."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
