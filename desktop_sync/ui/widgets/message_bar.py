"""A message beside what it is about: a rounded line with an icon, a text, and at most a few buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from desktop_sync.ui.palette import SPACE_M, SPACE_S, SPACE_XS, Tone
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.parts import button, label, tool_button
from desktop_sync.ui.widgets.scrolled_text import ScrolledText

_ICONS = {Tone.BAD: "error", Tone.WARNING: "alert", Tone.GOOD: "check-circle"}
LEAST_TEXT = 200
"""Pixels of width for the words beside the buttons: a small window at 150 % has no more."""


class MessageBar(QFrame):
    """Hidden until `say`; a person can close it where it is `closable`, and `clear` takes it away."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, closable: bool = True) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tone = Tone.NEUTRAL
        self.setObjectName("message")
        self._icon = QLabel()
        self._icon.setAccessibleName(" ")
        self._text = label("", wraps=True, selectable=True)
        self._words = ScrolledText(self._text, theme, LEAST_TEXT)
        self._close = tool_button("", "icon", tip=self.tr("Close this message"))
        self._close.setIconSize(QSize(14, 14))
        self._close.clicked.connect(self.clear)
        self._close.setVisible(closable)
        self._layout = QHBoxLayout(self)
        self._layout.setSpacing(SPACE_M)
        self._layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self._layout.addWidget(self._words, 1)
        self._layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self._dress)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""

    def say(self, text: str, tone: Tone = Tone.BAD) -> None:
        """The message is there, and a screen reader finds it by its text."""
        self._tone = tone
        self._words.show_text(text)
        self._dress()
        self.show()

    def add_button(self, text: str, kind: str = "") -> QPushButton:
        made = button(text, kind)
        self._layout.insertWidget(self._layout.count() - 1, made, 0, Qt.AlignmentFlag.AlignVCenter)
        return made

    @Slot()
    def clear(self) -> None:
        self.hide()

    @Slot()
    def _dress(self) -> None:
        c, edge = self._theme.colours, SPACE_XS if self._theme.is_tight else SPACE_S
        self._layout.setContentsMargins(SPACE_M, edge, SPACE_S, edge)
        background, foreground = c.soft[self._tone]
        self.setStyleSheet(
            f"QFrame#message {{ background: {background}; border: none; border-radius: 8px; }}"
            f"QFrame#message QLabel {{ color: {foreground}; background: transparent; }}"
            "QScrollArea#words { background: transparent; border: none; }"
        )
        self._icon.setPixmap(self._theme.pixmap(_ICONS.get(self._tone, "info"), foreground, 18))
        self._close.setIcon(self._theme.icon("close", foreground))
