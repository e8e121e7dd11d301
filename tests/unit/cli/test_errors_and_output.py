from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from desktop_sync.cli import program
from desktop_sync.cli.exit_codes import OF_OUTCOME, code_of_error
from desktop_sync.cli.output import Output
from desktop_sync.cli.progress import BarProgress, LineProgress, progress_on
from desktop_sync.cli.tables import plain_table, visible, write_table
from desktop_sync.core import errors
from desktop_sync.core.errors import Place
from desktop_sync.core.ports import Phase
from desktop_sync.core.run import Outcome
from tests.unit.cli.command_line import CommandLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ClosedPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("no"), 2),
        (errors.ExpressionError("no", "x"), 2),
        (errors.MissingError("the file is not there", Place("Shop")), 3),
        (errors.RetriableError("no"), 3),
        (errors.SecretUnavailableError("CRM password", "ABSENT"), 3),
        (errors.AlreadyRunningError("Customers", "the window"), 3),
        (errors.LedgerError("no", "ledger.sqlite"), 3),
        (errors.VersionMismatchError("the plan", "1", "2"), 2),
        (errors.RecordError("no"), 1),
        (errors.GuardError((), "p"), 4),
        (errors.CancelledError(), 130),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "x"), 3),
    ],
)
def test_an_error_is_a_sentence_a_next_step_and_a_code(
    command_line: CommandLine, error: BaseException, code: int
) -> None:
    command_line.application.synchronization.error = error
    said = command_line("run", "Customers", "--json")
    assert said.code == code
    assert said.document["exit"] == code
    assert said.document["error"] in said.err
    assert said.document["next_step"] in said.err
    assert "Traceback" not in said.err
    assert command_line.application.closed == 1


def test_every_outcome_and_every_error_of_the_tree_has_a_code() -> None:
    assert set(OF_OUTCOME) == set(Outcome)
    waiting: list[type[BaseException]] = [errors.DesktopSyncError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        assert code_of_error(kind.__new__(kind)) in (0, 1, 2, 3, 4, 70, 130)
    assert code_of_error(errors.BugError("x")) == 70


def test_an_unexpected_error_shows_where_but_never_its_text(
    command_line: CommandLine, expected_log: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    expected_log("unexpected ValueError")
    command_line.application.synchronization.error = ValueError("swordfish")
    with caplog.at_level(logging.ERROR):
        said = command_line("run", "Customers", "--json")
    assert said.code == 70
    assert "fake_application.py" in caplog.text
    assert "swordfish" not in caplog.text + said.out + said.err


def test_only_one_document_is_written() -> None:
    stdout = io.StringIO()
    output = Output(stdout, io.StringIO(), is_json=True)
    output.document({"a": 1})
    output.error("It failed.", "", 3)
    assert stdout.getvalue().count("{") == 1


def test_text_that_no_encoding_has_is_escaped_in_json() -> None:
    stdout = io.StringIO()
    Output(stdout, io.StringIO(), is_json=True).document({"a": "\udcff\u2028é"})
    assert stdout.getvalue().isascii()


def test_a_reader_that_left_is_no_error_and_the_work_goes_on() -> None:
    output = Output(ClosedPipe(), ClosedPipe(), is_json=False)
    output.line("one")
    output.table(["a"], [["1"]])
    output.document({})
    output.note("two")
    output.finish()


def test_control_characters_are_made_visible_and_letters_stay() -> None:
    assert visible("Zoë\x1b[2J\r\n\u202e") == "Zoë\\x1b[2J\\r\\n\\u202e"


def test_piped_tables_are_plain_columns() -> None:
    table = plain_table(["name", "n"], [["Ann", "5"], ["Benjamin", "12"]], frozenset({1}))
    assert table == "name       n\nAnn        5\nBenjamin  12\n"


def test_a_terminal_gets_a_drawn_table_without_markup() -> None:
    terminal = Terminal()
    write_table(terminal, ["name"], [["[bold]Ann[/bold]\x1b[31m"]])
    assert "[bold]Ann[/bold]\\x1b[31m" in terminal.getvalue()
    assert "─" in terminal.getvalue()


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines() -> None:
    terminal = Terminal()
    with progress_on(Output(io.StringIO(), terminal, is_json=True)) as progress:
        assert isinstance(progress, BarProgress)
        progress.advance(5)
        progress.phase("customers", Phase.READING, 100)
        progress.advance(40)
        progress.fail(1200)
        progress.phase("customers", Phase.COMPARING)
        progress.phase("", Phase.FINISHED)
    assert "customers: Comparing" in terminal.getvalue()
    assert "1,200 failed" in terminal.getvalue()
    assert "Finished" not in terminal.getvalue()
    pipe = io.StringIO()
    with progress_on(Output(io.StringIO(), pipe, is_json=True)) as progress:
        assert isinstance(progress, LineProgress)
        progress.phase("customers", Phase.READING, 100)
        progress.advance(40)
        progress.phase("", Phase.FINISHED)
    assert pipe.getvalue() == "customers: Reading, 100 records\nFinished\n"


def test_times_are_aware_utc_in_json() -> None:
    from desktop_sync.cli.result_json import moment

    assert moment(datetime(2025, 1, 1, tzinfo=UTC)) == "2025-01-01T00:00:00+00:00"
    assert moment(None) is None


def test_an_interruption_before_the_command_begins_is_a_cancellation_and_one_document(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "parse", interrupted)
    said = command_line("list", "--json")
    assert (said.code, said.document["exit"]) == (130, 130)
    assert said.err.splitlines() == ["It was cancelled.", "Start it again when you like."]
