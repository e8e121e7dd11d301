"""How long the history of runs is kept: a card of the preferences."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from desktop_sync.core.history_retention import DEFAULT_DAYS, FOR_EVER, LEAST_DAYS, MOST_DAYS
from desktop_sync.ui.palette import SPACE_M
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import button, card, label, row

STILL_MS = 500
"""So long after the last step of a number it counts as chosen."""


class HistoryCard(QWidget):
    """`chosen` carries days or FOR_EVER, `purge_wanted` says that what is too old shall go now. Cannot be used before
    `show_days`."""

    chosen = Signal(int)
    purge_wanted = Signal()
    changed_size = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._last = FOR_EVER
        self.goes = QCheckBox(self.tr("Re&move what is older than"))
        self.days = NumberBox(LEAST_DAYS, MOST_DAYS)
        self.days.setValue(DEFAULT_DAYS)
        self.days.setAccessibleName(self.tr("Days that history is kept"))
        self.days.setFixedWidth(90)
        self.purge = button(self.tr("Remove no&w…"))
        self.said = label("", "caption", wraps=True)
        self.said.hide()
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(STILL_MS)
        self._still.timeout.connect(self.choose)
        self.goes.clicked.connect(self._edited)
        self.days.valueChanged.connect(self._edited)
        self.purge.clicked.connect(self.purge_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(
            card(
                label(self.tr("History of runs"), "heading"),
                label(
                    self.tr(
                        "Runs that are removed can be looked at and undone no more. How the records stood last, open "
                        "conflicts and the newest runs of each synchronization always stay."
                    ),
                    "caption",
                    wraps=True,
                ),
                row(self.goes, self.days, label(self.tr("days")), 0, self.purge, spacing=SPACE_M),
                self.said,
                spacing=SPACE_M,
            )
        )
        self.setEnabled(False)

    @Slot(int)
    def show_days(self, days: int) -> None:
        self._last = days
        self.goes.setChecked(days != FOR_EVER)
        if days != FOR_EVER:
            self.days.blockSignals(True)
            self.days.setValue(days)
            self.days.blockSignals(False)
        self.setEnabled(True)
        self._enable()

    @Slot(str)
    def say(self, words: str) -> None:
        """What came of a wish; empty where there is nothing to say."""
        self.said.setText(words)
        self.said.setVisible(bool(words))
        self.changed_size.emit()

    @Slot()
    def choose(self) -> None:
        """What the inputs say is told, where it is news."""
        self._still.stop()
        days = self.days.value() if self.goes.isChecked() else FOR_EVER
        if days != self._last:
            self._last = days
            self.chosen.emit(days)

    @Slot()
    def _edited(self) -> None:
        self._enable()
        self._still.start()

    def _enable(self) -> None:
        self.days.setEnabled(self.goes.isChecked())
        self.purge.setEnabled(self.goes.isChecked())
