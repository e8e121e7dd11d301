"""When a configuration runs by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time
from functools import partial

from PySide6.QtCore import QCoreApplication, QLocale, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.schedule import MOST_DAYS, Schedule, ScheduleKind
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import problem, schedule_sentence
from desktop_sync.ui.text.times import full_time, language
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, card, label, restyle, row

LONGEST_INTERVAL_MIN = 7 * 24 * 60


def tr(text: str) -> str:
    return QCoreApplication.translate("schedule", text)


class NoTimeOfDayError(ValueError):
    """A text that should be times of day is not."""


def parse_times(text: str) -> tuple[time, ...]:
    """ "9:00, 18:30" as times. Raises NoTimeOfDayError where a part is none, or there is none at all."""
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    if not parts:
        raise NoTimeOfDayError(text)
    found = []
    for part in parts:
        matched = re.fullmatch(r"(\d{1,2}):(\d{2})", part)
        if matched is None:
            raise NoTimeOfDayError(part)
        try:
            found.append(time(int(matched[1]), int(matched[2])))
        except ValueError as error:
            raise NoTimeOfDayError(part) from error
    return tuple(sorted(set(found)))


def save_schedule(application: Application, name: str, schedule: Schedule) -> SyncConfiguration:
    """The newest version of the configuration has that schedule; in a worker."""
    return application.configurations.save(replace(application.configurations.get(name), schedule=schedule))


class SchedulePage(QScrollArea):
    """`changed` comes when the schedule was saved."""

    changed = Signal()

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._content: PageContent | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Schedule"))
        self._group = QButtonGroup(self)
        self.kinds: dict[ScheduleKind, QRadioButton] = {}
        self.minutes = QSpinBox()
        self.minutes.setRange(1, LONGEST_INTERVAL_MIN)
        self.minutes.setValue(15)
        self.minutes.setAccessibleName(self.tr("Minutes between two runs"))
        self.minutes.setFixedWidth(110)
        self.times = self._edit(self.tr("Times of day"), "09:00, 18:00")
        self.weekly_times = self._edit(self.tr("Times of those days"), "09:00")
        self.cron = self._edit(self.tr("Cron expression"), "0 6 * * 1-5")
        self.days = [QCheckBox(language().dayName(day, QLocale.FormatType.ShortFormat)) for day in range(1, 8)]
        for number, day in enumerate(self.days, 1):
            day.setAccessibleName(language().dayName(number))
            day.toggled.connect(self._look)
        self.incremental = QCheckBox(self.tr("Look only at what was &modified since the last run"))
        self.incremental.toggled.connect(self._look)
        self.full_days = QSpinBox()
        self.full_days.setRange(1, MOST_DAYS)
        self.full_days.setAccessibleName(self.tr("Days between two complete comparisons"))
        self.full_days.setFixedWidth(90)
        self.full_days.valueChanged.connect(self._look)
        self.problem = label("", "problem", wraps=True)
        self.problem.hide()
        self.next = label("", "strong")
        self._sentence = label("", "secondary", wraps=True)
        self.message = MessageBar(context.theme)
        self.save_button = button(self.tr("&Save schedule"), "primary")
        self.save_button.clicked.connect(self.save)
        self._group.buttonToggled.connect(self._look)
        self.minutes.valueChanged.connect(self._look)
        self._lay_out()

    def _edit(self, name: str, example: str) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(name)
        made.setPlaceholderText(example)
        made.setFixedWidth(220)
        made.textChanged.connect(self._look)
        return made

    def _radio(self, kind: ScheduleKind, text: str) -> QRadioButton:
        made = QRadioButton(text)
        made.setAccessibleName(text.replace("&", ""))
        self.kinds[kind] = made
        self._group.addButton(made)
        return made

    def _lay_out(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        indent = 26
        choices = card(
            label(self.tr("When it runs"), "heading"),
            self._radio(ScheduleKind.MANUAL, self.tr("Only &by hand")),
            row(
                self._radio(ScheduleKind.INTERVAL, self.tr("&Every")),
                self.minutes,
                label(self.tr("minutes")),
                0,
            ),
            row(self._radio(ScheduleKind.DAILY, self.tr("&Daily at")), self.times, 0),
            self._radio(ScheduleKind.WEEKLY, self.tr("On these da&ys")),
            row(indent, *self.days, label(self.tr("at")), self.weekly_times, 0, spacing=SPACE_M),
            row(
                self._radio(ScheduleKind.CRON, self.tr("&Cron expression")),
                self.cron,
                label(self.tr("minute, hour, day, month, weekday"), "caption"),
                0,
            ),
            self.problem,
            spacing=SPACE_M,
        )
        depth = card(
            label(self.tr("What it looks at"), "heading"),
            self.incremental,
            row(
                indent,
                label(self.tr("and compare everything at least once in")),
                self.full_days,
                label(self.tr("days")),
                0,
                spacing=SPACE_M,
            ),
            label(
                self.tr(
                    "Faster with large tables. Only a complete comparison finds deletions there, and edits that left "
                    "the date of the change as it was. Structures without such a date are always compared completely."
                ),
                "caption",
                wraps=True,
            ),
            spacing=SPACE_M,
        )
        hint = self.tr("Missed runs, for example while the machine slept, are made up once.")
        following = card(
            row(label(self.tr("Next run"), "heading"), 0, self.save_button),
            self.next,
            self._sentence,
            label(hint, "caption", wraps=True),
        )
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, SPACE_L, SPACE_S, SPACE_L)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.message)
        layout.addWidget(following)
        layout.addWidget(choices)
        layout.addWidget(depth)
        layout.addStretch(1)
        self.setWidget(page)

    def show_content(self, content: PageContent) -> None:
        """The form shows the saved schedule, unless a person is changing it."""
        before = self._content
        self._content = content
        now = content.now
        schedule = content.configuration.schedule
        if not content.configuration.enabled:
            self.next.setText(self.tr("Switched off"))
        elif schedule.kind is not ScheduleKind.MANUAL and not content.runs:
            self.next.setText(self.tr("After the first run, which you start by hand"))
        elif content.next_run_at is None:
            self.next.setText(self.tr("None scheduled"))
        else:
            self.next.setText(full_time(content.next_run_at, now))
        self._sentence.setText(schedule_sentence(schedule))
        if before is None or before.configuration.schedule != schedule:
            self._fill(schedule)
        self._look()

    def _fill(self, schedule: Schedule) -> None:
        self.kinds[schedule.kind].setChecked(True)
        if schedule.interval_minutes:
            self.minutes.setValue(schedule.interval_minutes)
        text = ", ".join(f"{at:%H:%M}" for at in schedule.times)
        if schedule.kind is ScheduleKind.WEEKLY:
            self.weekly_times.setText(text)
        elif schedule.kind is ScheduleKind.DAILY:
            self.times.setText(text)
        for number, day in enumerate(self.days):
            day.setChecked(number in schedule.weekdays)
        self.cron.setText(schedule.cron)
        self.incremental.setChecked(schedule.is_incremental)
        self.full_days.setValue(schedule.full_every_days)

    def entered(self) -> Schedule:
        """What the form says. Raises ValueError with a sentence where it says nothing usable."""
        schedule = self._when()
        if schedule.kind is ScheduleKind.MANUAL:
            return schedule
        return replace(schedule, is_incremental=self.incremental.isChecked(), full_every_days=self.full_days.value())

    def _when(self) -> Schedule:
        kind = next((kind for kind, radio in self.kinds.items() if radio.isChecked()), ScheduleKind.MANUAL)
        if kind is ScheduleKind.INTERVAL:
            return Schedule(kind, interval_minutes=self.minutes.value())
        if kind in (ScheduleKind.DAILY, ScheduleKind.WEEKLY):
            edit = self.times if kind is ScheduleKind.DAILY else self.weekly_times
            try:
                times = parse_times(edit.text())
            except NoTimeOfDayError as error:
                raise ValueError(self.tr("Write times of day like 09:00, 18:30.")) from error
            weekdays = tuple(number for number, day in enumerate(self.days) if day.isChecked())
            if kind is ScheduleKind.WEEKLY and not weekdays:
                raise ValueError(self.tr("Choose at least one day."))
            return Schedule(kind, times=times, weekdays=weekdays if kind is ScheduleKind.WEEKLY else ())
        if kind is ScheduleKind.CRON:
            if len(self.cron.text().split()) != 5:
                raise ValueError(self.tr("A cron expression has five fields."))
            return Schedule(kind, cron=" ".join(self.cron.text().split()))
        return Schedule()

    @Slot()
    def _look(self) -> None:
        if len(self.kinds) < 5 or self._content is None:
            return
        chosen = {kind: radio.isChecked() for kind, radio in self.kinds.items()}
        self.minutes.setEnabled(chosen[ScheduleKind.INTERVAL])
        self.times.setEnabled(chosen[ScheduleKind.DAILY])
        self.cron.setEnabled(chosen[ScheduleKind.CRON])
        self.incremental.setEnabled(not chosen[ScheduleKind.MANUAL])
        self.full_days.setEnabled(self.incremental.isEnabled() and self.incremental.isChecked())
        for control in (*self.days, self.weekly_times):
            control.setEnabled(chosen[ScheduleKind.WEEKLY])
        try:
            differs = self.entered() != self._content.configuration.schedule
            wrong = ""
        except ValueError as error:
            differs, wrong = False, str(error)
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        for edit in (self.times, self.weekly_times, self.cron):
            restyle(edit, "problem", "true" if wrong and edit.isEnabled() else "false")
        self.save_button.setEnabled(differs)

    @Slot()
    def save(self) -> None:
        if self._content is None:
            return
        self.save_button.setEnabled(False)
        name = self._content.configuration.name
        job = self._context.jobs.start(partial(save_schedule, self._context.application, name, self.entered()))
        job.finished.connect(self._saved)
        job.failed.connect(self._failed)

    @Slot()
    def _saved(self) -> None:
        self.message.say(self.tr("The schedule is saved."), Tone.GOOD)
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
        self._look()
