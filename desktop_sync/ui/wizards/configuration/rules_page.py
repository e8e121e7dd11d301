"""Fourth page: how records are paired, which way they flow, and who wins."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FirstContactRule,
    Mark,
    MatchRule,
    PerSide,
    Resolution,
    Side,
)
from desktop_sync.core.finding import Level
from desktop_sync.core.group_check import PATH as RESOLUTION_PATH
from desktop_sync.core.normal_form import TIME_TYPES
from desktop_sync.core.setup_flow import Page, page_of
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.wizards.configuration import words
from desktop_sync.ui.wizards.configuration.filter_input import FilterInput
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.key_card import KeyCard
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList


class RulesPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Rules"), self.tr("Which way records go, and who wins."), parent)
        self._holder = holder
        self.entity_box: ChoiceBox[int] = ChoiceBox(self.tr("Pair of structures"))
        self.entity_box.activated.connect(self._entity_chosen)
        self._entity_line = QWidget()
        self._entity_line.setLayout(row(label(self.tr("Structures"), "secondary"), self.entity_box))
        self.findings = FindingList(self.tr("What is to be known"))
        self.fieldwise_button = button(self.tr("&Judge field by field"))
        self.fieldwise_button.clicked.connect(self._judge_fields)
        self._fieldwise_line = QWidget()
        self._fieldwise_line.setLayout(row(self.fieldwise_button, 0))
        self._build()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self._entity_line)
        layout.addWidget(self.findings)
        layout.addWidget(self._fieldwise_line)
        for part in (self._flow_card(), self.keys, self._stamps_card(), self._conflict_card(), self._delete_card()):
            layout.addWidget(part)
        layout.addWidget(self._filter_card())
        layout.addWidget(self._sentinel_card())
        layout.addStretch(1)
        holder.changed.connect(self.refresh)

    def enter(self) -> None:
        self.refresh()
        self.direction.setFocus()

    def show_problems(self) -> None:
        entity = self._holder.entity
        names = [item.name for item in self._holder.setup.configuration.entities]
        errors = [finding for finding in self._holder.setup.findings(Page.RULES) if finding.level is Level.ERROR]
        if errors and entity is not None and all(finding.entity != entity.name for finding in errors):
            self._holder.choose_entity(names.index(errors[0].entity))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        entities = self._holder.setup.configuration.entities
        self.entity_box.offer([(words.pair_title(item), place) for place, item in enumerate(entities)])
        self.entity_box.choose(self._holder.entity_index)
        self._entity_line.setVisible(len(entities) > 1)
        entity = self._holder.entity
        if entity is None:
            return
        a, b = self._holder.name(Side.A), self._holder.name(Side.B)
        self.direction.offer(words.entity_directions(a, b))
        self.direction.choose(entity.direction)
        self.match.choose(entity.match)
        self.primary.offer([(a, Side.A), (b, Side.B)])
        self.primary.choose(entity.primary)
        self.keys.show_entity(entity)
        self._show_stamps(entity)
        fit = self._can_tell_recent(entity)
        kept = (ConflictRule.MOST_RECENT, FirstContactRule.MOST_RECENT)
        conflicts = [item for item in words.conflict_rules(a, b) if fit or item[1] not in kept]
        if entity.conflict is ConflictRule.MOST_RECENT and not fit:
            conflicts.insert(0, words.conflict_rules(a, b)[0])
        self.conflict.offer(conflicts)
        self.conflict.choose(entity.conflict)
        contacts = [item for item in words.first_contact_rules(a, b) if fit or item[1] not in kept]
        if entity.first_contact is FirstContactRule.MOST_RECENT and not fit:
            contacts.insert(0, words.first_contact_rules(a, b)[0])
        self.first_contact.offer(contacts)
        self.first_contact.choose(entity.first_contact)
        self.resolution.choose(entity.resolution)
        self.edit_against_delete.choose(entity.edit_against_delete)
        self._show_deletes(entity)
        for side, edit in self.sentinels.items():
            title = self.tr("Id of a record that is always in {0}")
            self.sentinel_rows[side].retitle(title.format(self._holder.name(side)), "")
            if edit.text() != entity.sentinel.of(side):
                edit.setText(entity.sentinel.of(side))
        for filter_input in self.filters.values():
            filter_input.refresh()
        self.attempts.blockSignals(True)
        self.attempts.setValue(entity.max_failed_attempts)
        self.attempts.blockSignals(False)
        said = [finding for finding in self._holder.entity_findings() if page_of(finding) is Page.RULES]
        self.findings.show_findings([finding for finding in said if "filter" not in finding.path])
        doubts = any(finding.path == RESOLUTION_PATH and finding.level is Level.WARNING for finding in said)
        self._fieldwise_line.setVisible(doubts)

    def _can_tell_recent(self, entity: Entity) -> bool:
        """Whether both stamps are there and nothing was found against them (SPEC §14: else it is not offered)."""
        doubts = any(
            finding.path.startswith("entity.modified.") and finding.level is not Level.NOTE
            for finding in self._holder.entity_findings()
        )
        return bool(entity.modified.a and entity.modified.b) and not doubts

    def _show_stamps(self, entity: Entity) -> None:
        for side, box in self.stamps.items():
            structure = self._holder.structure(side)
            items = [(self.tr("(none)"), "")]
            for field in structure.fields if structure is not None else ():
                if not field.is_typed or field.type in TIME_TYPES or field.name == entity.modified.of(side):
                    items.append((field.name, field.name))
            box.offer(items)
            box.choose(entity.modified.of(side))
            self.stamp_rows[side].retitle(self.tr("Last change in {0}").format(self._holder.name(side)), "")

    def _show_deletes(self, entity: Entity) -> None:
        for side, box in self.deletes.items():
            here, there = self._holder.name(side), self._holder.name(side.other)
            box.offer(words.delete_rules(here, there))
            box.choose(entity.delete.of(side))
            self.delete_rows[side].retitle(self.tr("A record was deleted in {0}").format(here), "")
            marks = entity.delete.of(side) is DeleteRule.MARK
            self.mark_lines[side].setVisible(marks)
            target = self._holder.structure(side.other)
            names = [(name, name) for name in (target.field_names if target is not None else ())]
            self.mark_fields[side].offer([(self.tr("(choose)"), ""), *names])
            self.mark_fields[side].choose(entity.mark.of(side).field)
            self.mark_rows[side].retitle(self.tr("Field of {0}").format(there), "")
            if self.mark_values[side].text() != entity.mark.of(side).value:
                self.mark_values[side].setText(entity.mark.of(side).value)

    @Slot()
    def _edited(self) -> None:
        """A person chose something: the entity is as the inputs say."""
        entity = self._holder.entity
        if entity is None:
            return
        changed = replace(
            entity,
            direction=self.direction.value or entity.direction,
            match=self.match.value or entity.match,
            primary=self.primary.value or entity.primary,
            conflict=self.conflict.value or entity.conflict,
            first_contact=self.first_contact.value or entity.first_contact,
            resolution=self.resolution.value or entity.resolution,
            edit_against_delete=self.edit_against_delete.value or entity.edit_against_delete,
            modified=PerSide(self.stamps[Side.A].value or "", self.stamps[Side.B].value or ""),
            delete=PerSide(*(self.deletes[side].value or entity.delete.of(side) for side in Side)),
            mark=PerSide(*(self._mark(entity, side) for side in Side)),
            max_failed_attempts=self.attempts.value(),
            sentinel=PerSide(*(self.sentinels[side].text().strip() for side in Side)),
        )
        self._holder.put_entity(changed)

    def _mark(self, entity: Entity, side: Side) -> Mark:
        if self.deletes[side].value is not DeleteRule.MARK:
            return entity.mark.of(side)
        return Mark(self.mark_fields[side].value or "", self.mark_values[side].text())

    @Slot()
    def _judge_fields(self) -> None:
        entity = self._holder.entity
        if entity is not None:
            self._holder.put_entity(replace(entity, resolution=Resolution.FIELD))
            self.resolution.setFocus()

    @Slot(object)
    def _key_edited(self, key: PerSide[tuple[str, ...]]) -> None:
        entity = self._holder.entity
        if entity is not None:
            self._holder.put_entity(replace(entity, key=key))

    @Slot(object, str)
    def _filter_edited(self, side: object, condition: str) -> None:
        entity = self._holder.entity
        if entity is not None:
            a = condition if side is Side.A else entity.filter.a
            b = condition if side is Side.B else entity.filter.b
            self._holder.put_entity(replace(entity, filter=PerSide(a, b)))

    @Slot()
    def _entity_chosen(self) -> None:
        chosen = self.entity_box.value
        if chosen is not None:
            self._holder.choose_entity(chosen)

    # Building.

    def _build(self) -> None:
        self.direction: ChoiceBox[Direction] = ChoiceBox()
        self.match: ChoiceBox[MatchRule] = ChoiceBox()
        self.match.offer(words.match_rules())
        self.primary: ChoiceBox[Side] = ChoiceBox()
        self.conflict: ChoiceBox[ConflictRule] = ChoiceBox()
        self.first_contact: ChoiceBox[FirstContactRule] = ChoiceBox()
        self.resolution: ChoiceBox[Resolution] = ChoiceBox()
        self.resolution.offer(words.resolutions())
        self.resolution_row = FieldRow(
            self.tr("What is j&udged"),
            self.resolution,
            self.tr(
                "The whole record: the side that wins does so with all its fields. Each field by itself: changes of "
                "different fields are both kept, and the rule is for a field that both sides changed. The record is "
                "written whole in any case."
            ),
        )
        self.edit_against_delete: ChoiceBox[EditAgainstDelete] = ChoiceBox()
        self.edit_against_delete.offer(words.edit_against_delete_rules())
        self.stamps: dict[Side, ChoiceBox[str]] = {side: ChoiceBox() for side in Side}
        self.stamp_rows = {side: FieldRow("", box) for side, box in self.stamps.items()}
        self.deletes: dict[Side, ChoiceBox[DeleteRule]] = {side: ChoiceBox() for side in Side}
        self.delete_rows = {side: FieldRow("", box) for side, box in self.deletes.items()}
        self.mark_fields: dict[Side, ChoiceBox[str]] = {side: ChoiceBox() for side in Side}
        self.mark_rows = {side: FieldRow("", box) for side, box in self.mark_fields.items()}
        self.mark_values = {side: QLineEdit() for side in Side}
        self.mark_lines: dict[Side, QWidget] = {}
        self.sentinels = {side: QLineEdit() for side in Side}
        self.sentinel_rows = {side: FieldRow("", edit) for side, edit in self.sentinels.items()}
        self.keys = KeyCard(self._holder)
        self.keys.edited.connect(self._key_edited)
        self.filters = {side: FilterInput(self._holder, side) for side in Side}
        self.attempts = NumberBox(1, 100)
        self.attempts.setMaximumWidth(120)
        self.attempts.valueChanged.connect(self._edited)
        boxes: list[QComboBox] = [self.direction, self.match, self.primary, self.conflict, self.first_contact]
        boxes += [
            self.resolution,
            self.edit_against_delete,
            *self.stamps.values(),
            *self.deletes.values(),
            *self.mark_fields.values(),
        ]
        for box in boxes:
            box.activated.connect(self._edited)
        for edit in (*self.mark_values.values(), *self.sentinels.values()):
            edit.textEdited.connect(self._edited)
        for filter_input in self.filters.values():
            filter_input.edited.connect(self._filter_edited)

    def _flow_card(self) -> QWidget:
        return card(
            label(self.tr("Direction and pairing"), "strong"),
            _grid(
                [FieldRow(self.tr("Di&rection"), self.direction)],
                [
                    FieldRow(self.tr("&Pair records"), self.match),
                    FieldRow(self.tr("Primary &system (decides ties)"), self.primary),
                ],
            ),
        )

    def _stamps_card(self) -> QWidget:
        return card(
            label(self.tr("When a record was changed"), "strong"),
            label(self.tr("The most recent change can win only if both systems write down when it was."), "caption",
                  wraps=True),
            _grid([self.stamp_rows[Side.A], self.stamp_rows[Side.B]]),
        )  # fmt: skip

    def _conflict_card(self) -> QWidget:
        return card(
            label(self.tr("When both sides differ"), "strong"),
            _grid(
                [
                    FieldRow(self.tr("Both were c&hanged"), self.conflict),
                    FieldRow(self.tr("Paired for the first &time"), self.first_contact),
                ],
                [self.resolution_row],
            ),
        )

    def _delete_card(self) -> QWidget:
        for side in Side:
            holder = QWidget()
            value_row = FieldRow(self.tr("Value"), self.mark_values[side])
            line = row(self.mark_rows[side], value_row)
            holder.setLayout(line)
            self.mark_lines[side] = holder
        return card(
            label(self.tr("Deleted records"), "strong"),
            _grid(
                [self.delete_rows[Side.A], self.delete_rows[Side.B]],
                [self.mark_lines[Side.A], self.mark_lines[Side.B]],
                [FieldRow(self.tr("One side deleted what the other changed"), self.edit_against_delete)],
            ),
        )

    def _sentinel_card(self) -> QWidget:
        return card(
            label(self.tr("Records that are always there"), "strong"),
            label(self.tr("If one of them is missing, the content is not what it should be: the run stops and asks. "
                          "Leave it empty where there is no such record."), "caption", wraps=True),
            _grid([self.sentinel_rows[Side.A], self.sentinel_rows[Side.B]]),
        )  # fmt: skip

    def _filter_card(self) -> QWidget:
        return card(
            label(self.tr("Which records take part"), "strong"),
            label(self.tr("A record that leaves the filter is left alone; it does not count as deleted."), "caption",
                  wraps=True),
            _grid([self.filters[Side.A], self.filters[Side.B]]),
            FieldRow(self.tr("Give up after so many failed attempts"), self.attempts),
        )  # fmt: skip


def _grid(*lines: list[QWidget]) -> QGridLayout:
    """Lines of one or two widgets; one alone takes the whole width."""
    made = QGridLayout()
    made.setHorizontalSpacing(SPACE_L)
    made.setVerticalSpacing(SPACE_M)
    for place, line in enumerate(lines):
        for column, widget in enumerate(line):
            made.addWidget(widget, place, column, 1, 2 if len(line) == 1 else 1, Qt.AlignmentFlag.AlignTop)
    made.setColumnStretch(0, 1)
    made.setColumnStretch(1, 1)
    return made
