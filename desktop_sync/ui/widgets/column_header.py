"""The titles above a table's columns, cut with an ellipsis where they do not fit."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QHeaderView, QStyleOptionHeader, QWidget

SIDES = 2 * 10
"""Pixels beside a title, as the stylesheet has it."""
ARROW = 14
"""Pixels that the sign of the order takes."""
TITLE_PIXELS = 12


class ColumnHeader(QHeaderView):
    """Qt reckons a title's width without the font and the margins of the stylesheet, so it would just be cut off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(self.tr("Columns"))

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, logicalIndex: int) -> None:
        super().initStyleOptionForIndex(option, logicalIndex)
        room = self.sectionSize(logicalIndex) - SIDES
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex:
            room -= ARROW
        option.text = self.shown_title(logicalIndex, room)

    def shown_title(self, section: int, room: int) -> str:
        """The title as it fits into so many pixels."""
        font = QFont(self.font())
        font.setPixelSize(TITLE_PIXELS)
        font.setWeight(QFont.Weight.DemiBold)
        title = str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")
        return QFontMetrics(font).elidedText(title, Qt.TextElideMode.ElideRight, room)
