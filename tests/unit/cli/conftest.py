from __future__ import annotations

import pytest

from tests.unit.cli.command_line import CommandLine


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)
