"""The same configuration started twice at the same time, by two processes (RELIABILITY K4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.crash_command_line import CommandLine, end, finish, start
from tests.support.crash_world import CONFIGURATION, LATER, sqlite_to_csv, values_of


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    line = CommandLine(sqlite_to_csv(tmp_path), capsys)
    line.begin()
    return line


@pytest.mark.scenario("K4")
def test_the_second_of_two_runs_is_refused_with_the_holder_and_writes_nothing(line: CommandLine) -> None:
    from desktop_sync.bootstrap import build_application

    line.world.a.change("c1", name="waits", updated_at=LATER)
    application = build_application(line.world.home)
    try:
        with application.ledger.hold(CONFIGURATION):
            before = line.world.b.files()
            answer = finish(start(line.world, "run", CONFIGURATION))
    finally:
        application.close()
    assert answer.code == 3
    assert re.search(r'"Customers" is running already \(process \d+ on \S+, since ', answer.err), answer.err
    assert line.world.b.files() == before
    assert line.run().code == 0
    assert values_of(line.world.b)["c1"] == ("waits", "phone 1")


@pytest.mark.scenario("K4")
def test_runs_that_start_together_do_the_work_once_and_none_breaks(line: CommandLine) -> None:
    line.world.a.insert({"id": "21", "email": "n1", "name": "new", "phone": "21", "updated_at": LATER})
    processes = [start(line.world, "run", CONFIGURATION) for _ in range(4)]
    try:
        answers = [finish(process) for process in processes]
    finally:
        end(processes)
    codes = sorted(answer.code for answer in answers)
    assert set(codes) <= {0, 3}, answers
    assert codes[0] == 0
    for answer in answers:
        assert answer.code == 0 or "is running already" in answer.err
    assert values_of(line.world.b)["n1"] == ("new", "21")
    assert len(line.world.b.records()) == 12
    assert len(line("history", CONFIGURATION, "--json").document) == 1 + codes.count(0)
