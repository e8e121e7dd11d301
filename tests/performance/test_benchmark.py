"""The benchmark itself works; nothing here looks at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.performance import __main__ as program
from tests.performance.benchmark import Benchmark, MeasurementFailedError
from tests.performance.report import Finding

KEYS = ["case", "records", "seconds", "floor_seconds", "ratio", "goal", "met", "peak_mb"]


def test_every_case_prints_a_line_with_its_floor_and_goal(capfd: pytest.CaptureFixture[str]) -> None:
    cases = ["--case", "first", "--case", "compare", "--case", "incremental", "--case", "memory"]
    program.main(["--quick", "--records", "300", *cases])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    compared = ["compare-preview-unremembered", "compare-preview", "compare-run"]
    assert [line["case"] for line in lines] == ["first", *compared, "incremental", "memory"]
    for line in lines:
        assert list(line) == KEYS
        assert line["records"] == 300
        assert line["peak_mb"] > 0
    for line in lines[:4]:
        assert line["ratio"] == pytest.approx(line["seconds"] / line["floor_seconds"], rel=0.2)


def test_a_case_that_cannot_be_measured_is_a_goal_not_met_and_the_next_one_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Benchmark) -> Iterator[Finding]:
        raise MeasurementFailedError("first ended with code 1")

    def sound(_: Benchmark) -> Iterator[Finding]:
        yield Finding("compare", 1, 1.0, 1.0, 1.0, "ratio <= 2", True, 1.0)

    monkeypatch.setattr(program, "CASES", {"first": broken, "compare": sound})
    assert program.main([]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["case"], line["met"]) for line in lines] == [("first", False), ("compare", True)]
    assert "code 1" in lines[0]["goal"]


@pytest.mark.parametrize("number", ["0", "-50", "75", "many"])
def test_a_number_of_records_that_cannot_be_changed_in_shares_is_refused(number: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--records", number])
