"""At which times something runs by itself: the form of one schedule."""

from __future__ import annotations

import re
from datetime import time

from PySide6.QtCore import QLocale, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QRadioButton, QWidget

from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.ui.palette import SPACE_M
from desktop_sync.ui.text.times import language
from desktop_sync.ui.widgets.interval_box import IntervalBox
from desktop_sync.ui.widgets.parts import column, label, restyle, row

_INDENT = 26


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


class ScheduleTimes(QWidget):
    """`changed` follows every input. `about` begins the names that screen readers say; with `rests`, an interval may
    wait longer while nothing changes."""

    changed = Signal()

    def __init__(self, about: str, *, rests: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._about = about
        self._rests = rests
        self._group = QButtonGroup(self)
        self.kinds: dict[ScheduleKind, QRadioButton] = {}
        self.every = self._interval_box(self.tr("Time between two runs"), 15)
        self.idle = QCheckBox(self.tr("While nothing changes, &wait longer: up to"))
        self.idle.toggled.connect(self._look)
        self.longest = self._interval_box(self.tr("Most time between two runs"), 60)
        self.times = self._edit(self.tr("Times of day"), "09:00, 18:00")
        self.weekly_times = self._edit(self.tr("Times of those days"), "09:00")
        self.cron = self._edit(self.tr("Cron expression"), "0 6 * * 1-5")
        self.days = [QCheckBox(language().dayName(day, QLocale.FormatType.ShortFormat)) for day in range(1, 8)]
        for number, day in enumerate(self.days, 1):
            day.setAccessibleName(f"{about}: {language().dayName(number)}")
            day.toggled.connect(self._look)
        self.problem = label("", "problem", wraps=True)
        self.problem.hide()
        self._lay_out()
        self._group.buttonToggled.connect(self._look)
        self.kinds[ScheduleKind.MANUAL].setChecked(True)

    def _interval_box(self, name: str, minutes: int) -> IntervalBox:
        made = IntervalBox(f"{self._about}: {name}", minutes)
        made.changed.connect(self._look)
        return made

    def _edit(self, name: str, example: str) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(f"{self._about}: {name}")
        made.setPlaceholderText(example)
        made.setFixedWidth(220)
        made.textChanged.connect(self._look)
        return made

    def _radio(self, kind: ScheduleKind, text: str) -> QRadioButton:
        made = QRadioButton(text)
        made.setAccessibleName(f"{self._about}: {text.replace('&', '')}")
        self.kinds[kind] = made
        self._group.addButton(made)
        return made

    def _lay_out(self) -> None:
        every = row(self._radio(ScheduleKind.INTERVAL, self.tr("&Every")), self.every, 0)
        rest = row(_INDENT, self.idle, self.longest, 0, spacing=SPACE_M)
        daily = row(self._radio(ScheduleKind.DAILY, self.tr("&Daily at")), self.times, 0)
        weekly = self._radio(ScheduleKind.WEEKLY, self.tr("On these da&ys"))
        days = row(_INDENT, *self.days, 0, spacing=SPACE_M)
        at = row(_INDENT, label(self.tr("at")), self.weekly_times, 0)
        cron = row(self._radio(ScheduleKind.CRON, self.tr("&Cron expression")), self.cron, 0)
        fields = row(_INDENT, label(self.tr("minute, hour, day, month, weekday"), "caption"), 0)
        manual = self._radio(ScheduleKind.MANUAL, self.tr("Only &by hand"))
        rests = (rest,) if self._rests else ()
        parts = (manual, every, *rests, daily, weekly, days, at, cron, fields, self.problem)
        self.setLayout(column(*parts, spacing=SPACE_M))

    def fill(self, schedule: Schedule) -> None:
        """The inputs show the schedule."""
        self.kinds[schedule.kind].setChecked(True)
        if schedule.interval_minutes:
            self.every.show_minutes(schedule.interval_minutes)
        self.idle.setChecked(schedule.longest_idle_minutes > 0)
        if schedule.longest_idle_minutes:
            self.longest.show_minutes(schedule.longest_idle_minutes)
        text = ", ".join(f"{at:%H:%M}" for at in schedule.times)
        if schedule.kind is ScheduleKind.WEEKLY:
            self.weekly_times.setText(text)
        elif schedule.kind is ScheduleKind.DAILY:
            self.times.setText(text)
        for number, day in enumerate(self.days):
            day.setChecked(number in schedule.weekdays)
        self.cron.setText(schedule.cron)
        self._look()

    @property
    def kind(self) -> ScheduleKind:
        return next((kind for kind, radio in self.kinds.items() if radio.isChecked()), ScheduleKind.MANUAL)

    def entered(self) -> Schedule:
        """What the form says. Raises ValueError with a sentence where it says nothing usable."""
        kind = self.kind
        if kind is ScheduleKind.INTERVAL:
            return self._interval()
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

    def _interval(self) -> Schedule:
        minutes = self.every.minutes
        longest = self.longest.minutes if self._rests and self.idle.isChecked() else 0
        if 0 < longest < minutes:
            raise ValueError(self.tr("While nothing changes it may wait longer than usual, not shorter."))
        return Schedule(ScheduleKind.INTERVAL, interval_minutes=minutes, longest_idle_minutes=longest)

    @Slot()
    def _look(self) -> None:
        chosen = self.kind
        self.every.setEnabled(chosen is ScheduleKind.INTERVAL)
        self.idle.setEnabled(chosen is ScheduleKind.INTERVAL)
        self.longest.setEnabled(chosen is ScheduleKind.INTERVAL and self.idle.isChecked())
        self.times.setEnabled(chosen is ScheduleKind.DAILY)
        self.cron.setEnabled(chosen is ScheduleKind.CRON)
        for control in (*self.days, self.weekly_times):
            control.setEnabled(chosen is ScheduleKind.WEEKLY)
        try:
            self.entered()
            wrong = ""
        except ValueError as error:
            wrong = str(error)
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        for edit in (self.times, self.weekly_times, self.cron):
            restyle(edit, "problem", "true" if wrong and edit.isEnabled() else "false")
        self.changed.emit()
