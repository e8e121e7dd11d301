"""A step of the user's own: its form by kind, what is wrong with it, and what it does to real records meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QScrollArea, QVBoxLayout, QWidget

from desktop_sync.core.configuration import (
    PipelineStep,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.finding import Level
from desktop_sync.core.pipeline import KINDS, needs_approval
from desktop_sync.core.pipeline_check import check_steps
from desktop_sync.services.views import RecordTrace, StepOutcome, StepTrace
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, SPACE_XL
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.step_words import kind_title, outcome_tone, outcome_word, source_of, tr
from desktop_sync.ui.views.field_columns import exact, shown
from desktop_sync.ui.views.step_form import StepForm
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import fitting

PAUSE_MS = 400
LEAST_WIDTH = 680
MOST_HEIGHT = 640
BESIDE_FORM = 220
"""Pixels of height that title, samples and buttons need; on a low screen the form between them is scrolled."""
_Sample = tuple[RecordTrace, StepTrace | None]
A_LIST = ""


class StepDialog(QDialog):
    """`entered` carries the step, and the name that it had before (empty: it is new)."""

    entered = Signal(object, str)

    def __init__(
        self,
        context: WindowContext,
        configuration: SyncConfiguration,
        step: PipelineStep,
        *,
        is_new: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._configuration = configuration
        self._step = step
        self._was = "" if is_new else step.name
        self.form = StepForm(configuration, step, is_new=is_new)
        self.form.edited.connect(self._look)
        self.rule = self.form.rule
        title = kind_title(step.kind) if is_new else step.name
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(LEAST_WIDTH if self.rule.is_about_records else 520)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._try)
        self._latest = Latest(context.jobs, self)
        self._latest.arrived.connect(self._tried)
        self._latest.failed.connect(self._not_tried)
        self._plugins = Latest(context.jobs, self)
        self._plugins.arrived.connect(self._show_plugins)
        self._lay_out(title)
        if self.form.needs_plugins:
            self._plugins.ask(self._offered_plugins)
        self._look()

    def _lay_out(self, title: str) -> None:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(title)
        scroll.setWidget(self.form)
        room = fitting(QSize(LEAST_WIDTH, MOST_HEIGHT)).height() - BESIDE_FORM
        scroll.setMinimumHeight(min(self.form.sizeHint().height() + SPACE_M, room))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_S)
        layout.addWidget(label(title, "heading"))
        layout.addWidget(label(tr(self.rule.what), "secondary", wraps=True))
        layout.addSpacing(SPACE_S)
        layout.addWidget(scroll, 1)
        self.samples = ListTableModel(self._sample_columns(), self)
        self.samples_view = ListView(
            self.samples, self._context.theme, self.tr("What it does to the first records"), fits_rows=True
        )
        self._sample_text = label(self.tr("What it does to the first records"), "section", wraps=True)
        if self.rule.is_about_records:
            layout.addWidget(self._sample_text)
            layout.addWidget(self.samples_view)
        cancel = button(self.tr("&Cancel"))
        cancel.clicked.connect(self.reject)
        self.accept_button = button(self.tr("&Save step"), "primary")
        self.accept_button.setDefault(True)
        self.accept_button.clicked.connect(self._enter)
        layout.addSpacing(SPACE_L)
        layout.addLayout(row(0, cancel, self.accept_button))

    def _sample_columns(self) -> tuple[Column[_Sample], ...]:
        values: tuple[Column[_Sample], ...] = (
            _sample_column("before", self.tr("Before"), 150, lambda one: _values(one[1], is_after=False)),
            _sample_column("after", self.tr("After"), 150, lambda one: _values(one[1], is_after=True)),
        )
        if self._step.kind in (StepKind.FILTER, StepKind.VALIDATE):
            values = (_sample_column("values", self.tr("Values"), 300, lambda one: _pulled(one[0])),)
        return (
            value_column("record", self.tr("Record"), lambda one: one[0].record_id, 90),
            *values,
            Column(
                "outcome",
                self.tr("Result"),
                lambda one: outcome_word(one[1]),
                110,
                tone=lambda one: outcome_tone(one[1]),
            ),
            Column("why", self.tr("Why"), lambda one: one[1].detail if one[1] is not None else "", 150),
        )

    def _offered_plugins(self) -> tuple[str, ...]:
        """In a worker."""
        return self._context.application.plugins.names()

    @Slot(object)
    def _show_plugins(self, names: tuple[str, ...]) -> None:
        self.form.offer_plugins(names)
        self._look()

    def with_step(self) -> SyncConfiguration:
        """The configuration with the step as the inputs have it, switched on."""
        step = replace(self.step, enabled=True)
        steps = self._configuration.steps
        if self._was:
            changed = tuple(step if one.kind in KINDS and one.name == self._was else one for one in steps)
        else:
            changed = (*steps, step)
        return replace(self._configuration, steps=changed)

    @property
    def step(self) -> PipelineStep:
        """The step as the inputs have it."""
        return self.form.step

    @Slot()
    def _look(self) -> None:
        self.form.show_what_applies()
        configuration = self.with_step()
        place = next(i for i, one in enumerate(configuration.steps) if one == replace(self.step, enabled=True))
        wrong: dict[str, str] = {}
        for finding in check_steps(configuration):
            head, number, key = finding.path.split(".", 2)
            if finding.level is Level.ERROR and (head, number) == ("step", str(place)):
                wrong.setdefault(key, _sentence(finding.message))
        self.form.say(wrong)
        self.accept_button.setEnabled(not wrong)
        self._latest.forget()
        if not wrong and self.rule.is_about_records and not needs_approval(self.step):
            self._timer.start()
        else:
            self._timer.stop()
            self.samples.show(())
            self.samples_view.hide()
            waits = self.tr("Fill in the form, and what it does to the first records stands here.")
            allowed = self.tr("What it does is seen once it is saved and switched on.")
            self._sample_text.setText(allowed if needs_approval(self.step) else waits)

    @Slot()
    def _try(self) -> None:
        step = self.step
        ask = self._context.application.traces.sample
        self._latest.ask(partial(ask, self.with_step(), step.entity, source_of(step.direction)))

    @Slot(object)
    def _tried(self, traces: tuple[RecordTrace, ...]) -> None:
        name = self.step.name
        rows = []
        for trace in traces:
            own = [one for one in trace.steps if one.row.step is not None and one.row.step.name == name]
            rows.append((trace, own[0] if own else None))
        self.samples.show(rows)
        self.samples_view.setVisible(bool(rows))
        self._sample_text.setText(
            self.tr("What it does to the first records") if rows else self.tr("There is no record to try it on.")
        )

    @Slot(object)
    def _not_tried(self, error: object) -> None:
        key = "condition" if "condition" in self.form.rows else "expression"
        if isinstance(error, ExpressionError) and key in self.form.rows:
            self.form.rows[key].say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
            self.accept_button.setEnabled(False)
        else:
            self._sample_text.setText(problem(error))
        self.samples_view.hide()

    @Slot()
    def _enter(self) -> None:
        step = self.step
        self.entered.emit(step, self._was)
        self.accept()


def _sample_column(key: str, title: str, width: int, values: Callable[[_Sample], list[str | None]]) -> Column[_Sample]:
    """The values of a record, beside one another."""
    return Column(
        key,
        title,
        lambda one: ", ".join(map(exact, values(one))),
        width,
        seen=lambda one: ", ".join(map(shown, values(one))),
    )


def _pulled(trace: RecordTrace) -> list[str | None]:
    """The values that the record came with."""
    changes = trace.steps[0].changes if trace.steps else ()
    for one in trace.steps:
        if one.row.kind is StepKind.PULL:
            changes = one.changes
    return [change.after for change in changes[:4]]


def _values(trace: StepTrace | None, *, is_after: bool) -> list[str | None]:
    if trace is None or trace.outcome in (StepOutcome.STOPPED, StepOutcome.NOT_REACHED):
        return []
    return [change.after if is_after else change.before for change in trace.changes]


def _sentence(message: str) -> str:
    """The finding without the step's name, which stands above it."""
    text = message.partition(": ")[2] or message
    return f"{text[:1].upper()}{text[1:]}"
