"""Runs the command line in this process on a fake application, and keeps what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from desktop_sync import cli
from tests.support.fake_application import FakeApplication


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.application = FakeApplication()
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Said:
        code = cli.main(arguments, build_application=self.application.build)
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)
