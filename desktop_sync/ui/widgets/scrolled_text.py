"""A wrapped text that takes the room of its lines, up to a number of them; of a longer one the rest is scrolled to."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy

from desktop_sync.ui.theme import Theme

MOST_LINES, MOST_LINES_TIGHT = 8, 6
LEAST_LINES = 2
"""So many are seen where there is room for nothing."""


class ScrolledText(QScrollArea):
    """`least_width` in pixels. It can be reached with the keyboard where there is something to scroll."""

    def __init__(self, label: QLabel, theme: Theme, least_width: int) -> None:
        super().__init__()
        self._label = label
        self._theme = theme
        self._least_width = least_width
        self.setObjectName("words")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(label)
        self.viewport().setAutoFillBackground(False)
        label.setAutoFillBackground(False)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        policy.setVerticalPolicy(QSizePolicy.Policy.Ignored)  # else the least height is that of a narrow column
        label.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().rangeChanged.connect(self._ranged)
        theme.changed.connect(self.updateGeometry)

    def show_text(self, text: str) -> None:
        """It is there from its first line, and a screen reader finds it by its text."""
        self._label.setText(text)
        for named in (self, self._label):
            named.setAccessibleName(text)
        self.verticalScrollBar().setValue(0)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return min(self._label.heightForWidth(width), self._height_of(self._most_lines))

    def sizeHint(self) -> QSize:
        wanted = self._label.sizeHint()
        return QSize(wanted.width(), min(wanted.height(), self._height_of(self._most_lines)))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least_width, min(self._label.sizeHint().height(), self._height_of(LEAST_LINES)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    @property
    def _most_lines(self) -> int:
        return MOST_LINES_TIGHT if self._theme.is_tight else MOST_LINES

    def _height_of(self, lines: int) -> int:
        return self._label.fontMetrics().lineSpacing() * lines

    @Slot()
    def _ranged(self) -> None:
        scrolls = self.verticalScrollBar().maximum() > 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if scrolls else Qt.FocusPolicy.NoFocus)
