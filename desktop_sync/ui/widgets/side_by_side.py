"""Two parts beside each other, or one below the other where there is no room: a page then scrolls only downward."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget


class SideBySide(QWidget):
    """`stretches` are shares of the width while they stand beside each other."""

    def __init__(self, first: QWidget, second: QWidget, stretches: tuple[int, int], spacing: int) -> None:
        super().__init__()
        self._parts = (first, second)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(spacing)
        for part, stretch in zip(self._parts, stretches, strict=True):
            self._line.addWidget(part, stretch)
        # The layout must not keep the widget as wide as both: how wide it is says how they stand.
        self._line.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)

    @property
    def is_stacked(self) -> bool:
        return self._line.direction() is QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:
        hints = [self._least(part) for part in self._parts]
        heights = [hint.height() for hint in hints]
        height = sum(heights) + self._line.spacing() if self.is_stacked else max(heights)
        return QSize(max(hint.width() for hint in hints), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        needed = sum(self._least(part).width() for part in self._parts) + self._line.spacing()
        is_stacked = self.width() < needed
        if is_stacked != self.is_stacked:
            to = QBoxLayout.Direction.TopToBottom if is_stacked else QBoxLayout.Direction.LeftToRight
            self._line.setDirection(to)
            self.updateGeometry()
        super().resizeEvent(event)

    @staticmethod
    def _least(part: QWidget) -> QSize:
        return part.minimumSizeHint().expandedTo(part.minimumSize())
