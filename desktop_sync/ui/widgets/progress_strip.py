"""What is under way: phase, figures, a bar, Pause and Stop."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from desktop_sync.ui.bridge.run_board import ActiveWork, WhenDone, Work
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S
from desktop_sync.ui.text.sentences import progress_figures, progress_headline
from desktop_sync.ui.widgets.elided_label import ElidedLabel
from desktop_sync.ui.widgets.parts import button, row

STEPS = 1000


class ProgressStrip(QFrame):
    """Hidden while nothing is under way."""

    stop_wanted = Signal()
    pause_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._title = ElidedLabel("", "strong")
        self._figures = ElidedLabel("", "secondary")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self.stop_button = button(self.tr("S&top"))
        self.stop_button.clicked.connect(self.stop_wanted)
        self.pause_button = button(self.tr("Pa&use"))
        self.pause_button.clicked.connect(self._pause)
        self._is_pausing = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(SPACE_S)
        layout.addLayout(row(self._title, 0, self._figures, SPACE_M, self.pause_button, self.stop_button))
        layout.addWidget(self._bar)
        self.hide()

    @Slot(object)
    def show_work(self, active: ActiveWork | None) -> None:
        """The strip shows that work as it is now, or hides."""
        if active is None:
            self.hide()
            return
        state = active.progress
        stopping = active.is_stopping
        self.stop_button.setEnabled(not stopping)
        self.stop_button.setText(self.tr("S&top"))
        named = {
            Work.PREVIEW: self.tr("Preview"),
            Work.RUN: self.tr("Synchronizing"),
            Work.PREPARE: self.tr("Preparing"),
            Work.VERIFY: self.tr("Verify"),
            Work.GROUP: self.tr("Synchronizing the group"),
        }
        self._is_pausing = active.is_pausing
        self.pause_button.setVisible(active.can_pause)
        self.pause_button.setEnabled(not stopping)
        self.pause_button.setText(self.tr("Contin&ue") if self._is_pausing else self.tr("Pa&use"))
        headline = f"{named[active.work]}: {progress_headline(state)}"
        if stopping:
            headline = self.tr("Stop requested…")
        elif state.is_resting:
            headline = progress_headline(state)
        elif self._is_pausing:
            headline = self.tr("{0}. It pauses before the next batch is written.").format(headline)
        if active.when_done is WhenDone.QUIT and not stopping:
            headline = self.tr("{0}. Desktop Sync quits after it.").format(headline)
        self._title.setText(headline)
        figures = progress_figures(state)
        self._figures.setText(figures)
        if state.total:
            self._bar.setRange(0, STEPS)
            self._bar.setValue(min(STEPS, state.done * STEPS // state.total))
        else:
            self._bar.setRange(0, 0)
        self._bar.setAccessibleDescription(f"{headline} {figures}")
        self.show()

    @Slot()
    def _pause(self) -> None:
        self.pause_wanted.emit(not self._is_pausing)
