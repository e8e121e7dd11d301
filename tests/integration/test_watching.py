"""Real files, a real watcher and a real process: a change of a file runs without anybody asking."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from desktop_sync.core.configuration import RealTime
from desktop_sync.core.triggers import FileArrival
from desktop_sync.services.unattended.file_watch import FileWatch
from tests.support.worlds import NAME, WorldMaker

GENEROUS_S = 60.0


def test_a_watcher_wakes_for_changes_of_a_folder_that_it_is_told_of(tmp_path: Path) -> None:
    woken = threading.Event()
    watch = FileWatch(woken.set)
    folder, missing = tmp_path / "watched", tmp_path / "comes later"
    folder.mkdir()
    try:
        watch.watch([str(folder), str(missing)])
        (folder / "people.csv").write_text("id\n1\n")
        assert woken.wait(GENEROUS_S)
        missing.mkdir()
        watch.watch([str(missing)])
        woken.clear()
        (missing / "people.csv").write_text("id\n1\n")
        assert woken.wait(GENEROUS_S)
    finally:
        watch.close()


def test_a_watcher_that_is_closed_begins_nothing_any_more(tmp_path: Path) -> None:
    watch = FileWatch(lambda: None)
    before = set(threading.enumerate())
    watch.close()
    watch.watch([str(tmp_path)])  # by a thread that looked when it was closed
    assert set(threading.enumerate()) == before
    watch.close()


def test_a_watcher_survives_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    woken = threading.Event()
    watch = FileWatch(woken.set)
    folder = tmp_path / "stick"
    folder.mkdir()
    try:
        watch.watch([str(folder)])
        folder.rmdir()
        watch.watch([str(folder)])
        (tmp_path / "another, so that the number of the folder is a new one").mkdir()
        folder.mkdir()
        watch.watch([str(folder)])
        woken.clear()
        (folder / "people.csv").write_text("id\n1\n")
        assert woken.wait(GENEROUS_S)
    finally:
        watch.close()


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "desktop_sync", "--home", str(home), *arguments],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """The next line of the output that holds the text. The watch ends with the test's own time limit."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended without saying {text!r}: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_command_line_follows_files_until_it_is_interrupted(world: WorldMaker) -> None:
    w = world(real_time=RealTime.PREPARE_AND_PROCESS)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.app.close()
    process = started(w.app.home, "watch", NAME)
    try:
        assert "1 created in Shop" in line_with(process, "by push")
        w.edit("b", 1, city="Graz")
        assert "1 updated in CRM" in line_with(process, "by push")
        w.edit("a", 1, City="Linz")
        assert "1 updated in Shop" in line_with(process, "by push")
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert w.rows("a", "City") == w.rows("b", "city") == [("Linz",)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_command_line_takes_what_programs_of_this_machine_ask_for(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.app.close()
    process = started(w.app.home, "watch", "--listen", "0")
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "Listening on" in line)
        where, token = re.fullmatch(r"Listening on (\S+); programs show the token in (.*)\.\n", said).groups()  # type: ignore[union-attr]
        asked = urllib.request.Request(f"{where}/run/{quote(NAME)}", method="POST")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(asked, timeout=GENEROUS_S)
        asked.add_header("Authorization", f"Bearer {Path(token).read_text().strip()}")
        with urllib.request.urlopen(asked, timeout=GENEROUS_S) as answer:
            assert answer.status == 202
        assert "1 created in Shop" in line_with(process, "over HTTP")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_command_line_runs_when_a_file_arrives(world: WorldMaker, tmp_path: Path) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    w.save(file_arrivals=(FileArrival(str(inbox / "*.done"), settle_s=0),))
    w.app.schedules.due(w.app.clock.now())
    w.app.close()
    (inbox / "orders.done").write_text("now")
    process = started(w.app.home, "watch")
    try:
        assert "1 created in Shop" in line_with(process, "on a file's arrival")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0
