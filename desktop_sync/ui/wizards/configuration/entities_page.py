"""Second page: which structures belong together; suggestions, and making a missing counterpart."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Side
from desktop_sync.core.finding import Level
from desktop_sync.core.provider_port import StructureSummary
from desktop_sync.core.setup_flow import Page, counterpart
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import problem, records
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.words import pair_title
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList, Notice

SURE = 0.8


class PairLine(QWidget):
    """One pair with a button; `pressed` carries what the line stands for."""

    pressed = Signal(object)

    def __init__(self, title: str, detail: str, action: str, payload: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._payload = payload
        self.action_button = button(action, "quiet", name=f"{action} {title}")
        self.action_button.clicked.connect(self._press)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(title))
        layout.addWidget(label(detail, "caption"), 1)
        layout.addWidget(self.action_button)

    @Slot()
    def _press(self) -> None:
        self.pressed.emit(self._payload)


class EntitiesPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Structures"), self.tr("Which tables, sheets or files hold the same kind of records?"), parent
        )
        self._holder = holder
        self._loaded_for: tuple[str, str] = ("", "")
        self._summaries: dict[Side, tuple[StructureSummary, ...]] = {Side.A: (), Side.B: ()}
        self._suggested: tuple[tuple[str, str, float], ...] = ()
        self.chosen_lines: list[PairLine] = []
        self.suggestion_lines: list[PairLine] = []
        self._loading = Latest(holder.jobs, self)
        self._loading.arrived.connect(self._loaded)
        self._loading.failed.connect(self._failed)
        self._suggesting = Latest(holder.jobs, self)
        self._suggesting.arrived.connect(self._suggestions_came)
        self._creating = Latest(holder.jobs, self)
        self._creating.arrived.connect(self._created)
        self._creating.failed.connect(self._failed)
        self.notice = Notice()
        self.findings = FindingList(self.tr("What is to be done"))
        self._chosen_box = QVBoxLayout()
        self._chosen_empty = label(self.tr("None yet. Take a suggestion, or choose a pair below."), "secondary")
        self._suggestion_box = QVBoxLayout()
        self._suggestion_note = label("", "secondary", wraps=True)
        self.add_all_button = button(self.tr("Add &all sure ones"))
        self.add_all_button.clicked.connect(self._add_all)
        self._build_another()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.notice)
        layout.addWidget(card(label(self.tr("Synchronized"), "strong"), self._chosen_empty, self._chosen_box))
        self._suggestion_card = card(
            label(self.tr("Suggestions"), "strong"),
            self._suggestion_note,
            self._suggestion_box,
            row(self.add_all_button, 0),
        )
        layout.addWidget(self._suggestion_card)
        layout.addWidget(self._another_card)
        layout.addWidget(self.findings)
        layout.addStretch(1)
        holder.changed.connect(self.refresh)

    def enter(self) -> None:
        """The structures of both endpoints are asked for, once for each pair of endpoints."""
        wanted = (self._holder.name(Side.A), self._holder.name(Side.B))
        if wanted != self._loaded_for:
            self._loaded_for = wanted
            self._suggested = ()
            self._reload()
        self.refresh()

    def show_problems(self) -> None:
        errors = [finding for finding in self._holder.setup.findings(Page.ENTITIES) if finding.level is Level.ERROR]
        self.findings.show_findings(errors)

    @Slot()
    def refresh(self) -> None:
        setup = self._holder.setup
        entities = setup.configuration.entities
        titles = [(pair_title(entity), "", self.tr("Remove"), place) for place, entity in enumerate(entities)]
        self.chosen_lines = self._lines(self._chosen_box, titles, self._remove)
        self._chosen_empty.setVisible(not entities)
        taken = {entity.structures.a for entity in entities}, {entity.structures.b for entity in entities}
        free = [item for item in self._suggested if item[0] not in taken[0] and item[1] not in taken[1]]
        shown = [
            (f"{a}  ↔  {b}", self.tr("{0} % alike").format(round(score * 100)), self.tr("Add"), (a, b))
            for a, b, score in free
        ]
        self.suggestion_lines = self._lines(self._suggestion_box, shown, self._add_suggested)
        self._say_suggestions(bool(free))
        self.add_all_button.setVisible(sum(score >= SURE for _, _, score in free) > 1)
        warnings = [finding for finding in setup.findings(Page.ENTITIES) if finding.level is not Level.ERROR]
        live_errors = [finding for finding in setup.findings(Page.ENTITIES) if finding in setup.live]
        self.findings.show_findings(tuple(dict.fromkeys([*live_errors, *warnings])))
        self._refresh_another()

    def _lines(self, box: QVBoxLayout, items: Sequence[tuple[str, str, str, object]], slot: object) -> list[PairLine]:
        while box.count():
            item = box.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        made = [PairLine(*item) for item in items]
        for pair_line in made:
            pair_line.pressed.connect(slot)
            box.addWidget(pair_line)
        return made

    def _say_suggestions(self, has_any: bool) -> None:
        note = ""
        if self._loading.is_waiting or self._suggesting.is_waiting:
            note = self.tr("Looking at the structures of both endpoints…")
        elif not has_any:
            chosen = bool(self._holder.setup.configuration.entities)
            note = self.tr("No others look alike.") if chosen else self.tr("No two look alike. Choose a pair below.")
        self._suggestion_note.setText(note)
        self._suggestion_note.setVisible(bool(note))

    # Another pair, and making a structure.

    def _build_another(self) -> None:
        self.box_a: ChoiceBox[str] = ChoiceBox()
        self.box_b: ChoiceBox[str] = ChoiceBox()
        self.row_a = FieldRow(self.tr("&First structure"), self.box_a)
        self.row_b = FieldRow(self.tr("&Second structure"), self.box_b)
        self.add_button = button(self.tr("A&dd this pair"))
        self.add_button.clicked.connect(self._add_pair)
        self.box_a.activated.connect(self._refresh_another)
        self.box_b.activated.connect(self._refresh_another)
        self.new_name = QLineEdit()
        self.new_row = FieldRow(self.tr("Name of the new structure"), self.new_name)
        self.create_button: QPushButton = button("")
        self.create_button.clicked.connect(self._create)
        self.new_name.textEdited.connect(self._refresh_another)
        choices = QHBoxLayout()
        choices.setSpacing(SPACE_M)
        choices.addWidget(self.row_a, 1)
        choices.addWidget(self.row_b, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addStretch(1)
        creating = QHBoxLayout()
        creating.setSpacing(SPACE_M)
        creating.addWidget(self.new_row, 1)
        creating.addWidget(self.create_button)
        self._creating_line = QWidget()
        self._creating_line.setLayout(creating)
        creating.setContentsMargins(0, 0, 0, 0)
        self._another_card = card(
            label(self.tr("Another pair"), "strong"), choices, self._creating_line, buttons, spacing=SPACE_M
        )
        self._another_card.setMinimumSize(QSize(0, 0))

    @Slot()
    def _refresh_another(self) -> None:
        names = {side: self._holder.name(side) for side in Side}
        for side, box, field in ((Side.A, self.box_a, self.row_a), (Side.B, self.box_b, self.row_b)):
            box.setPlaceholderText(self.tr("Choose…"))
            items = [(self._summary_text(summary), summary.name) for summary in self._summaries[side]]
            if side is Side.B:
                items.append((self.tr("Create it in {0}…").format(names[Side.B]), ""))
            box.offer(items)
            field.explain(self.tr("in {0}").format(names[side]))
        creates = self.box_b.value == ""
        self._creating_line.setVisible(creates)
        self.add_button.setVisible(not creates)
        self.add_button.setEnabled(bool(self.box_a.value and self.box_b.value))
        if creates:
            self.create_button.setText(self.tr("&Create in {0}").format(names[Side.B].replace("&", "&&")))
            self.create_button.setAccessibleName(self.tr("Create in {0}").format(names[Side.B]))
            self.new_name.setPlaceholderText(self.box_a.value or "")
            self.create_button.setEnabled(bool(self.box_a.value) and not self._creating.is_waiting)

    def _summary_text(self, summary: StructureSummary) -> str:
        if summary.record_count is None:
            return summary.name
        return f"{summary.name}   ({records(summary.record_count)})"

    @Slot()
    def _add_pair(self) -> None:
        a, b = self.box_a.value, self.box_b.value
        if a and b:
            self._holder.change(lambda setup: setup.with_entity(a, b))

    def take_choice(self) -> None:
        """A pair that stands in both boxes is added, whether or not the person also pressed the button beside it."""
        pair = (self.box_a.value, self.box_b.value)
        entities = self._holder.setup.configuration.entities
        if all((entity.structures.a, entity.structures.b) != pair for entity in entities):
            self._add_pair()

    @Slot()
    def _create(self) -> None:
        source, endpoint_a, endpoint_b = self.box_a.value, self._holder.name(Side.A), self._holder.name(Side.B)
        if not source:
            return
        name = self.new_name.text().strip() or source
        endpoints = self._holder.application.endpoints

        def create() -> tuple[str, str]:
            endpoints.create_structure(endpoint_b, counterpart(endpoints.describe(endpoint_a, source), name))
            return source, name

        self.notice.say(self.tr("Creating {0} in {1}…").format(name, endpoint_b), Tone.NEUTRAL)
        self._creating.ask(create)
        self._refresh_another()

    @Slot(object)
    def _created(self, pair: object) -> None:
        if not isinstance(pair, tuple):
            return
        self.notice.say(self.tr("{0} was created in {1}.").format(pair[1], self._holder.name(Side.B)), Tone.GOOD)
        self.new_name.clear()
        self._holder.change(lambda setup: setup.with_entity(pair[0], pair[1]))
        self._reload()

    # Suggestions.

    def _reload(self) -> None:
        endpoints, configurations = self._holder.application.endpoints, self._holder.application.configurations
        a, b = self._loaded_for
        self._loading.ask(lambda: (endpoints.structures(a), endpoints.structures(b)))
        self._suggesting.ask(lambda: configurations.suggest_entities(a, b))

    @Slot(object)
    def _loaded(self, answer: object) -> None:
        if isinstance(answer, tuple):
            self._summaries = {Side.A: answer[0], Side.B: answer[1]}
        self.refresh()

    @Slot(object)
    def _suggestions_came(self, answer: object) -> None:
        if isinstance(answer, tuple):
            self._suggested = answer
        self.refresh()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._loaded_for = ("", "")
        self.notice.say(problem(error))
        self.refresh()

    @Slot(object)
    def _add_suggested(self, pair: object) -> None:
        if isinstance(pair, tuple):
            self._holder.change(lambda setup: setup.with_entity(pair[0], pair[1]))

    @Slot(object)
    def _remove(self, place: object) -> None:
        if isinstance(place, int):
            self._holder.change(lambda setup: setup.without_entity(place))

    @Slot()
    def _add_all(self) -> None:
        setup = self._holder.setup
        for a, b, score in self._suggested:
            if score >= SURE and all(e.structures.a != a and e.structures.b != b for e in setup.configuration.entities):
                setup = setup.with_entity(a, b)
        self._holder.put(setup)
