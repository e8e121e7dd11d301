"""What fits on the screen: also on a small one that is shown at 150 %."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


def fitting(size: QSize) -> QSize:
    """Not larger than the screen lets a dialog be with its title bar, so that its buttons stay reachable."""
    area = QGuiApplication.primaryScreen().availableGeometry()
    return size.boundedTo(QSize(int(area.width() * 0.95), int(area.height() * 0.92)))


def scrolling(content: QWidget, least_height: int) -> QScrollArea:
    """The widget, never lower than that many pixels: where there is less room, it is scrolled."""
    content.setMinimumHeight(least_height)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(content.accessibleName() or " ")
    area.setWidget(content)
    return area
