"""A combo box whose items stand for values; one that is set by program tells nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

T = TypeVar("T")


WIDEST = 200


def fit_choices(box: QComboBox) -> None:
    """The box is as wide as its longest item, `WIDEST` pixels at most, and gives no room to what stands beside it."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    box.setMaximumWidth(WIDEST)


class ChoiceBox(QComboBox, Generic[T]):
    """Connect `activated`: it follows a person's choice only. The wheel scrolls the page, not the choice."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: list[T] = []
        if name:
            self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def offer(self, items: Sequence[tuple[str, T]]) -> None:
        """These items, in order; the choice stays where its value stays."""
        texts = [self.itemText(place) for place in range(self.count())]
        if texts == [text for text, _ in items] and self._values == [value for _, value in items]:
            return
        chosen = self.value
        self.clear()
        self._values = [value for _, value in items]
        self.addItems([text for text, _ in items])
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 28)
        if chosen is not None:
            self.choose(chosen)

    def choose(self, value: T) -> None:
        """That value is chosen, or none where it is not offered."""
        self.setCurrentIndex(self._values.index(value) if value in self._values else -1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @property
    def value(self) -> T | None:
        place = self.currentIndex()
        return self._values[place] if 0 <= place < len(self._values) else None
