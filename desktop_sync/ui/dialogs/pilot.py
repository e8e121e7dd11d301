"""How many records a pilot run is to write to. Opened, never executed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_XL
from desktop_sync.ui.text.times import counted
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import button, label, row

USUAL = 10


class PilotDialog(QDialog):
    """`wanted` carries the number; closing the dialog wants nothing."""

    wanted = Signal(int)

    def __init__(self, writing: int, parent: QWidget | None = None) -> None:
        """`writing`: to how many records the whole plan would write, at least two."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Pilot run"))
        self.setAccessibleName(self.tr("Pilot run"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.count = NumberBox(1, writing - 1)
        self.count.setValue(min(USUAL, writing - 1))
        self.count.setAccessibleName(self.tr("Records to write to"))
        body = label(
            self.tr(
                "The first records of this preview are written, and before them those that they refer to. Look at them "
                "in both systems; the next run does the rest, and an undo takes these back."
            ),
            "secondary",
            wraps=True,
        )
        body.setMinimumWidth(400)
        body.setMaximumWidth(520)
        caption = label(self.tr("&Write to the first"))
        caption.setBuddy(self.count)
        cancel = button(self.tr("&Cancel"))
        cancel.clicked.connect(self.reject)
        self.run_button = button(self.tr("&Synchronize"), "primary")
        self.run_button.setDefault(True)
        self.run_button.clicked.connect(self._want)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(self.tr("Try it with a few records"), "heading"))
        layout.addWidget(body)
        rest = label(counted(writing, self.tr("of {0} record"), self.tr("of {0} records")))
        layout.addLayout(row(caption, self.count, rest, 0, spacing=SPACE_M))
        layout.addSpacing(SPACE_L)
        layout.addLayout(row(0, cancel, self.run_button))
        self.count.setFocus()
        self.count.selectAll()

    @Slot()
    def _want(self) -> None:
        self.wanted.emit(self.count.value())
        self.accept()
