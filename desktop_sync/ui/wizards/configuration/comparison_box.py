"""Which differences count: the normal form of one field, a box for each step."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.normal_form import MAX_DECIMALS, MEANINGS, Step, StepKind, parse_normal_form, steps_for
from desktop_sync.core.structure import FieldType
from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import label

_ORDER = (
    StepKind.NFKC, StepKind.TRIM, StepKind.COLLAPSE_SPACES, StepKind.LOWER, StepKind.NO_ACCENTS, StepKind.DIGITS,
    StepKind.SCALE, StepKind.UTC, StepKind.SECONDS, StepKind.MINUTES, StepKind.DAYS, StepKind.EMPTY_IS_EMPTY,
)  # fmt: skip
_EXCLUDING = (frozenset({StepKind.SECONDS, StepKind.MINUTES, StepKind.DAYS}),)
ZONES = ("Europe/Vienna", "Europe/Berlin", "Europe/Zurich", "Europe/London", "Europe/Paris", "America/New_York",
         "America/Chicago", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney")  # fmt: skip


class ComparisonBox(QWidget):
    """`changed` follows a person's choice. Steps that the file names and that are not offered here stay."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kept: tuple[str, ...] = ()
        self._shown: list[StepKind] = []
        self.boxes: dict[StepKind, QCheckBox] = {}
        self.decimals = NumberBox(0, MAX_DECIMALS)
        self.decimals.setAccessibleName(self.tr("Decimals"))
        self.zone = QComboBox()
        self.zone.setEditable(True)
        self.zone.addItems(ZONES)
        self.zone.setAccessibleName(self.tr("Time zone"))
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._cells: dict[StepKind, QWidget] = {}
        for kind in _ORDER:
            box = QCheckBox(MEANINGS[kind].label)
            box.setToolTip(tooltip(MEANINGS[kind].explanation))
            box.setAccessibleDescription(MEANINGS[kind].explanation)
            box.setObjectName(kind.value)
            box.toggled.connect(self._toggled)
            self.boxes[kind] = box
            cell: QWidget = box
            if kind in (StepKind.SCALE, StepKind.UTC):
                cell = QWidget()
                beside = QHBoxLayout(cell)
                beside.setContentsMargins(0, 0, 0, 0)
                beside.addWidget(box)
                beside.addWidget(self.decimals if kind is StepKind.SCALE else self.zone)
                beside.addStretch(1)
            cell.setParent(self)
            cell.hide()
            self._cells[kind] = cell
        self.decimals.valueChanged.connect(self._argument_changed)
        self.zone.currentTextChanged.connect(self._argument_changed)
        self._nothing = label(self.tr("Values of this type are compared as they are."), "secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        words = self.tr("Two values count as the same when they differ only in this. They are written as they are.")
        layout.addWidget(label(words, "caption", wraps=True))
        layout.addLayout(self._grid)
        layout.addWidget(self._nothing)
        layout.addStretch(1)

    @property
    def normal_form(self) -> tuple[str, ...]:
        """The chosen steps, in the order in which they are carried out."""
        names: list[str] = []
        for kind, box in self.boxes.items():
            if box.isChecked() and kind in self._shown:
                names.append(Step(kind, self.decimals.value(), self.zone.currentText().strip()).name)
        return (*names, *self._kept)

    def show_form(self, names: tuple[str, ...], type_a: FieldType, type_b: FieldType) -> None:
        """The boxes that make sense for these types, as the normal form has them."""
        try:
            steps = parse_normal_form(names)
        except ConfigurationError:
            steps = ()
        chosen = {step.kind: step for step in steps}
        offered = set(steps_for(type_a, type_b)) | set(chosen)
        self._kept = tuple(step.name for step in steps if step.kind not in self.boxes)
        for kind, box in self.boxes.items():
            box.blockSignals(True)
            box.setChecked(kind in chosen)
            box.blockSignals(False)
        self._lay_out([kind for kind in _ORDER if kind in offered])
        for kind, argument in ((StepKind.SCALE, self.decimals), (StepKind.UTC, self.zone)):
            argument.blockSignals(True)
            argument.setEnabled(kind in chosen)
        if StepKind.SCALE in chosen:
            self.decimals.setValue(chosen[StepKind.SCALE].decimals)
        if StepKind.UTC in chosen:
            self.zone.setEditText(chosen[StepKind.UTC].zone)
        self.decimals.blockSignals(False)
        self.zone.blockSignals(False)
        self._nothing.setVisible(not offered & set(self.boxes))

    def _lay_out(self, kinds: list[StepKind]) -> None:
        """These boxes two by two, without gaps."""
        if kinds == self._shown:
            return
        self._shown = kinds
        for kind, cell in self._cells.items():
            self._grid.removeWidget(cell)
            cell.setVisible(kind in kinds)
        for place, kind in enumerate(kinds):
            self._grid.addWidget(self._cells[kind], place // 2, place % 2)

    @Slot(bool)
    def _toggled(self, is_on: bool) -> None:
        toggled = self.sender()
        kind = next((kind for kind, box in self.boxes.items() if box is toggled), None)
        for group in _EXCLUDING:
            for other in group - {kind} if is_on and kind in group else ():
                self.boxes[other].blockSignals(True)
                self.boxes[other].setChecked(False)
                self.boxes[other].blockSignals(False)
        self.decimals.setEnabled(self.boxes[StepKind.SCALE].isChecked())
        self.zone.setEnabled(self.boxes[StepKind.UTC].isChecked())
        self.changed.emit()

    @Slot()
    def _argument_changed(self) -> None:
        self.changed.emit()
