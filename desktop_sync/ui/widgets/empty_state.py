"""What a page says when there is nothing to show: a picture, what it means, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_M, SPACE_XL
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.parts import button, label

TEXT_WIDTH = 440


class EmptyState(QWidget):
    """Centred; add buttons with `add_button`."""

    def __init__(self, theme: Theme, icon: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setAccessibleName(" ")
        self._title = label(title, "heading")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = label(text, "secondary", wraps=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setFixedWidth(TEXT_WIDTH)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(SPACE_M)
        self._buttons.addStretch(1)
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.addStretch(3)
        layout.addWidget(self._picture)
        layout.addSpacing(SPACE_M)
        layout.addWidget(self._title)
        layout.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(SPACE_M)
        layout.addLayout(self._buttons)
        layout.addStretch(4)
        theme.changed.connect(self._repaint_icon)
        self._repaint_icon()
        self._fit_text()

    def say(self, title: str, text: str, icon: str = "") -> None:
        self._title.setText(title)
        self._text.setText(text)
        self._fit_text()
        if icon and icon != self._icon:
            self._icon = icon
            self._repaint_icon()

    def _fit_text(self) -> None:
        """A centred label does not ask for the height of its lines by itself."""
        self._text.ensurePolished()
        self._text.setMinimumHeight(max(0, self._text.heightForWidth(TEXT_WIDTH)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_text()

    def add_button(self, text: str, kind: str = "") -> QPushButton:
        made = button(text, kind)
        self._buttons.insertWidget(self._buttons.count() - 1, made)
        return made

    @Slot()
    def _repaint_icon(self) -> None:
        self._picture.setPixmap(self._theme.pixmap(self._icon, self._theme.colours.border_strong, 44))
