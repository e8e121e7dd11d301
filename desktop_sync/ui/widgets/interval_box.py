"""A length of time: a number with its unit, from minutes to weeks."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_S
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.number_box import NumberBox

HOUR_MIN, DAY_MIN, WEEK_MIN = 60, 24 * 60, 7 * 24 * 60
_UNITS = (1, HOUR_MIN, DAY_MIN, WEEK_MIN)
LARGEST_NUMBER = 999_999


class IntervalBox(QWidget):
    """`changed` follows what a person does. `name` is what screen readers say of the number, and of the unit with it;
    `minutes` is what the number is in the beginning."""

    changed = Signal()

    def __init__(self, name: str, minutes: int = HOUR_MIN, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = NumberBox(1, LARGEST_NUMBER)
        self.number.setFixedWidth(110)
        self.number.setAccessibleName(name)
        self.unit: ChoiceBox[int] = ChoiceBox(self.tr("{0}, unit").format(name))
        texts = (self.tr("minutes"), self.tr("hours"), self.tr("days"), self.tr("weeks"))
        self.unit.offer(list(zip(texts, _UNITS, strict=True)))
        self.unit.setFixedWidth(120)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.number)
        layout.addWidget(self.unit)
        self.setFocusProxy(self.number)
        self.show_minutes(minutes)
        self.number.valueChanged.connect(self._edited)
        self.unit.activated.connect(self._edited)

    @property
    def minutes(self) -> int:
        return self.number.value() * (self.unit.value or 1)

    def show_minutes(self, minutes: int) -> None:
        """The inputs show that length, in the largest unit in which it is a whole number; nobody is told. Where they
        say it already, in whatever unit, they stay."""
        if minutes == self.minutes and self.unit.value is not None:
            return
        minutes = max(1, minutes)
        unit = max(unit for unit in _UNITS if minutes % unit == 0)
        was_blocked = self.number.blockSignals(True)
        self.number.setValue(minutes // unit)
        self.number.blockSignals(was_blocked)
        self.unit.choose(unit)

    @Slot()
    def _edited(self) -> None:
        self.changed.emit()
