"""What fits on the screen: also on a small one that is shown at 150 %."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_S
from desktop_sync.ui.widgets.flow_layout import FlowLayout

LEAST_DETAIL = 360
"""Pixels of width that a record beside a list needs for its fields."""
LEAST_SHOWN = 120
"""Pixels of a `TallArea` that are seen on the lowest screen."""


def fitting(size: QSize) -> QSize:
    """Not larger than the screen lets a dialog be with its title bar, so that its buttons stay reachable."""
    area = QGuiApplication.primaryScreen().availableGeometry()
    return size.boundedTo(QSize(int(area.width() * 0.95), int(area.height() * 0.92)))


class TallArea(QScrollArea):
    """Scrolls its content up and down where it is too low for it, and is never narrower than it."""

    def __init__(self, content: QWidget, least_height: int, name: str) -> None:
        """The content is never lower than `least_height` pixels. `name` is for screen readers."""
        super().__init__()
        self._content = content
        content.setMinimumHeight(least_height)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, LEAST_SHOWN)


class DetailArea(QWidget):
    """A `TallArea`, and below it the buttons for what it shows: they are in reach however low the window is."""

    def __init__(self, content: QWidget, least_height: int, name: str, buttons: Sequence[QWidget]) -> None:
        super().__init__()
        flow = FlowLayout(spacing=SPACE_S)
        for control in buttons:
            flow.addWidget(control)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(TallArea(content, least_height, name), 1)
        layout.addLayout(flow)
