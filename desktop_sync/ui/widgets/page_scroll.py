"""A page that scrolls as a whole: its bar stands in the margin beside it, so that the page ends where all else does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QScrollBar, QWidget

BAR_ROOM = 11
"""Pixels that the bar is wide. Whoever lays out a `PageScroll` gives it so much of the margin at its right."""


class QuietBar(QScrollBar):
    """Has its place always, and is seen where there is something to scroll."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class PageScroll(QScrollArea):
    """As wide as the page and `BAR_ROOM` more; what it scrolls has the same width whether the bar is seen or not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(QuietBar())
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
