"""The two-way table of choices of one field, and what happens to a value that is not in it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from desktop_sync.core.configuration import UnknownChoice
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.wizards.configuration.words import unknown_choices


class ChoicesBox(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName(self.tr("Table of choices"))
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setAccessibleName(self.tr("Columns"))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setMinimumHeight(84)
        self.table.setCornerButtonEnabled(False)
        self.table.setTabKeyNavigation(False)
        self.table.cellChanged.connect(self._edited)
        self.add_button = button(self.tr("Add &row"), "quiet")
        self.remove_button = button(self.tr("Re&move row"), "quiet")
        self.add_button.clicked.connect(self._add)
        self.remove_button.clicked.connect(self._remove)
        self.unknown: ChoiceBox[UnknownChoice] = ChoiceBox(self.tr("Values not in the table"))
        self.unknown.offer(unknown_choices())
        self.unknown.activated.connect(self._edited)
        caption = label(self.tr("Values not in the table:"), "secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.add_button, self.remove_button, 0))
        layout.addLayout(row(caption, self.unknown))

    @property
    def value_map(self) -> tuple[tuple[str, str], ...]:
        """The rows that are filled on at least one side."""
        texts = [
            tuple(item.text() if (item := self.table.item(place, column)) is not None else "" for column in (0, 1))
            for place in range(self.table.rowCount())
        ]
        return tuple((text[0], text[1]) for text in texts if any(text))

    def show_map(self, rows: tuple[tuple[str, str], ...], unknown: UnknownChoice, name_a: str, name_b: str) -> None:
        """The table as the mapping has it; a person's cursor stays where the table is that already."""
        self.table.setHorizontalHeaderLabels([name_a, name_b])
        self.unknown.choose(unknown)
        if rows == self.value_map:
            return
        self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for place, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(place, column, QTableWidgetItem(text))
        self.table.blockSignals(False)

    @Slot()
    def _add(self) -> None:
        place = self.table.rowCount()
        self.table.blockSignals(True)
        self.table.insertRow(place)
        for column in (0, 1):
            self.table.setItem(place, column, QTableWidgetItem(""))
        self.table.blockSignals(False)
        self.table.setCurrentCell(place, 0)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        self.table.edit(self.table.currentIndex())

    @Slot()
    def _remove(self) -> None:
        place = self.table.currentRow()
        if place >= 0:
            self.table.removeRow(place)
            self.changed.emit()

    @Slot()
    def _edited(self) -> None:
        self.changed.emit()
