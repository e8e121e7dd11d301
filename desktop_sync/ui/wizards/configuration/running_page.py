"""Fifth page: when it runs, what else starts it, and what stops it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QFrame, QVBoxLayout, QWidget

from desktop_sync.core.finding import Level
from desktop_sync.core.schedule import Schedule
from desktop_sync.core.setup_flow import Page
from desktop_sync.core.text_order import text_key
from desktop_sync.core.trigger_check import AFTER_PATH, FILES_PATH
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S
from desktop_sync.ui.widgets.parts import card, label, row
from desktop_sync.ui.wizards.configuration.guards_box import GuardsBox
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.real_time_box import RealTimeBox
from desktop_sync.ui.wizards.configuration.schedule_box import ScheduleBox
from desktop_sync.ui.wizards.configuration.triggers_box import TriggersBox
from desktop_sync.ui.wizards.configuration.webhook_box import WebhookBox
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList

_INDENT = 26
_TRIGGER_PATHS = (AFTER_PATH, FILES_PATH)


class RunningPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Running"), self.tr("When it runs, and when it should rather stop and ask."), parent)
        self._holder = holder
        self.schedule = ScheduleBox(self.tr("&When it runs"))
        self.splits = QCheckBox(self.tr("Process at &times of its own: until then, what is found waits in the queue"))
        self.process_schedule = ScheduleBox(self.tr("When it &processes"), "process_schedule")
        self.real_time = RealTimeBox()
        self.webhooks = WebhookBox(holder)
        self.triggers = TriggersBox()
        self.trigger_problem = label("", "problem", wraps=True)
        self.guards = GuardsBox()
        self.findings = FindingList(self.tr("What is to be known"))
        self.schedule.changed.connect(self._schedule_edited)
        self.splits.toggled.connect(self._process_edited)
        self.process_schedule.changed.connect(self._process_edited)
        self.real_time.changed.connect(self._real_time_edited)
        self.triggers.changed.connect(self._triggers_edited)
        self.guards.changed.connect(self._guards_edited)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.findings)
        for part in (self._schedule_card(), self._real_time_card(), self._triggers_card(), self._guards_card()):
            layout.addWidget(part)
        layout.addStretch(1)
        holder.changed.connect(self.refresh)

    def _schedule_card(self) -> QFrame:
        self._process_holder = QWidget()
        self._process_holder.setLayout(row(_INDENT, self.process_schedule))
        title = label(self.tr("Schedule"), "strong")
        return card(title, self.schedule, self.splits, self._process_holder, spacing=SPACE_M)

    def _real_time_card(self) -> QFrame:
        words = self.tr("What is done as soon as a record changes, while the window or its tray is open")
        return card(
            label(self.tr("In real time"), "strong"),
            label(words, "secondary", wraps=True),
            self.real_time,
            self.webhooks,
            spacing=SPACE_M,
        )

    def _triggers_card(self) -> QFrame:
        return card(
            label(self.tr("What else starts it"), "strong"), self.triggers, self.trigger_problem, spacing=SPACE_M
        )

    def _guards_card(self) -> QFrame:
        words = self.tr("A run stops before it writes anything, and asks, when")
        return card(label(self.tr("Guards"), "strong"), label(words, "secondary"), self.guards)

    def enter(self) -> None:
        self.refresh()
        self.webhooks.refresh()
        self.schedule.kind.setFocus()

    @property
    def can_go_on(self) -> bool:
        """False while a time is written that cannot be read: it would be lost."""
        return not (self.schedule.has_unread_time or self.process_schedule.has_unread_time)

    def show_problems(self) -> None:
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        setup = self._holder.setup
        configuration = setup.configuration
        process = configuration.process_schedule
        self.schedule.show_schedule(configuration.schedule)
        self.splits.blockSignals(True)
        self.splits.setChecked(process is not None)
        self.splits.blockSignals(False)
        self._process_holder.setVisible(process is not None)
        if process is not None:
            self.process_schedule.show_schedule(process)
        self.real_time.fill(configuration)
        self.triggers.know(sorted(setup.taken_names - {configuration.name}, key=text_key))
        triggers = configuration.after_runs, configuration.file_arrivals
        if self.triggers.entered() != triggers:  # else a person may be typing in it
            self.triggers.fill(*triggers)
        self.guards.show_guards(configuration.guards)
        self._show_findings()

    def _show_findings(self) -> None:
        """What is wrong with an input stands beside it, all else above."""
        findings = self._holder.setup.findings(Page.RUNNING)
        errors = {finding.path: finding.message for finding in findings if finding.level is Level.ERROR}
        self.schedule.show_problems(errors)
        self.process_schedule.show_problems(errors)
        self.trigger_problem.setText("\n".join(errors[path] for path in _TRIGGER_PATHS if path in errors))
        self.trigger_problem.setVisible(bool(self.trigger_problem.text()))
        beside = [
            path for path in errors if path.startswith(("schedule.", "process_schedule.")) or path in _TRIGGER_PATHS
        ]
        self.findings.show_findings([finding for finding in findings if finding.path not in beside])

    @Slot()
    def _schedule_edited(self) -> None:
        self._holder.change(lambda setup: setup.scheduled(self.schedule.schedule))
        self.refresh()

    @Slot()
    def _process_edited(self) -> None:
        schedule: Schedule | None = self.process_schedule.schedule if self.splits.isChecked() else None
        self._holder.change(lambda setup: setup.processed(schedule))
        self.refresh()

    @Slot()
    def _real_time_edited(self) -> None:
        self._holder.change(lambda setup: setup.in_real_time(self.real_time.entered()))

    @Slot()
    def _triggers_edited(self) -> None:
        self._holder.change(lambda setup: setup.triggered(*self.triggers.entered()))

    @Slot()
    def _guards_edited(self) -> None:
        self._holder.change(lambda setup: setup.guarded(self.guards.guards))
