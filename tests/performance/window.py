"""The program in its window, measured from inside: `python -m tests.performance.window WHAT FOLDER BEGUN`; prints JSON.

WHAT is `start` (to the moment when nothing is left to load), `bare` (an empty window, as a floor) or `stall` (through a
run that is started as the button starts it). BEGUN is the monotonic clock when the process was asked for.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from unittest.mock import patch

from PySide6.QtCore import QObject, Qt, QTimer, Slot

TICK_MS = 5
IDLE_S = 3.0


def say(seconds: float, floor_seconds: float = 0.0) -> None:
    """The one line that the launcher reads."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": [seconds], "floor_seconds": [floor_seconds], "peak_mb": peak_mb}), flush=True)


class LongestGap(QObject):
    """Ticks as often as the window's thread lets it, and keeps the longest time between two ticks."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.longest_s = 0.0
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        self.longest_s, self._last = 0.0, time.perf_counter()
        self._timer.start(TICK_MS)

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self._last)
        self._last = now


def bare(begun: float) -> int:
    """An empty window of Qt is shown and has had its first events."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    qt = QApplication(sys.argv[:1])
    window = QMainWindow()
    window.resize(1200, 740)
    window.show()
    QTimer.singleShot(0, qt, qt.quit)
    qt.exec()
    say(time.monotonic() - begun)
    return 0


def program(what: str, folder: Path, begun: float) -> int:
    """The program runs as it does for a person, until it was measured."""
    from desktop_sync import __main__ as door
    from desktop_sync.core.run import Outcome, RunResult
    from desktop_sync.ui import app
    from desktop_sync.ui.main_window import MainWindow
    from tests.performance.workspace import CONFIGURATION, Workspace

    class Measuring(QObject):
        """Waits until the window has loaded all it shows, and measures from there."""

        def __init__(self, window: MainWindow, start: app.WindowStart) -> None:
            super().__init__(window)
            self._window = window
            self._gap = LongestGap(self)
            self._idle_s = 0.0
            self._poll = QTimer(self)
            self._poll.timeout.connect(self._look)
            start.attached.connect(self._begin)

        @Slot()
        def _begin(self) -> None:
            self._poll.start(1)

        @Slot()
        def _look(self) -> None:
            if self._window.context is None or self._window.context.jobs.active or not self._window.right.pages:
                return
            self._poll.stop()
            if what == "start":
                say(time.monotonic() - begun)
                self._window.quit_wanted.emit()
                return
            self._gap.begin()
            QTimer.singleShot(round(IDLE_S * 1000), self, self._run)

        @Slot()
        def _run(self) -> None:
            self._idle_s = self._gap.longest_s
            self._window.board.run_ended.connect(self._ended)
            self._window.board.failed.connect(self._failed)
            self._gap.begin()
            self._window.board.run(CONFIGURATION)

        @Slot(str, object, object)
        def _ended(self, _name: str, result: RunResult, _trigger: object) -> None:
            if result.outcome is not Outcome.DONE:
                print(f"the run ended as {result.outcome.value}: {result.error}", file=sys.stderr)
            else:
                say(self._gap.longest_s, self._idle_s)
            self._window.quit_wanted.emit()

        @Slot(str, object)
        def _failed(self, _name: str, error: object) -> None:
            print(error, file=sys.stderr)
            self._window.quit_wanted.emit()

    class MeasuredStart(app.WindowStart):
        """The program's own start, watched."""

        def begin(self) -> None:
            super().begin()
            window = self.parent()
            if isinstance(window, MainWindow):
                Measuring(window, self)

    with patch.object(app, "WindowStart", MeasuredStart):  # the one seam; the way in stays the program's
        return door.main(["--home", str(Workspace(folder).home)])


def main() -> int:
    what, folder, begun = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    return bare(begun) if what == "bare" else program(what, folder, begun)


if __name__ == "__main__":
    sys.exit(main())
