"""Two parts stand beside each other where both fit, else one below the other: nothing is scrolled sideways."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from desktop_sync.ui.widgets.side_by_side import SideBySide


def test_parts_are_stacked_where_there_is_no_room_and_come_back(qtbot: QtBot) -> None:
    first, second = QWidget(), QWidget()
    for part in (first, second):
        part.setMinimumSize(300, 100)
    area = QScrollArea()
    area.setWidgetResizable(True)
    both = SideBySide(first, second, (1, 1), 10)
    area.setWidget(both)
    qtbot.addWidget(area)
    for width, is_stacked in ((700, False), (400, True), (700, False)):
        area.resize(width, 150)
        area.show()
        qtbot.waitUntil(lambda wanted=is_stacked: both.is_stacked is wanted)
        qtbot.waitUntil(lambda wanted=is_stacked: (first.y() != second.y()) is wanted)
        qtbot.waitUntil(lambda wanted=is_stacked: (area.verticalScrollBar().maximum() > 0) is wanted)
        assert area.horizontalScrollBar().maximum() == 0
