from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from desktop_sync import __version__, cli
from desktop_sync.cli.commands import COMMANDS
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import Mode, Range
from tests.unit.cli.command_line import CommandLine

SUBCOMMANDS = [command.name for command in COMMANDS]
SPECIFIED = {"import", "export", "list", "check", "preview", "prepare", "process", "run", "records", "conflicts"} | {
    "resolve",
    "link",
    "unlink",
    "verify",
    "history",
    "undo",
    "explain",
    "secret",
}


def details(command_line: CommandLine) -> dict[str, object]:
    return command_line.application.synchronization.calls[-1][2]


def test_every_specified_subcommand_is_in_the_help(command_line: CommandLine) -> None:
    said = command_line("--help")
    assert said.code == 0
    assert set(SUBCOMMANDS) == SPECIFIED | {"sample", "steps", "bind", "enable", "disable", "watch", "purge", "reset"}
    assert [
        name for name in SUBCOMMANDS if f"\n    {name} " not in said.out and f"\n    {name}\n" not in said.out
    ] == []


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_help_that_names_the_common_options(command_line: CommandLine, name: str) -> None:
    said = command_line(name, "--help")
    assert said.code == 0
    assert "--home DIR" in said.out
    assert "--json" in said.out
    assert command_line.application.homes == []


@pytest.mark.parametrize("tokens", [["list", "--home", ""], ["--home=", "list"], ["--home", ""]])
def test_an_empty_home_is_refused_instead_of_the_users_own_taken(command_line: CommandLine, tokens: list[str]) -> None:
    assert cli.window_request(tokens) is None
    said = command_line(*tokens, "--json")
    assert said.code == 2
    assert "the name of the folder is empty" in said.document["error"]
    assert command_line.application.homes == []


@pytest.mark.parametrize(
    "tokens",
    [
        ("undo",),
        ("undo", "--conflict"),
        ("undo", "1", "--rows"),
        ("history", "--run"),
        ("history", "--limit"),
        ("records", "Customers", "--limit"),
        ("preview", "Customers", "--rows"),
        ("purge", "--older-than"),
        ("run", "Customers", "--pilot"),
    ],
)
@pytest.mark.parametrize("number", ["9" * 19, "9" * 5000, "-1", "1_0", "\u0663", "1.5", ""])
def test_what_is_no_number_or_too_large_for_one_is_refused(
    command_line: CommandLine, tokens: tuple[str, ...], number: str
) -> None:
    said = command_line(*tokens, number, "--json")
    assert said.code == 2, said
    assert len(said.document["error"]) < 200
    assert command_line.application.homes == []


@pytest.mark.parametrize(
    "tokens",
    [
        ("explain", "Customers", "\udcff"),
        ("run", "a\ud800b"),
        ("records", "Customers", "--skip", "1", "--skip", "\udc80"),
        ("watch", "Customers", "\udcff"),
    ],
)
def test_a_name_or_an_id_of_bytes_that_are_no_text_is_refused(
    command_line: CommandLine, tokens: tuple[str, ...]
) -> None:
    said = command_line(*tokens, "--json", "--home", "\udcff")
    assert said.code == 2
    assert "no text" in said.document["error"]
    assert command_line.application.homes == []


def test_the_version_is_shown_without_an_application(command_line: CommandLine) -> None:
    assert command_line("--version").out == f"desktop-sync {__version__}\n"
    assert command_line("--version", "--json").document == {"version": __version__}
    assert command_line.application.homes == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--home", "h", "--json", "--allow", "deletes", "run", "Customers", "--allow", "updates"),
        ("run", "Customers", "--allow", "deletes", "--allow", "updates", "--home", "h", "--json"),
        ("--json", "run", "--home=h", "--allow=deletes", "Customers", "--allow=updates"),
        ("--allow", "updates", "--home", "h", "run", "--allow", "deletes", "--json", "--", "Customers"),
    ],
)
def test_options_stand_before_or_after_the_subcommand(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    said = command_line(*arguments)
    assert said.code == 0
    assert said.document["configuration"] == "Customers"
    assert command_line.application.homes == [Path("h")]
    assert details(command_line)["allow"] == {Guard.DELETES, Guard.UPDATES}


def test_the_home_comes_from_the_environment_or_is_left_to_the_platform(
    command_line: CommandLine, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line("list")
    monkeypatch.delenv("DESKTOP_SYNC_HOME")
    command_line("list")
    assert command_line.application.homes == [own_home, None]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "A subcommand is missing"),
        (("--sample", "--json"), "A subcommand is missing"),
        (("runn", "Customers"), "invalid choice: 'runn'"),
        (("run",), "the following arguments are required: NAME"),
        (("run", "Customers", "--allow", "everything"), "invalid choice: 'everything'"),
        (("run", "Customers", "--jso"), "unrecognized arguments: --jso"),
        (("run", "Customers", "--mode", "by-date"), "--mode by-date needs --from, --to or both"),
        (("run", "Customers", "--from", "2025-01-01"), "--from and --to go with --mode by-date or --mode full"),
        (("run", "Customers", "--mode", "full", "--to", "soon"), '--to: "soon" is not a date or time'),
        (
            ("run", "Customers", "--mode", "full", "--from", "2025-02-01", "--to", "2025-01-01"),
            "--from is later than --to",
        ),
        (("resolve", "Customers", "17"), "the following arguments are required: --use"),
        (("undo",), "undo needs the number of a run, or --conflict N"),
    ],
)
def test_wrong_usage_is_a_sentence_and_code_2_also_in_json(
    command_line: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    said = command_line(*arguments)
    assert said.code == 2
    assert sentence.lower() in said.err.lower()
    in_json = command_line("--json", *arguments)
    assert in_json.code == 2
    assert sentence.lower() in in_json.document["error"].lower()
    assert in_json.document["exit"] == 2
    assert command_line.application.synchronization.calls == []


def test_a_date_means_the_whole_day_in_local_time(command_line: CommandLine) -> None:
    command_line("prepare", "Customers", "--mode", "by-date", "--from", "2025-03-01", "--to", "2025-03-02")
    chosen = details(command_line)["range"]
    assert details(command_line)["mode"] is Mode.BY_DATE
    assert chosen == Range(datetime(2025, 3, 1).astimezone(), datetime(2025, 3, 2, 23, 59, 59, 999999).astimezone())


def test_a_time_keeps_its_zone(command_line: CommandLine) -> None:
    command_line("prepare", "Customers", "--mode", "full", "--from", "2025-03-01T07:30+02:00")
    assert details(command_line)["range"] == Range(datetime.fromisoformat("2025-03-01T07:30+02:00"))


def test_the_window_is_asked_for_by_no_subcommand_at_all(own_home: Path) -> None:
    assert cli.window_request([]) == cli.WindowRequest(own_home, False)
    assert cli.window_request(["--sample", "--home", "h"]) == cli.WindowRequest(Path("h"), True)
    for other in (["list"], ["--json"], ["--help"], ["--version"], ["--home"], ["--home", "h", "list"], ["x"]):
        assert cli.window_request(other) is None
