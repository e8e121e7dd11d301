"""A box for a whole number."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget


class NumberBox(QSpinBox):
    """The wheel scrolls the page unless the box has the focus."""

    def __init__(self, least: int, largest: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(least, largest)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(8, 0, 4, 0)  # the stylesheet's padding does not reach the text of a spin box

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
