"""When a configuration runs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time

from PySide6.QtCore import QLocale, QRegularExpression, Signal, Slot
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.text.times import counted, time_span
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow, plain_caption
from desktop_sync.ui.widgets.interval_box import IntervalBox
from desktop_sync.ui.widgets.parts import label, row
from desktop_sync.ui.wizards.configuration.words import schedule_kinds

FIRST_TIME = time(6, 0)
FIRST_INTERVAL = 15
FIRST_CRON = "0 6 * * 1-5"


class ScheduleBox(QWidget):
    """`caption` says what the schedule is for, `path` is what findings about it are called."""

    changed = Signal()

    def __init__(self, caption: str, path: str = "schedule", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._shown = Schedule()
        self.kind: ChoiceBox[ScheduleKind] = ChoiceBox()
        self.kind.offer(schedule_kinds())
        self.kind.activated.connect(self._kind_chosen)
        self.every = IntervalBox(self.tr("Every"), FIRST_INTERVAL)
        self.every.changed.connect(self._edited)
        self.times = QLineEdit()
        pattern = QRegularExpression(r"[0-9:,; ]*")
        self.times.setValidator(QRegularExpressionValidator(pattern, self))
        self.times.textEdited.connect(self._edited)
        self.cron = QLineEdit()
        self.cron.textEdited.connect(self._edited)
        self.days = [QCheckBox(QLocale().dayName(day + 1, QLocale.FormatType.ShortFormat)) for day in range(7)]
        self.every_row = FieldRow(self.tr("Every"), self._alone(self.every), focus=self.every.number)
        self.times_row = FieldRow(self.tr("At"), self.times, self.tr("Local time, for example 06:00, 18:30"))
        self.cron_row = FieldRow(self.tr("Cron expression"), self.cron, self.tr("minute hour day month weekday"))
        self._day_line = QWidget()
        day_layout = QHBoxLayout(self._day_line)
        day_layout.setContentsMargins(0, 0, 0, 0)
        day_layout.setSpacing(SPACE_M)
        for day, box in enumerate(self.days):
            box.setAccessibleName(QLocale().dayName(day + 1, QLocale.FormatType.LongFormat))
            box.toggled.connect(self._edited)
            day_layout.addWidget(box)
        day_layout.addStretch(1)
        self.days_row = FieldRow(self.tr("On"), self._day_line, focus=self.days[0])
        self.days[0].setAccessibleName(QLocale().dayName(1, QLocale.FormatType.LongFormat))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(FieldRow(caption, self.kind))
        about = plain_caption(caption)
        for named in (self.every.number, self.every.unit, self.times, self.cron, *self.days):
            named.setAccessibleName(f"{about}: {named.accessibleName()}")
        self.kept = label("", "caption", wraps=True)
        for part in (self.every_row, self.days_row, self.times_row, self.cron_row, self.kept):
            layout.addWidget(part)

    @property
    def schedule(self) -> Schedule:
        """The schedule as the inputs have it; a time that cannot be read is left out. What it looks at stays."""
        shown, entered = self._shown, self._entered()
        longest = shown.longest_idle_minutes if entered.kind is ScheduleKind.INTERVAL else 0
        return replace(
            entered,
            is_incremental=shown.is_incremental,
            full_every_days=shown.full_every_days,
            longest_idle_minutes=longest if longest > entered.interval_minutes else 0,
        )

    def _entered(self) -> Schedule:
        kind = self.kind.value or ScheduleKind.MANUAL
        if kind is ScheduleKind.INTERVAL:
            return Schedule(kind, interval_minutes=self.every.minutes)
        if kind is ScheduleKind.CRON:
            return Schedule(kind, cron=" ".join(self.cron.text().split()))
        if kind in (ScheduleKind.DAILY, ScheduleKind.WEEKLY):
            days = tuple(day for day, box in enumerate(self.days) if box.isChecked())
            return Schedule(kind, times=self._times()[0], weekdays=days if kind is ScheduleKind.WEEKLY else ())
        return Schedule()

    def show_schedule(self, schedule: Schedule) -> None:
        self._shown = schedule
        self.kind.choose(schedule.kind)
        if schedule.kind is ScheduleKind.INTERVAL and schedule != self.schedule:
            self.every.show_minutes(schedule.interval_minutes)
        if self._times()[0] != schedule.times and schedule.times:
            self.times.setText(", ".join(f"{at:%H:%M}" for at in schedule.times))
        for day, box in enumerate(self.days):
            box.blockSignals(True)
            box.setChecked(day in schedule.weekdays)
            box.blockSignals(False)
        if schedule.cron and schedule.cron != " ".join(self.cron.text().split()):
            self.cron.setText(schedule.cron)
        self._show_kind(schedule.kind)
        self.kept.setText(" ".join(self._kept(schedule)))
        self.kept.setVisible(bool(self.kept.text()))

    def _kept(self, schedule: Schedule) -> Iterator[str]:
        """What the schedule says besides, and where it is changed."""
        if schedule.longest_idle_minutes > schedule.interval_minutes:
            longest = time_span(schedule.longest_idle_minutes)
            yield self.tr("While nothing changes it waits longer, up to {0}.").format(longest)
        if schedule.is_incremental:
            yield self.tr("It looks only at what was modified since the last run; everything is compared once in")
            yield counted(schedule.full_every_days, self.tr("{0} day."), self.tr("{0} days."))
        if schedule.longest_idle_minutes > schedule.interval_minutes or schedule.is_incremental:
            yield self.tr("This stays so; it can be changed on the tab Schedule.")

    def show_problems(self, problems: dict[str, str]) -> None:
        """Sentences by path, each beside its input."""
        unread = self._times()[1]
        bad_time = self.tr("“{0}” is no time of day.").format(unread) if unread else ""
        self.every_row.say(problems.get(f"{self._path}.interval", ""))
        self.times_row.say(bad_time or problems.get(f"{self._path}.times", ""))
        self.days_row.say(problems.get(f"{self._path}.weekdays", ""))
        self.cron_row.say(problems.get(f"{self._path}.cron", ""))

    @property
    def has_unread_time(self) -> bool:
        return bool(self._times()[1]) and self.times_row.isVisibleTo(self)

    def _times(self) -> tuple[tuple[time, ...], str]:
        """The times that can be read, and the first text that cannot."""
        found: list[time] = []
        for text in self.times.text().replace(";", ",").split(","):
            word = text.strip()
            if not word:
                continue
            hours, _, minutes = word.partition(":")
            try:
                found.append(time(int(hours), int(minutes) if minutes else 0))
            except ValueError:
                return tuple(dict.fromkeys(found)), word
        return tuple(dict.fromkeys(found)), ""

    def _show_kind(self, kind: ScheduleKind) -> None:
        self.every_row.setVisible(kind is ScheduleKind.INTERVAL)
        self.days_row.setVisible(kind is ScheduleKind.WEEKLY)
        self.times_row.setVisible(kind in (ScheduleKind.DAILY, ScheduleKind.WEEKLY))
        self.cron_row.setVisible(kind is ScheduleKind.CRON)

    @staticmethod
    def _alone(widget: QWidget) -> QWidget:
        """A widget that keeps its width at the left of a wide page."""
        holder = QWidget()
        holder.setLayout(row(widget, 0))
        return holder

    @Slot()
    def _kind_chosen(self) -> None:
        kind = self.kind.value
        if kind in (ScheduleKind.DAILY, ScheduleKind.WEEKLY) and not self.times.text().strip():
            self.times.setText(f"{FIRST_TIME:%H:%M}")
        if kind is ScheduleKind.WEEKLY and not any(box.isChecked() for box in self.days):
            for box in self.days[:5]:
                box.blockSignals(True)
                box.setChecked(True)
                box.blockSignals(False)
        if kind is ScheduleKind.CRON and not self.cron.text().strip():
            self.cron.setText(FIRST_CRON)
        self._edited()

    @Slot()
    def _edited(self) -> None:
        self.changed.emit()
