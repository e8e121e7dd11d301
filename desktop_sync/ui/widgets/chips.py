"""A line of chips with counts, one of which, or several, may be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_sync.ui.text.times import number
from desktop_sync.ui.widgets.flow_layout import FlowLayout
from desktop_sync.ui.widgets.parts import tool_button

SIDES = 2 * 10
"""Pixels beside the text of a chip."""


def _width(chip: QToolButton) -> int:
    """The text of a chosen chip is bold, and its place is the same whether it is chosen or not."""
    font = QFont(chip.font())
    font.setBold(True)
    return QFontMetrics(font).horizontalAdvance(chip.text().replace("&&", "&")) + SIDES


class ChipRow(QWidget):
    """Chips by key. With `exclusive` exactly one is on; else any number, and none means all."""

    changed = Signal()

    def __init__(self, name: str, *, exclusive: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exclusive = exclusive
        self._chips: dict[str, QToolButton] = {}
        self._shown: tuple[tuple[str, str, int | None], ...] = ()
        self._layout = FlowLayout(self)
        self.setAccessibleName(name)

    def show_chips(self, chips: Sequence[tuple[str, str, int | None]]) -> None:
        """(key, text, count or None) in that order; a choice stays where its key stays."""
        chosen = set(self.chosen)
        self._shown = tuple(chips)
        for key in [key for key in self._chips if key not in {chip[0] for chip in chips}]:
            gone = self._chips.pop(key)
            self._layout.removeWidget(gone)
            gone.deleteLater()
        for key, text, count in chips:
            chip = self._chips.get(key)
            if chip is None:
                chip = tool_button("", "chip", checkable=True)
                chip.setObjectName(key)
                chip.clicked.connect(self._clicked)
                self._chips[key] = chip
                self._layout.addWidget(chip)
            shown = text if count is None else f"{text}  {number(count)}"
            chip.setText(shown.replace("&", "&&"))
            chip.setAccessibleName(text if count is None else f"{text}, {number(count)}")
            chip.setMinimumWidth(_width(chip))
            chip.setChecked(key in chosen)
        if self._exclusive and not self.chosen and chips:
            self._chips[chips[0][0]].setChecked(True)
        self.updateGeometry()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._chips)

    @property
    def shown(self) -> tuple[tuple[str, str, int | None], ...]:
        """The chips as they were given."""
        return self._shown

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(key for key, chip in self._chips.items() if chip.isChecked())

    def choose(self, *keys: str) -> None:
        """Exactly these are on; `changed` comes if that is different."""
        before = self.chosen
        for key, chip in self._chips.items():
            chip.setChecked(key in keys)
        if self.chosen != before:
            self.changed.emit()

    def chip(self, key: str) -> QToolButton:
        return self._chips[key]

    @Slot()
    def _clicked(self) -> None:
        clicked = self.sender()
        if self._exclusive:
            for chip in self._chips.values():
                chip.setChecked(chip is clicked)
        self.changed.emit()
