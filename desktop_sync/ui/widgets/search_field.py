"""The field above a table in which a person types what to look for."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

WIDTH = 250
LEAST_WIDTH = 110
PAUSE_MS = 250


class SearchField(QLineEdit):
    """`wanted` comes when the typing pauses. It gives room away where the window is narrow."""

    wanted = Signal()

    def __init__(self, placeholder: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.wanted)
        self.textChanged.connect(self._pause.start)

    @property
    def wish(self) -> str:
        """What to look for, without the space around it."""
        return self.text().strip()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH, super().minimumSizeHint().height())
