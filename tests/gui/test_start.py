"""The start of the program: one window per home, the paint first, and an orderly end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_sync.bootstrap import build_application, open_application
from desktop_sync.ui.app import WindowStart
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.single_instance import SingleInstance, raise_first_window, server_names
from desktop_sync.ui.theme import Theme

START = textwrap.dedent(
    """
    import os, signal, sys, time
    from pathlib import Path
    from PySide6.QtCore import QObject, QTimer, Slot
    from PySide6.QtWidgets import QApplication
    from desktop_sync.ui import app, main_window
    from tests.gui.fake_application import FakeApplication

    home = Path(sys.argv[1])
    made = []

    def build():
        time.sleep(0.2)
        made.append(FakeApplication(home))
        made[0].fill()
        return made[0]

    class Watcher(QObject):
        def __init__(self, window):
            super().__init__(window)
            self.window = window
            self.timer = QTimer(self)
            self.timer.timeout.connect(self.look)
            self.timer.start(20)
            self.was_shown_before_building = window.isVisible() and not made

        @Slot()
        def look(self):
            page = self.window.current_page
            if page is None or self.window._jobs.active:
                return
            self.timer.stop()
            if sys.argv[2] == "running":
                made[0].synchronization.gate.clear()
                self.window.board.run("Customers")
                self.window.quit()
            elif sys.argv[2] == "signal":
                made[0].synchronization.gate.clear()
                self.window.board.run("Customers")
                os.kill(os.getpid(), signal.SIGTERM)
            elif sys.argv[2] == "second":
                self.window.hide()
                import subprocess
                self.second = subprocess.Popen([sys.executable, __file__, sys.argv[1], "none"])
                self.timer.timeout.disconnect(self.look)
                self.timer.timeout.connect(self.wait_for_second)
                self.timer.start(20)
            else:
                self.window.quit()

        @Slot()
        def wait_for_second(self):
            if self.second.poll() is not None and self.window.isVisible():
                self.timer.stop()  # the end takes a while, and the sign is given once
                print("second start", self.second.returncode, "window visible again")
                self.window.quit()

    begin = app.WindowStart.begin

    def watched(self):
        begin(self)
        self.watcher = Watcher(self._window)

    app.WindowStart.begin = watched
    code = app.run_window(build, home=home, sample=False)
    if made:
        print("closed", made[0].is_closed)
    sys.exit(code)
    """
)


def run_start(tmp_path: Path, what: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "start.py"
    script.write_text(START, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script), str(tmp_path / "home"), what],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        check=False,
    )


def test_the_window_opens_works_and_ends_in_order(tmp_path: Path) -> None:
    done = run_start(tmp_path, "plain")
    assert (done.returncode, done.stdout) == (0, "closed True\n"), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.scenario("A16")
def test_quitting_lets_running_work_come_to_its_safe_point(tmp_path: Path) -> None:
    done = run_start(tmp_path, "running")
    assert (done.returncode, done.stdout) == (0, "closed True\n"), done.stderr


def test_the_machines_wish_to_end_is_heard_while_something_runs(tmp_path: Path) -> None:
    done = run_start(tmp_path, "signal")
    assert (done.returncode, done.stdout) == (0, "closed True\n"), done.stderr


def test_a_second_start_raises_the_first_window_and_ends(tmp_path: Path) -> None:
    done = run_start(tmp_path, "second")
    assert done.stdout.splitlines() == ["second start 0 window visible again", "closed True"], done.stderr


def test_nobody_answers_for_a_home_without_a_window(qtbot: QtBot, tmp_path: Path) -> None:
    assert not raise_first_window(tmp_path)


def test_homes_do_not_answer_for_each_other(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path / "one")
    assert first.is_listening
    assert not raise_first_window(tmp_path / "two")
    assert not set(server_names(tmp_path / "one")) & set(server_names(tmp_path / "two"))
    first.close()


def test_a_start_with_another_folder_for_temporary_files_finds_the_window(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # a short path
        home = Path(folder)
        first = SingleInstance(home)
        assert Path(first.full_name).parent == home.resolve()
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        with qtbot.waitSignal(first.raise_wanted, timeout=5000):
            assert raise_first_window(home)
        first.close()
        assert not list(home.iterdir())


@pytest.mark.parametrize("name", ["a" * 120, "missing/home"], ids=["a long path", "not made yet"])
def test_a_home_that_can_hold_no_socket_still_has_one_window(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    first = SingleInstance(home)
    assert first.is_listening
    with qtbot.waitSignal(first.raise_wanted, timeout=5000):
        assert raise_first_window(home)
    first.close()


def test_a_socket_that_a_killed_start_left_is_no_obstacle(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    second = SingleInstance(tmp_path)  # the name is taken and nobody was asked: as after a kill
    assert second.is_listening
    with qtbot.waitSignal(second.raise_wanted, timeout=5000):
        assert raise_first_window(tmp_path)
    first.close()
    second.close()


@pytest.mark.scenario("X14")
def test_what_other_programs_say_raises_nothing_and_breaks_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    raised: list[int] = []
    first.raise_wanted.connect(lambda: raised.append(1))
    chance = random.Random(7)
    frames = [
        b"raise",
        b"RAISE\n",
        b"raise\nraise\n",
        b"\0" * 100_000,
        b"\x80\x04\x95cposix\nsystem\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ]
    frames += [chance.randbytes(chance.randrange(1, 5_000)) for _ in range(60)]
    for frame in frames:
        socket = QLocalSocket()
        socket.connectToServer(server_names(tmp_path)[0])
        assert socket.waitForConnected(2000)
        socket.write(frame)
        socket.flush()
        qtbot.waitUntil(lambda socket=socket: socket.state() == socket.LocalSocketState.UnconnectedState, timeout=5000)
    assert raised == []
    with qtbot.waitSignal(first.raise_wanted, timeout=5000):
        assert raise_first_window(tmp_path)
    first.close()


@pytest.mark.scenario("X14")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_is_refused(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    raised: list[int] = []
    first.raise_wanted.connect(lambda: raised.append(1))
    program = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    socket.socket(socket.AF_UNIX).connect(sys.argv[1])\n"
        "except PermissionError:\n"
        "    print('refused')\n"
    )
    place = first.full_name
    assert Path(place).exists()
    done = subprocess.run(
        [sys.executable, "-c", program, place], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")
    qtbot.wait(50)
    assert raised == []
    first.close()


def test_the_window_imports_nothing_heavy_before_its_first_paint() -> None:
    program = (
        "import sys, desktop_sync.ui.app; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'sqlalchemy','duckdb','pyarrow','adbc_driver_manager','keyring','alembic','cryptography','sqlglot'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_a_window_without_a_place_for_its_data_opens_and_says_why(
    qtbot: QtBot, tmp_path: Path, jobs: JobRunner, theme: Theme
) -> None:
    (tmp_path / "in-the-way").write_text("a file")
    home = tmp_path / "in-the-way" / "home"
    window = MainWindow(jobs, theme, WindowMemory(home))
    qtbot.addWidget(window)
    window.show()
    WindowStart(window, jobs, lambda: open_application(home), sample=False).begin()
    qtbot.waitUntil(lambda: "cannot open its data" in said(window), timeout=10_000)
    assert str(home) in said(window)
    with qtbot.waitSignal(window.quit_wanted):
        window.close()


def test_a_window_that_comes_to_life_only_half_says_why_and_can_be_closed(
    qtbot: QtBot, tmp_path: Path, jobs: JobRunner, theme: Theme
) -> None:
    (tmp_path / "in-the-way").write_text("a file")
    window = MainWindow(jobs, theme, WindowMemory(tmp_path / "in-the-way"))
    qtbot.addWidget(window)
    window.show()
    WindowStart(window, jobs, lambda: build_application(tmp_path / "in-the-way"), sample=False).begin()
    qtbot.waitUntil(lambda: "cannot open its data" in said(window), timeout=10_000)
    with qtbot.waitSignal(window.quit_wanted):
        window.close()


def said(window: MainWindow) -> str:
    return "\n".join(label.text() for label in window.right.opening.findChildren(QLabel))
