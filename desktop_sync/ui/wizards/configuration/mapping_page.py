"""Third page: which field is which."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Entity, FieldMapping, Side
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.mapping_rows import MappingRow, RowKind, Suggested, accepted, mapping_rows, moved, put, skipped
from desktop_sync.core.setup_flow import Page, page_of, required_unmapped
from desktop_sync.core.type_fit import loss
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.side_by_side import SideBySide
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.mapping_detail import MappingDetail
from desktop_sync.ui.wizards.configuration.mapping_table import Line, MappingTable, MappingTableModel
from desktop_sync.ui.wizards.configuration.sample_view import SampleView
from desktop_sync.ui.wizards.configuration.words import pair_title
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import Notice

SURE = 0.8


def _with_field(finding: Finding, entity: Entity) -> str:
    """The message of a finding, and before it the field that it is about, unless it names it."""
    if finding.field_index is None:
        return finding.message
    mapping = entity.fields[finding.field_index]
    name = mapping.a or mapping.b
    return f"{name}: {finding.message}" if name and name not in finding.message else finding.message


class SteadyWidget(QWidget):
    """Takes the height that there is: with wrapped labels in it, a scroll area would give it all it could use."""

    def hasHeightForWidth(self) -> bool:
        return False


class MappingPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        words = self.tr("Which field is which? Fields that are not mapped are never touched.")
        super().__init__(self.tr("Fields"), words, parent)
        self._holder = holder
        self._suggestions: dict[tuple[str, str], tuple[Suggested, ...]] = {}
        self._asked_for: tuple[str, str] | None = None
        self._is_showing_problems = False
        self._suggesting = Latest(holder.jobs, self)
        self._suggesting.arrived.connect(self._came)
        self._suggesting.failed.connect(self._failed)
        self.entity_box: ChoiceBox[int] = ChoiceBox(self.tr("Pair of structures"))
        self.entity_box.activated.connect(self._entity_chosen)
        self.model = MappingTableModel(self)
        self.table = MappingTable(self.model, self.tr("Field pairs"))
        self.detail = MappingDetail()
        self.samples = SampleView(holder)
        self.notice = Notice()
        self.summary = Notice()
        self._build_buttons()
        self._lay_out()
        self.model.identifying_changed.connect(self._identify)
        self.table.current_changed.connect(self._show_current)
        self.table.accept_wanted.connect(self.accept_one)
        self.table.skip_wanted.connect(self.skip_one)
        self.detail.edited.connect(self._edited)
        holder.changed.connect(self.refresh)

    def enter(self) -> None:
        self.table.dress()
        self._holder.describe()
        self._suggest()
        self.refresh()
        if self.table.current_row < 0:
            self.table.choose(0)
        self.table.setFocus(Qt.FocusReason.TabFocusReason)

    def show_problems(self) -> None:
        """What keeps one from going on is said above the table, for the pair of structures that it is about."""
        self._is_showing_problems = True
        errors = [finding for finding in self._holder.setup.findings(Page.MAPPING) if finding.level is Level.ERROR]
        names = [entity.name for entity in self._holder.setup.configuration.entities]
        entity = self._holder.entity
        if errors and entity is not None and all(finding.entity != entity.name for finding in errors):
            self._holder.choose_entity(names.index(errors[0].entity))
        self.refresh()

    @property
    def current(self) -> MappingRow | None:
        place = self.table.current_row
        return self.model.lines[place].row if 0 <= place < len(self.model.lines) else None

    @Slot()
    def refresh(self) -> None:
        entity = self._holder.entity
        entities = self._holder.setup.configuration.entities
        self.entity_box.offer([(pair_title(item), place) for place, item in enumerate(entities)])
        self.entity_box.choose(self._holder.entity_index)
        self._entity_line.setVisible(len(entities) > 1)
        if entity is None:
            self.model.show((), "", "")
            return
        names = [self._column_title(side) for side in Side]
        before = self.current
        self.model.show(self._lines(entity), names[0], names[1])
        if self.table.current_row < 0:
            self._find_again(before)
        self._say(entity)
        self._show_current()
        self._suggest()

    def _find_again(self, before: MappingRow | None) -> None:
        """The cursor goes to the row of the same fields, or to the first one."""
        rows = [line.row.mapping for line in self.model.lines]
        wanted = before.mapping if before is not None else FieldMapping()
        found = next((n for n, m in enumerate(rows) if wanted.a and m.a == wanted.a), None)
        if found is None:
            found = next((n for n, m in enumerate(rows) if wanted.b and m.b == wanted.b), 0)
        self.table.choose(found)

    def _column_title(self, side: Side) -> str:
        entity = self._holder.entity
        return f"{self._holder.name(side)}: {entity.structures.of(side)}" if entity is not None else ""

    def _lines(self, entity: Entity) -> list[Line]:
        a, b = self._holder.structure(Side.A), self._holder.structure(Side.B)
        rows = mapping_rows(entity, a, b, self._suggested(entity))
        findings = [finding for finding in self._holder.entity_findings() if page_of(finding) is Page.MAPPING]
        needed = {
            side: {field.name for field in required_unmapped(entity, structure, side)}
            for side, structure in ((Side.A, a), (Side.B, b))
            if structure is not None
        }
        lines: list[Line] = []
        for item in rows:
            about = tuple(f for f in findings if item.index is not None and f.field_index == item.index)
            if item.kind is RowKind.MAPPED and not about:
                about = self._expected_loss(entity, item)
            needing = [self._holder.name(side) for side in needed if item.mapping.field_of(side) in needed[side]]
            required = needing[0] if needing and item.kind is not RowKind.MAPPED else ""
            lines.append(Line(item, about, required))
        return lines

    def _expected_loss(self, entity: Entity, item: MappingRow) -> tuple[Finding, ...]:
        """What the types alone say before the records were looked at."""
        found: list[Finding] = []
        for side in Side:
            source, target = self._holder.structure(side.other), self._holder.structure(side)
            mapping = item.mapping
            flows = entity.direction.flows_from(side.other) and mapping.direction.flows_from(side.other)
            if source is None or target is None or not flows or mapping.expression_to(side) or mapping.value_map:
                continue
            ends = source.field(mapping.field_of(side.other)), target.field(mapping.field_of(side))
            if ends[0] is not None and ends[1] is not None and ends[0].is_typed and not mapping.lookup:
                clause = loss(ends[0], ends[1])
                if clause:
                    words = self.tr("Into {0}: {1}.").format(self._holder.name(side), clause)
                    found.append(Finding(Level.WARNING, words, entity.name, item.index))
        return tuple(found)

    def _suggested(self, entity: Entity) -> tuple[Suggested, ...]:
        return self._suggestions.get((entity.structures.a, entity.structures.b), ())

    def _say(self, entity: Entity) -> None:
        """One line on what is missing, or on what identifies."""
        problems = [
            finding
            for finding in self._holder.entity_findings()
            if page_of(finding) is Page.MAPPING and finding.level is Level.ERROR
        ]
        general = [finding for finding in problems if finding.field_index is None]
        waits = any(line.row.kind is RowKind.SUGGESTED for line in self.model.lines)
        if problems and (self._is_showing_problems or entity.fields):
            self.summary.say(_with_field((general or problems)[0], entity), Tone.BAD)
        elif not entity.fields and self._suggesting.is_waiting:
            self.summary.say(self.tr("Looking at names, types and values on both sides…"), Tone.NEUTRAL)
        elif not entity.fields and waits:
            words = self.tr("Accept the suggestions that are right, one by one or all sure ones at once.")
            self.summary.say(words, Tone.ACCENT)
        else:
            self.summary.say("")

    # Suggestions.

    def _suggest(self) -> None:
        entity = self._holder.entity
        if entity is None:
            return
        pair = (entity.structures.a, entity.structures.b)
        if not all(pair) or pair in self._suggestions or self._asked_for == pair:
            return
        self._asked_for = pair
        configuration = self._holder.setup.configuration
        ask = self._holder.application.configurations.suggest_mapping
        self._suggesting.ask(partial(ask, configuration.a, pair[0], configuration.b, pair[1]))

    @Slot(object)
    def _came(self, suggestions: object) -> None:
        if self._asked_for is not None and isinstance(suggestions, tuple):
            items = tuple(Suggested(item.mapping, item.score, item.reasons) for item in suggestions)
            self._suggestions[self._asked_for] = items
        self._asked_for = None
        self.refresh()
        current = self.current
        if current is None or current.kind is RowKind.SKIPPED:
            self.table.choose(0)  # what is suggested stands first, to be accepted

    @Slot(object)
    def _failed(self, error: object) -> None:
        if self._asked_for is not None:
            self._suggestions[self._asked_for] = ()
        self._asked_for = None
        self.notice.say(self.tr("No suggestions: {0}").format(problem(error)), Tone.WARNING)
        self.refresh()

    def forget_suggestions(self) -> None:
        """Other endpoints: what was suggested for the old ones is gone."""
        self._suggestions.clear()
        self._asked_for = None
        self.notice.say("")

    @Slot()
    def accept_one(self) -> None:
        current, entity = self.current, self._holder.entity
        if current is None or entity is None or current.kind is not RowKind.SUGGESTED:
            return
        self._holder.put_entity(accepted(entity, [Suggested(current.mapping, current.score or 0, current.reasons)]))

    @Slot()
    def accept_sure(self) -> None:
        """All suggestions with a high score that lose nothing on the way."""
        entity = self._holder.entity
        if entity is not None:
            self._holder.put_entity(accepted(entity, [item for item in self._suggested(entity) if self._is_sure(item)]))

    def _is_sure(self, item: Suggested) -> bool:
        a, b = self._holder.structure(Side.A), self._holder.structure(Side.B)
        end_a, end_b = (a.field(item.mapping.a) if a else None), (b.field(item.mapping.b) if b else None)
        if item.score < SURE or end_a is None or end_b is None:
            return False
        return not (end_a.is_typed and loss(end_a, end_b)) and not (end_b.is_typed and loss(end_b, end_a))

    # Editing.

    @Slot(object)
    def _edited(self, mapping: object) -> None:
        current, entity = self.current, self._holder.entity
        if current is None or entity is None or not isinstance(mapping, FieldMapping) or mapping == current.mapping:
            return
        self._holder.put_entity(put(entity, current.index, mapping))
        self._follow(mapping)

    def _follow(self, mapping: FieldMapping) -> None:
        for place, line in enumerate(self.model.lines):
            if line.row.kind is RowKind.MAPPED and line.row.mapping == mapping:
                self.table.choose(place)
                return

    @Slot(int, bool)
    def _identify(self, index: int, identifies: bool) -> None:
        entity = self._holder.entity
        if entity is not None:
            self._holder.put_entity(put(entity, index, replace(entity.fields[index], identifying=identifies)))

    @Slot()
    def skip_one(self) -> None:
        current, entity = self.current, self._holder.entity
        if current is not None and entity is not None and current.index is not None:
            self._holder.put_entity(skipped(entity, current.index))

    @Slot()
    def add_computed(self) -> None:
        """One more pair with nothing chosen yet, for a field that is computed."""
        entity = self._holder.entity
        if entity is not None and FieldMapping() not in entity.fields:
            self._holder.put_entity(put(entity, None, FieldMapping()))
            self._follow(FieldMapping())

    @Slot()
    def move_up(self) -> None:
        self._move(-1)

    @Slot()
    def move_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        current, entity = self.current, self._holder.entity
        if current is not None and entity is not None and current.index is not None:
            self._holder.put_entity(moved(entity, current.index, by))
            self._follow(current.mapping)

    @Slot()
    def _show_current(self) -> None:
        current, entity = self.current, self._holder.entity
        others = [item.name for item in self._holder.setup.configuration.entities]
        names = (self._holder.name(Side.A), self._holder.name(Side.B))
        a, b = self._holder.structure(Side.A), self._holder.structure(Side.B)
        self.detail.show_row(current, a, b, names, others)
        self.samples.show_mapping(current.mapping if current is not None else None)
        findings = [f for f in self._holder.entity_findings() if current is not None and f.field_index is not None]
        mine = [f for f in findings if current is not None and f.field_index == current.index]
        self.detail.show_problems({f.path.removeprefix("field."): f.message for f in mine})
        kind = current.kind if current is not None else None
        self.accept_button.setEnabled(kind is RowKind.SUGGESTED)
        self.skip_button.setEnabled(kind is RowKind.MAPPED)
        for move in (self.up_button, self.down_button):
            move.setEnabled(kind is RowKind.MAPPED)
        sure = entity is not None and any(
            line.row.kind is RowKind.SUGGESTED and self._is_sure(Suggested(line.row.mapping, line.row.score or 0))
            for line in self.model.lines
        )
        self.accept_all_button.setEnabled(sure)

    @Slot()
    def _entity_chosen(self) -> None:
        chosen = self.entity_box.value
        if chosen is not None:
            self._holder.choose_entity(chosen)
            self.table.choose(0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.table.dress()

    # Building.

    def _build_buttons(self) -> None:
        self.accept_all_button = button(self.tr("Accept all s&ure ones"))
        self.accept_button = button(self.tr("&Accept"))
        self.skip_button = button(self.tr("S&kip"))
        self.add_button = button(self.tr("Add co&mputed field"))
        self.up_button = button(self.tr("↑"), "quiet", name=self.tr("Move up"))
        self.down_button = button(self.tr("↓"), "quiet", name=self.tr("Move down"))
        for move in (self.up_button, self.down_button):
            move.setToolTip(self.tr("With best match, identifying fields count in this order: the first one most"))
        self.accept_all_button.clicked.connect(self.accept_sure)
        self.accept_button.clicked.connect(self.accept_one)
        self.skip_button.clicked.connect(self.skip_one)
        self.add_button.clicked.connect(self.add_computed)
        self.up_button.clicked.connect(self.move_up)
        self.down_button.clicked.connect(self.move_down)

    def _lay_out(self) -> None:
        self._entity_line = QWidget()
        self._entity_line.setLayout(row(label(self.tr("Structures"), "secondary"), self.entity_box))
        buttons = row(
            self.accept_all_button, self.accept_button, self.skip_button, 0, self.up_button, self.down_button,
            self.add_button,
        )  # fmt: skip
        below = SideBySide(self.detail, self.samples, (3, 2), SPACE_M * 2)
        below.setContentsMargins(0, SPACE_S, 0, 0)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setAccessibleName(self.tr("Pairs and details"))
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([240, 260])
        self.table.setMinimumHeight(120)
        body = SteadyWidget()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(body)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self._entity_line)
        layout.addWidget(self.notice)
        layout.addWidget(self.summary)
        layout.addLayout(buttons)
        layout.addWidget(splitter, 1)
