"""Runs the real program in a real window and uses it as a person does; prints what it saw as one JSON line.

Started by `test_window.py` in a process of its own. Arguments: home folder, folder for pictures or "-".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTabBar, QWidget

from desktop_sync import bootstrap
from desktop_sync.core.run import Outcome
from desktop_sync.ui import app as window_program
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.preview import PreviewPage

STEP_MS = 100
PATIENCE_S = 120


class Driver(QObject):
    """Waits for each step's sign before the next, with a limit for the whole."""

    def __init__(self, window: MainWindow, pictures: Path | None) -> None:
        super().__init__(window)
        self._window = window
        self._pictures = pictures
        self._seen: dict[str, object] = {"platform": QApplication.platformName()}
        self._steps = iter((self._sync_now, self._run_the_preview, self._wait_for_run, self._look_at_tabs))
        self._step = next(self._steps)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._ticks = 0

    def start(self) -> None:
        self._timer.start(STEP_MS)

    @Slot()
    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks * STEP_MS > PATIENCE_S * 1000:
            said = [label.text() for label in self._window.findChildren(QLabel) if label.isVisible() and label.text()]
            self._seen["error"] = f"waited too long in {self._step.__name__}: {said}"
            self._finish()
            return
        if not self._step():
            return
        try:
            self._step = next(self._steps)
        except StopIteration:
            self._finish()

    def _sync_now(self) -> bool:
        return self._click(self._window)

    def _run_the_preview(self) -> bool:
        """The first run of a configuration shows its preview."""
        pages = [page for page in self._window.findChildren(PreviewPage) if page.isVisible()]
        if pages and self._pictures is not None:
            self._window.grab().save(str(self._pictures / "preview.png"))
        return bool(pages) and self._click(pages[0])

    def _click(self, parent: QWidget) -> bool:
        buttons = [b for b in parent.findChildren(QPushButton) if "Sync now" in b.text().replace("&", "")]
        usable = [button for button in buttons if button.isVisible() and button.isEnabled()]
        if usable:
            usable[0].click()
        return bool(usable)

    def _wait_for_run(self) -> bool:
        runs = window_start.application.records.runs() if window_start and window_start.application else []
        if not runs or runs[0].outcome is Outcome.RUNNING:
            return False
        self._seen["outcome"] = runs[0].outcome.value
        return True

    def _look_at_tabs(self) -> bool:
        bars = [bar for bar in self._window.findChildren(QTabBar) if bar.isVisible()]
        names = []
        for place in range(bars[0].count()):
            bars[0].setCurrentIndex(place)
            QApplication.processEvents()
            names.append(bars[0].tabText(place).replace("&", ""))
            if self._pictures is not None:
                self._window.grab().save(str(self._pictures / f"{place}-{names[-1].split()[0]}.png"))
        self._seen["tabs"] = names
        return True

    def _finish(self) -> None:
        self._timer.stop()
        print(json.dumps(self._seen), flush=True)
        QApplication.quit()


window_start: window_program.WindowStart | None = None


class DrivenStart(window_program.WindowStart):
    """The program's own start, with the driver behind it."""

    def begin(self) -> None:
        global window_start
        window_start = self
        super().begin()
        window = self.parent()
        if isinstance(window, MainWindow):
            pictures = None if sys.argv[2] == "-" else Path(sys.argv[2])
            driver = Driver(window, pictures)
            self.attached.connect(driver.start)


def main() -> int:
    home = Path(sys.argv[1])
    window_program.WindowStart = DrivenStart  # the door itself stays the program's
    return window_program.run_window(lambda: bootstrap.open_application(home), home=home, sample=True)


if __name__ == "__main__":
    sys.exit(main())
