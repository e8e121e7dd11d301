"""The pipeline of a configuration: its steps in the order of their turn, and what they do to a sample record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Direction, PipelineStep, StepKind, SyncConfiguration
from desktop_sync.core.pipeline import KINDS, OWN_KINDS, PipelineRow, moved, pipeline
from desktop_sync.services.views import RecordTrace, StepTrace
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.step_words import (
    concern,
    kind_title,
    outcome_tone,
    outcome_word,
    source_of,
    state_tone,
    state_word,
    way,
    what_it_does,
)
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.field_columns import history_columns
from desktop_sync.ui.views.step_desk import StepDesk
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.widgets.screen import TallArea, tab_room


def tr(text: str) -> str:
    return QCoreApplication.translate("steps", text)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A line of the list: the step, and what it does to the sample record that is shown."""

    row: PipelineRow
    place: int
    trace: StepTrace | None


LEAST_HEIGHT = 460
"""Pixels, so that the list of steps and a sample record can both be read."""


class StepsPage(QWidget):
    """`changed` comes when steps were saved."""

    changed = Signal()

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._names = names
        self._configuration: SyncConfiguration | None = None
        self._samples: tuple[RecordTrace, ...] = ()
        self._shown = 0
        self._chosen: tuple[StepKind, str] = (StepKind.PULL, "")
        self._desk = StepDesk(context, self)
        self._desk.entered.connect(self._entered)
        self._desk.saved.connect(self._saved)
        self._desk.failed.connect(self._failed)
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._sampled)
        self._read.failed.connect(self._not_sampled)
        self.entity: ChoiceBox[str] = ChoiceBox(self.tr("Entity"))
        self.entity.activated.connect(self._look)
        self.direction: ChoiceBox[Direction] = ChoiceBox(self.tr("Direction"))
        self.direction.activated.connect(self._look)
        for box in (self.entity, self.direction):
            box.setMaximumWidth(220)
        self.message = MessageBar(context.theme)
        self.steps = ListTableModel(self._columns(), self)
        self.view = ListView(self.steps, context.theme, self.tr("Steps in the order of their turn"))
        self.view.selectionModel().currentRowChanged.connect(self._choose)
        self.view.doubleClicked.connect(self.edit)
        self.fields = ListTableModel(history_columns(names, None), self)
        self.fields_view = ListView(self.fields, context.theme, self.tr("Fields before and after the step"))
        self.fields_view.setMinimumHeight(90)
        self._make_buttons()
        self._lay_out()

    def _columns(self) -> tuple[Column[StepRow], ...]:
        return (
            Column("step", tr("Step"), lambda one: f"{one.place}.  {one.row.title}", 150),
            Column("what", tr("What it does"), lambda one: what_it_does(one.row), 300),
            Column("about", tr("About"), self._about, 110),
            Column("state", tr("State"), lambda one: state_word(one.row), 100, tone=lambda one: state_tone(one.row)),
            Column(
                "sample",
                tr("Sample record"),
                lambda one: outcome_word(one.trace),
                110,
                tone=lambda one: outcome_tone(one.trace),
            ),
        )

    def _about(self, one: StepRow) -> str:
        return concern(self._configuration, one.row.step) if self._configuration is not None else ""

    def _make_buttons(self) -> None:
        self.add_button = button(self.tr("&Add step"), "primary")
        menu = QMenu(self)
        for kind in OWN_KINDS:
            action = menu.addAction(kind_title(kind) + "…")
            action.setToolTip(tr(KINDS[kind].what))
            action.setData(kind)
            action.triggered.connect(self._add_chosen)
        menu.setToolTipsVisible(True)
        self.add_button.setProperty("menu", True)
        self.add_button.setMenu(menu)
        self.edit_button = button(self.tr("&Edit…"))
        self.edit_button.clicked.connect(self.edit)
        self.up_button = button(self.tr("Move &up"))
        self.up_button.clicked.connect(self.move_up)
        self.down_button = button(self.tr("Move &down"))
        self.down_button.clicked.connect(self.move_down)
        self.switch_button = button(self.tr("S&witch off"))
        self.switch_button.clicked.connect(self.switch)
        self.remove_button = button(self.tr("&Remove…"), "danger")
        self.remove_button.clicked.connect(self.remove)
        for keys, act in (("Alt+Up", self.move_up), ("Alt+Down", self.move_down), ("Del", self.remove)):
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(act)
            self.view.addAction(action)
        self.previous_button = button(self.tr("&Previous record"), "quiet")
        self.previous_button.clicked.connect(self._show_previous)
        self.next_button = button(self.tr("&Next record"), "quiet")
        self.next_button.clicked.connect(self._show_next)

    def _lay_out(self) -> None:
        self._why = label("", "secondary", wraps=True)
        self._sample_title = label(self.tr("On a sample record"), "heading")
        self._sample_text = label("", "secondary", wraps=True)
        sample = card(
            row(self._sample_title, 0, self.previous_button, self.next_button),
            self._sample_text,
            self.fields_view,
            0,
            spacing=SPACE_S,
        )
        upper = QWidget()
        inner = QVBoxLayout(upper)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACE_S)
        inner.addWidget(self.view, 1)
        inner.addWidget(self._why)
        buttons = (self.edit_button, self.up_button, self.down_button, self.switch_button, self.remove_button)
        inner.addLayout(row(*buttons, 0))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(upper)
        splitter.addWidget(sample)
        splitter.setSizes([420, 190])
        splitter.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        explained = label(
            self.tr("Every record goes through these steps, from the first to the last."), "secondary", wraps=True
        )
        head = row(explained, self.entity, self.direction, self.add_button, spacing=SPACE_M)
        head.setStretch(0, 1)
        layout.addLayout(head)
        layout.addWidget(self.message)
        layout.addWidget(TallArea(splitter, LEAST_HEIGHT, self.tr("Steps and a sample record")), 1)
        tab_room(self, self._context.theme)

        # Content

    def show_content(self, content: PageContent) -> None:
        """The steps are those of the configuration; the sample record is read again."""
        self._configuration = self._desk.configuration = content.configuration
        entities = [entity.name for entity in content.configuration.entities]
        self.entity.offer([(name, name) for name in entities])
        if self.entity.value is None and entities:
            self.entity.choose(entities[0])
        self.entity.setVisible(len(entities) > 1)
        self._look()

    @Slot()
    def _look(self) -> None:
        configuration, name = self._configuration, self.entity.value
        entity = configuration.entity(name) if configuration is not None and name else None
        if configuration is None or entity is None:
            return
        ways = [one for one in (Direction.A_TO_B, Direction.B_TO_A) if entity.direction.flows_from(source_of(one))]
        self.direction.offer([(way(configuration, one), one) for one in ways])
        if self.direction.value is None and ways:
            self.direction.choose(ways[0])
        self._samples, self._shown = (), 0
        self._show_rows()
        source = source_of(self.direction.value or Direction.A_TO_B)
        traces = self._context.application.traces
        self._read.ask(partial(traces.sample, configuration, entity.name, source))

    @Slot(object)
    def _sampled(self, samples: tuple[RecordTrace, ...]) -> None:
        self._samples = samples
        self._shown = min(self._shown, max(0, len(samples) - 1))
        self._show_rows()

    @Slot(object)
    def _not_sampled(self, error: object) -> None:
        self._sample_text.setText(self.tr("No sample record: {0}").format(problem(error)))

    def _show_rows(self) -> None:
        if self._configuration is None:
            return
        rows = pipeline(self._configuration, self.entity.value or "")
        sample = self._samples[self._shown] if self._samples else None
        traces = {_key(trace.row): trace for trace in sample.steps} if sample is not None else {}
        self.steps.show([StepRow(one, place, traces.get(_key(one))) for place, one in enumerate(rows, 1)])
        chosen = next((i for i, one in enumerate(rows) if _key(one) == self._chosen), 0)
        self.view.selectRow(chosen)
        self._show_chosen()

    @Slot()
    def _choose(self) -> None:
        chosen = self.chosen
        if chosen is not None:
            self._chosen = _key(chosen.row)
            self._show_chosen()

    @property
    def chosen(self) -> StepRow | None:
        place = self.view.currentIndex().row()
        return self.steps.rows[place] if 0 <= place < len(self.steps.rows) else None

    def _show_chosen(self) -> None:
        chosen, configuration = self.chosen, self._configuration
        if chosen is None or configuration is None:
            return
        step = chosen.row.step
        self.edit_button.setEnabled(step is not None)
        self.remove_button.setEnabled(step is not None)
        for control, by in ((self.up_button, -1), (self.down_button, 1)):
            can_move = step is not None and moved(configuration.steps, step.name, by) != configuration.steps
            control.setEnabled(can_move)
        self.switch_button.setEnabled(not chosen.row.locked)
        self.switch_button.setText(self.tr("S&witch off") if chosen.row.enabled else self.tr("S&witch on"))
        self.switch_button.setAccessibleName(self.switch_button.text().replace("&", ""))
        why = ""
        if chosen.row.locked:
            why = self.tr("This step always takes part: {0}.").format(tr(chosen.row.locked))
        elif step is None:
            why = tr(chosen.row.what)
        self._why.setText(why or tr(KINDS[chosen.row.kind].what))
        self._show_sample(chosen.trace)

    def _show_sample(self, trace: StepTrace | None) -> None:
        sample = self._samples[self._shown] if self._samples else None
        many = len(self._samples)
        self.previous_button.setEnabled(self._shown > 0)
        self.next_button.setEnabled(self._shown + 1 < many)
        self.fields.show(trace.changes if trace is not None else ())
        self.fields_view.setVisible(bool(trace is not None and trace.changes))
        if sample is None:
            waits = self._read.is_waiting
            self._sample_text.setText(self.tr("Reading…") if waits else self.tr("There is no record to show."))
            return
        head = self.tr("Record {0} of {1}: {2}").format(self._shown + 1, many, sample.record_id)
        detail = trace.detail if trace is not None else ""
        said = detail or (outcome_word(trace) if trace is not None else "")
        self._sample_text.setText(f"{head}   ·   {said}" if said else head)

    @Slot()
    def _show_previous(self) -> None:
        self._shown = max(0, self._shown - 1)
        self._show_rows()

    @Slot()
    def _show_next(self) -> None:
        self._shown = min(len(self._samples) - 1, self._shown + 1)
        self._show_rows()

    # What a person does

    @Slot(object, str)
    def _entered(self, kind: StepKind, name: str) -> None:
        self._chosen = (kind, name)

    @Slot(object)
    def _saved(self, configuration: SyncConfiguration) -> None:
        self.message.clear()
        self._configuration = configuration
        self._look()
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    @Slot()
    def _add_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.add(StepKind(action.data()))

    def add(self, kind: StepKind) -> None:
        """A dialog for a new step of that kind is open."""
        self._desk.add(kind, self.entity.value or "", self.direction.value or Direction.A_TO_B)

    def open_step(self, name: str) -> None:
        """That step is chosen, and the dialog to mend it is open; nothing where it is gone."""
        steps = self._configuration.steps if self._configuration is not None else ()
        step = next((one for one in steps if one.kind in KINDS and one.name == name), None)
        if step is None:
            return
        if step.entity:
            self.entity.choose(step.entity)
        self._chosen = (step.kind, step.name)
        self._look()
        if step.direction is not Direction.BOTH:
            self.direction.choose(step.direction)
            self._look()
        self.edit()

    @property
    def _own(self) -> PipelineStep | None:
        return self.chosen.row.step if self.chosen is not None else None

    @Slot()
    def edit(self) -> None:
        """A dialog for the chosen step is open; standard steps have nothing to edit."""
        if self._own is not None:
            self._desk.edit(self._own)

    @Slot()
    def move_up(self) -> None:
        if self._own is not None:
            self._desk.move(self._own, -1)

    @Slot()
    def move_down(self) -> None:
        if self._own is not None:
            self._desk.move(self._own, 1)

    @Slot()
    def switch(self) -> None:
        if self.chosen is not None:
            self._desk.switch(self.chosen.row)

    @Slot()
    def remove(self) -> None:
        if self._own is not None:
            self._desk.remove(self._own)


def _key(row: PipelineRow) -> tuple[StepKind, str]:
    return row.kind, row.step.name if row.step is not None else ""
