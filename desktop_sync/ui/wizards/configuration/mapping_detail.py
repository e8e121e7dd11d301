"""Everything about one pair of fields: ends, direction, transformation, comparison, choices, reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Direction, FieldMapping, NullPolicy, Side
from desktop_sync.core.mapping_rows import MappingRow, RowKind, default_direction
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import label
from desktop_sync.ui.wizards.configuration.choices_box import ChoicesBox
from desktop_sync.ui.wizards.configuration.comparison_box import ComparisonBox
from desktop_sync.ui.wizards.configuration.words import directions, null_policies

NAME_LENGTH = 14
"""Characters of a field and its type that can be read before the samples go below."""


class MappingDetail(QWidget):
    """`edited` carries the mapping after each edit by a person."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: MappingRow | None = None
        self._structures: dict[Side, Structure | None] = {Side.A: None, Side.B: None}
        self._names = {Side.A: "", Side.B: ""}
        self._build_ends()
        self._build_values()
        self._build_reference()
        self.comparison = ComparisonBox()
        self.comparison.changed.connect(self._edit)
        self.choices = ChoicesBox()
        self.choices.changed.connect(self._edit)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("Details of the pair"))
        self.tabs.addTab(self._values, self.tr("&Values"))
        self.tabs.addTab(_padded(self.comparison), self.tr("C&omparison"))
        self.tabs.addTab(_padded(self.choices), self.tr("C&hoices"))
        self.tabs.addTab(self._reference, self.tr("Re&ference"))
        self.tabs.setUsesScrollButtons(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(self._ends)
        layout.addWidget(self.tabs, 1)

    def show_row(
        self, row: MappingRow | None, a: Structure | None, b: Structure | None, names: tuple[str, str],
        entities: Sequence[str],
    ) -> None:  # fmt: skip
        """The inputs hold that row's mapping. A row that is only suggested or skipped becomes a pair by an edit."""
        self._row = row
        self.setEnabled(row is not None)
        self._structures = {Side.A: a, Side.B: b}
        self._names = {Side.A: names[0], Side.B: names[1]}
        if row is None:
            return
        mapping = row.mapping
        for side, box in self.fields.items():
            structure = self._structures[side]
            items = [(self.tr("(no single field)"), "")]
            items += [(self._field_text(field), field.name) for field in (structure.fields if structure else ())]
            box.offer(items)
            box.setAccessibleName(self.tr("Field of {0}").format(self._names[side]))
            box.choose(mapping.field_of(side))
        self.direction.offer(directions(*names))
        self.direction.choose(mapping.direction)
        self._show_values(mapping)
        types = [field.type if field else FieldType.TEXT for field in (self._field(Side.A), self._field(Side.B))]
        self.comparison.show_form(mapping.normal_form, types[0], types[1])
        self.choices.show_map(mapping.value_map, mapping.unknown_choice, *names)
        self.lookup.offer([(self.tr("(no reference)"), ""), *((name, name) for name in entities)])
        self.lookup.choose(mapping.lookup)

    @property
    def mapping(self) -> FieldMapping:
        """The mapping as the inputs have it."""
        before = self._row.mapping if self._row is not None else FieldMapping()
        ends = {side: box.value or "" for side, box in self.fields.items()}
        changed = replace(
            before,
            a=ends[Side.A],
            b=ends[Side.B],
            direction=self.direction.value or before.direction,
            to_b=self.expressions[Side.B].text().strip(),
            to_a=self.expressions[Side.A].text().strip(),
            normal_form=self.comparison.normal_form,
            null=self.null.value or before.null,
            default=self._default(),
            value_map=self.choices.value_map,
            unknown_choice=self.choices.unknown.value or before.unknown_choice,
            lookup=self.lookup.value or "",
            only_new=self.only_new.isChecked(),
            masked=self.masked.isChecked(),
        )
        return self._completed(before, changed)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Sentences by part of the mapping (`to_b`, `default` …), each beside its input."""
        for side, expression_row in self.expression_rows.items():
            expression_row.say(problems.get(f"to_{side.value}", ""))
        self.default_row.say(problems.get("default", ""))

    def _completed(self, before: FieldMapping, changed: FieldMapping) -> FieldMapping:
        """A pair that just got its second end gets the direction that suits both."""
        if self._row is not None and self._row.kind is RowKind.SKIPPED and changed.a and changed.b:
            direction = default_direction(self._structures[Side.A], self._structures[Side.B], changed)
            return replace(changed, direction=direction)
        lost_an_end = (before.a and not changed.a) or (before.b and not changed.b)
        if lost_an_end and changed.direction is Direction.BOTH:
            return replace(changed, direction=Direction.A_TO_B if not changed.a else Direction.B_TO_A)
        return changed

    def _default(self) -> str | None:
        text = self.default.text()
        needs_one = self.null.value is NullPolicy.DEFAULT
        return text if text or (needs_one and self.default.isModified()) else None

    def _field(self, side: Side) -> Field | None:
        structure = self._structures[side]
        name = self.fields[side].value
        return structure.field(name) if structure is not None and name else None

    def _field_text(self, field: Field) -> str:
        kind = field.type.value if field.is_typed else self.tr("untyped")
        needed = self.tr(", needed") if field.is_required and not field.is_generated else ""
        return f"{field.name}   ({kind}{needed})"

    # Building.

    def _build_ends(self) -> None:
        self.fields: dict[Side, ChoiceBox[str]] = {Side.A: ChoiceBox(), Side.B: ChoiceBox()}
        for box in self.fields.values():
            box.setMinimumContentsLength(NAME_LENGTH)
        self.direction: ChoiceBox[Direction] = ChoiceBox(self.tr("Direction of the pair"))
        self._ends = QHBoxLayout()
        self._ends.setSpacing(SPACE_S)
        for widget, stretch in ((self.fields[Side.A], 3), (self.direction, 2), (self.fields[Side.B], 3)):
            widget.activated.connect(self._edit)
            self._ends.addWidget(widget, stretch)

    def _build_values(self) -> None:
        self.expressions = {Side.B: QLineEdit(), Side.A: QLineEdit()}
        self.expression_rows: dict[Side, FieldRow] = {}
        self._values = QWidget()
        layout = QVBoxLayout(self._values)
        layout.setContentsMargins(0, SPACE_S, 0, 0)
        layout.setSpacing(SPACE_S)
        computed = QHBoxLayout()
        computed.setSpacing(SPACE_M)
        for side, edit in self.expressions.items():
            made = FieldRow("", edit)
            self.expression_rows[side] = made
            edit.textEdited.connect(self._edit)
            edit.setClearButtonEnabled(True)
            computed.addWidget(made, 1, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(computed)
        self.null: ChoiceBox[NullPolicy] = ChoiceBox()
        self.null.offer(null_policies())
        self.null.activated.connect(self._edit)
        self.default = QLineEdit()
        self.default.textEdited.connect(self._edit)
        self.default_row = FieldRow(self.tr("Default"), self.default)
        beside = QHBoxLayout()
        beside.setSpacing(SPACE_M)
        beside.addWidget(FieldRow(self.tr("When the value is empty"), self.null), 1)
        beside.addWidget(self.default_row, 1)
        layout.addLayout(beside)
        self.only_new = QCheckBox(self.tr("Only for new records"))
        self.masked = QCheckBox(self.tr("Hide values on screen and in logs"))
        flags = QHBoxLayout()
        for box in (self.only_new, self.masked):
            box.toggled.connect(self._toggled)
            flags.addWidget(box)
        flags.addStretch(1)
        layout.addLayout(flags)
        layout.addStretch(1)

    def _build_reference(self) -> None:
        self.lookup: ChoiceBox[str] = ChoiceBox()
        self.lookup.activated.connect(self._edit)
        words = self.tr(
            "The field holds the id of a record of another pair of structures, for example the customer of an order. "
            "It is translated to the id that the same record has on the other side, and that record comes first."
        )
        self._reference = QWidget()
        layout = QVBoxLayout(self._reference)
        layout.setContentsMargins(0, SPACE_S, 0, 0)
        layout.addWidget(label(words, "caption", wraps=True))
        layout.addWidget(FieldRow(self.tr("Refers to"), self.lookup))
        layout.addStretch(1)

    def _show_values(self, mapping: FieldMapping) -> None:
        for side, edit in self.expressions.items():
            shown = mapping.expression_to(side)
            if edit.text().strip() != shown:
                edit.setText(shown)
            target, source = mapping.field_of(side), mapping.field_of(side.other)
            row = self.expression_rows[side]
            row.setVisible(bool(target) and mapping.direction.flows_from(side.other))
            name = self.tr("{0}: {1} is").format(self._names[side], target)
            row.retitle(name, self.tr("an expression over the fields of {0}").format(self._names[side.other]))
            edit.setPlaceholderText(source or self.tr("for example upper(Name) or 'constant'"))
        self.null.choose(mapping.null)
        if self.default.text() != (mapping.default or ""):
            self.default.setText(mapping.default or "")
        for box, is_on in ((self.only_new, mapping.only_new), (self.masked, mapping.masked)):
            box.blockSignals(True)
            box.setChecked(is_on)
            box.blockSignals(False)

    @Slot()
    def _edit(self) -> None:
        if self._row is not None:
            self.edited.emit(self.mapping)

    @Slot(bool)
    def _toggled(self, is_on: bool) -> None:
        self._edit()


def _padded(widget: QWidget) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, SPACE_S, 0, 0)
    layout.addWidget(widget)
    return holder
