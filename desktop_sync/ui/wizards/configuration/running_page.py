"""Fifth page: when it runs, and what stops it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.core.finding import Level
from desktop_sync.core.setup_flow import Page
from desktop_sync.ui.palette import SPACE_L, SPACE_S
from desktop_sync.ui.widgets.parts import card, label
from desktop_sync.ui.wizards.configuration.guards_box import GuardsBox
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.schedule_box import ScheduleBox
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList


class RunningPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Running"), self.tr("When it runs, and when it should rather stop and ask."), parent)
        self._holder = holder
        self.schedule = ScheduleBox()
        self.guards = GuardsBox()
        self.findings = FindingList(self.tr("What is to be known"))
        self.schedule.changed.connect(self._schedule_edited)
        self.guards.changed.connect(self._guards_edited)
        words = self.tr("A run stops before it writes anything, and asks, when")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addWidget(card(label(self.tr("Schedule"), "strong"), self.schedule))
        layout.addWidget(card(label(self.tr("Guards"), "strong"), label(words, "secondary"), self.guards))
        layout.addWidget(self.findings)
        layout.addStretch(1)
        holder.changed.connect(self.refresh)

    def enter(self) -> None:
        self.refresh()
        self.schedule.kind.setFocus()

    @property
    def can_go_on(self) -> bool:
        """False while a time is written that cannot be read: it would be lost."""
        return not self.schedule.has_unread_time

    def show_problems(self) -> None:
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        configuration = self._holder.setup.configuration
        self.schedule.show_schedule(configuration.schedule)
        self.guards.show_guards(configuration.guards)
        findings = self._holder.setup.findings(Page.RUNNING)
        errors = {finding.path: finding.message for finding in findings if finding.level is Level.ERROR}
        self.schedule.show_problems(errors)
        self.findings.show_findings([finding for finding in findings if not finding.path.startswith("schedule.")])

    @Slot()
    def _schedule_edited(self) -> None:
        self._holder.change(lambda setup: setup.scheduled(self.schedule.schedule))
        self.refresh()

    @Slot()
    def _guards_edited(self) -> None:
        self._holder.change(lambda setup: setup.guarded(self.guards.guards))
