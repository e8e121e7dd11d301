"""When a configuration runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QVBoxLayout, QWidget

from desktop_sync.core.configuration import RealTime, SyncConfiguration
from desktop_sync.core.schedule import MOST_DAYS, Schedule, ScheduleKind
from desktop_sync.core.triggers import AfterRun, FileArrival
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.palette import SPACE_L, SPACE_M, Tone
from desktop_sync.ui.text.running_sentences import next_run_text, running_text
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.schedule_times import ScheduleTimes
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.page_scroll import PageScroll
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.wizards.configuration.real_time_box import RealTimeBox
from desktop_sync.ui.wizards.configuration.triggers_box import TriggersBox

_INDENT = 26
LEAST_HINT_WIDTH = 420


@dataclass(frozen=True, slots=True)
class Running:
    """All that the page says of a configuration."""

    schedule: Schedule
    process_schedule: Schedule | None
    real_time: Mapping[str, RealTime]
    after_runs: tuple[AfterRun, ...]
    file_arrivals: tuple[FileArrival, ...]

    def of(self, configuration: SyncConfiguration) -> SyncConfiguration:
        """The configuration, running so."""
        entities = tuple(
            replace(entity, real_time=self.real_time.get(entity.name, entity.real_time))
            for entity in configuration.entities
        )
        return replace(
            configuration,
            schedule=self.schedule,
            process_schedule=self.process_schedule,
            after_runs=self.after_runs,
            file_arrivals=self.file_arrivals,
            entities=entities,
        )


def save_running(application: Application, name: str, running: Running, shown: Running) -> bool:
    """Whether the newest version of the configuration runs so: not where another schedule than the one that was shown
    was saved meanwhile. In a worker."""
    newest = application.configurations.get(name)
    if _running(newest) not in (shown, running):
        return False
    application.configurations.save(running.of(newest))
    return True


class SchedulePage(PageScroll):
    """`changed` comes when the schedule was saved."""

    changed = Signal()
    saved = Signal(bool)
    """Follows each try to save, and says whether it was."""

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._content: PageContent | None = None
        self._saving: Running | None = None
        self._as_filled: Running | None = None
        self._carried: Running | None = None
        self.setAccessibleName(self.tr("Schedule"))
        self.times = ScheduleTimes(self.tr("When it runs"), rests=True)
        self.splits = QCheckBox(self.tr("Process at &times of its own: until then, what is found waits in the queue"))
        self.process_times = ScheduleTimes(self.tr("When it processes"), rests=False)
        self.incremental = QCheckBox(self.tr("Look only at what was &modified since the last run"))
        self.full_days = NumberBox(1, MOST_DAYS)
        self.full_days.setAccessibleName(self.tr("Days between two complete comparisons"))
        self.full_days.setFixedWidth(90)
        self.real_time = RealTimeBox()
        self.triggers = TriggersBox()
        self.problem = label("", "problem", wraps=True)
        self.problem.hide()
        self.next = label("", "strong")
        self.waits = _hint("", "secondary")
        self.sentence = _hint("", "secondary")
        self.message = MessageBar(context.theme)
        self.elsewhere = MessageBar(context.theme, closable=False)
        self.take_saved_button = self.elsewhere.add_button(self.tr("Show what is sa&ved"))
        self.take_saved_button.clicked.connect(self.revert)
        self.save_button = button(self.tr("&Save schedule"), "primary")
        self.save_button.clicked.connect(self.save)
        for signal in (self.splits.toggled, self.incremental.toggled, self.full_days.valueChanged):
            signal.connect(self._look)
        for box in (self.times, self.process_times, self.real_time, self.triggers):
            box.changed.connect(self._look)
        self._lay_out()

    def _lay_out(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, SPACE_L, 0, SPACE_L)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.message)
        layout.addWidget(self.elsewhere)
        for part in (self._next_card(), self._times_card(), self._depth_card(), self._real_time_card()):
            layout.addWidget(part)
        layout.addWidget(self._triggers_card())
        layout.addStretch(1)
        self.setWidget(page)

    def _next_card(self) -> QFrame:
        hint = self.tr("Missed runs, for example while the machine slept, are made up once.")
        return card(
            row(label(self.tr("Next run"), "heading"), 0, self.save_button),
            self.next,
            self.waits,
            self.sentence,
            _hint(hint),
        )

    def _times_card(self) -> QFrame:
        self._process_holder = QWidget()
        self._process_holder.setLayout(row(_INDENT, self.process_times))
        return card(
            label(self.tr("When it runs"), "heading"), self.times, self.splits, self._process_holder, spacing=SPACE_M
        )

    def _depth_card(self) -> QFrame:
        return card(
            label(self.tr("What it looks at"), "heading"),
            self.incremental,
            row(
                _INDENT,
                label(self.tr("and compare everything at least once in")),
                self.full_days,
                label(self.tr("days")),
                0,
                spacing=SPACE_M,
            ),
            _hint(
                self.tr(
                    "Faster with large tables. Only a complete comparison finds deletions there, and edits that left "
                    "the date of the change as it was. Structures without such a date are always compared completely."
                )
            ),
            spacing=SPACE_M,
        )

    def _real_time_card(self) -> QFrame:
        hint = self.tr(
            "Files are watched while this window or its tray is open. A change that nobody noticed is found by the "
            "next run of the schedule. So are deletions in large structures of which only what was modified is read."
        )
        return card(
            label(self.tr("In real time"), "heading"),
            self.real_time,
            _hint(hint),
            spacing=SPACE_M,
        )

    def _triggers_card(self) -> QFrame:
        hint = self.tr("A file that is there already has not arrived; one that is changed arrives again.")
        return card(
            label(self.tr("What else starts it"), "heading"),
            self.triggers,
            self.problem,
            _hint(hint),
            spacing=SPACE_M,
        )

    def show_content(self, content: PageContent) -> None:
        """The form shows what is saved, unless a person is changing it. What was saved elsewhere meanwhile is told."""
        before = self._content
        self._content = content
        configuration = content.configuration
        self.next.setText(next_run_text(content.configuration, content.outlook, content.now, bool(content.runs)))
        self.waits.setText(content.outlook.waits_for)
        self.waits.setVisible(bool(content.outlook.waits_for))
        self.sentence.setText(running_text(configuration))
        self.triggers.know(content.others)
        saved = _running(configuration)
        if before is None:
            self._fill(configuration)
            self._take_up_carried(configuration)
        elif not self.is_edited or self._said() == saved:
            if _running(before.configuration) != saved:
                self._fill(configuration)
        elif saved not in (_running(before.configuration), self._as_filled):
            self._as_filled = saved
            self._tell_elsewhere()
        self._look()

    def carry(self, edited: Running) -> None:
        """What a person entered and did not save, on a page that this one stands for now."""
        self._carried = edited

    def _take_up_carried(self, configuration: SyncConfiguration) -> None:
        edited, self._carried = self._carried, None
        if edited is not None:
            saved = self._as_filled
            self._fill(edited.of(configuration))
            self._as_filled = saved

    def _tell_elsewhere(self) -> None:
        self.message.clear()
        text = self.tr(
            "Another schedule was saved elsewhere meanwhile. What you entered here is kept, and replaces it when you "
            "save it."
        )
        self.elsewhere.say(text, Tone.WARNING)

    def _fill(self, configuration: SyncConfiguration) -> None:
        self.times.fill(configuration.schedule)
        self.splits.setChecked(configuration.process_schedule is not None)
        self.process_times.fill(configuration.process_schedule or Schedule())
        self.incremental.setChecked(configuration.schedule.is_incremental)
        self.full_days.setValue(configuration.schedule.full_every_days)
        self.real_time.fill(configuration)
        self.triggers.fill(configuration.after_runs, configuration.file_arrivals)
        self._as_filled = self._said()
        self.elsewhere.clear()

    def entered(self) -> Running:
        """What the form says. Raises ValueError with a sentence where it says nothing usable."""
        schedule = self.times.entered()
        if schedule.kind is not ScheduleKind.MANUAL:
            days, is_incremental = self.full_days.value(), self.incremental.isChecked()
            schedule = replace(schedule, is_incremental=is_incremental, full_every_days=days)
        process = self.process_times.entered() if self.splits.isChecked() else None
        after_runs, file_arrivals = self.triggers.entered()
        if any(not arrival.pattern for arrival in file_arrivals):
            raise ValueError(self.tr("Give the path of the files; * stands for anything in a name."))
        return Running(schedule, process, self.real_time.entered(), after_runs, file_arrivals)

    @property
    def is_edited(self) -> bool:
        """Whether a person changed the form and did not save it, also where it cannot be saved yet."""
        return self._carried is not None or (self._content is not None and self._said() != self._as_filled)

    @property
    def edited(self) -> Running | None:
        """What a person entered and did not save; None too where it is not complete."""
        return self._carried or (self._said() if self.is_edited else None)

    def _said(self) -> Running | None:
        try:
            return self.entered()
        except ValueError:
            return None

    @property
    def can_save(self) -> bool:
        return self.save_button.isEnabled()

    @Slot()
    def revert(self) -> None:
        """The form says what is saved."""
        self._carried = None
        if self._content is not None:
            self._fill(self._content.configuration)
            self._look()

    @Slot()
    def _look(self) -> None:
        if self._content is None:
            return
        self.incremental.setEnabled(self.times.kind is not ScheduleKind.MANUAL)
        self.full_days.setEnabled(self.incremental.isEnabled() and self.incremental.isChecked())
        self._process_holder.setVisible(self.splits.isChecked())
        try:
            differs = self.entered() != _running(self._content.configuration)
            wrong = ""
        except ValueError as error:
            differs, wrong = False, str(error)
        said = {self.times.problem.text(), self.process_times.problem.text()}  # beside their inputs
        self.problem.setText("" if wrong in said else wrong)
        self.problem.setVisible(bool(self.problem.text()))
        self.save_button.setEnabled(differs)

    @Slot()
    def save(self) -> None:
        if self._content is None:
            return
        self.save_button.setEnabled(False)
        shown = self._content.configuration
        self._saving = self.entered()
        save = partial(save_running, self._context.application, shown.name, self._saving, _running(shown))
        job = self._context.jobs.start(save)
        job.finished.connect(self._saved)
        job.failed.connect(self._failed)

    @Slot(object)
    def _saved(self, is_saved: bool) -> None:
        if not is_saved:
            self._tell_elsewhere()
            self.saved.emit(False)
            self.changed.emit()
            return
        self._as_filled = self._saving
        self.elsewhere.clear()
        self.message.say(self.tr("The schedule is saved."), Tone.GOOD)
        self.saved.emit(True)
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
        self._look()
        self.saved.emit(False)


def _hint(text: str, kind: str = "caption") -> QLabel:
    """A small text below what it is about. It is never so narrow that its lines would make the page too high."""
    made = label(text, kind, wraps=True)
    made.setMinimumWidth(LEAST_HINT_WIDTH)
    return made


def _running(configuration: SyncConfiguration) -> Running:
    return Running(
        configuration.schedule,
        configuration.process_schedule,
        {entity.name: entity.real_time for entity in configuration.entities},
        configuration.after_runs,
        configuration.file_arrivals,
    )
