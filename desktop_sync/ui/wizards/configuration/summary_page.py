"""Last page: what will happen, in sentences, and what is to be known before."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from desktop_sync.core.configuration_text import paragraphs
from desktop_sync.core.setup_flow import ConfigurationSetup
from desktop_sync.ui.palette import SPACE_L, SPACE_S, Tone
from desktop_sync.ui.widgets.paragraphs import Paragraphs
from desktop_sync.ui.widgets.parts import card
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList, Notice


class SummaryPage(WizardPage):
    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Summary"), self.tr("This is what will happen."), parent)
        self._holder = holder
        self.checking = Notice()
        self.change_note = Notice()
        self.findings = FindingList(self.tr("What is to be known"))
        self.enabled = QCheckBox(self.tr("Sc&hedule switched on"))
        self.enabled.toggled.connect(self._toggled)
        self._said = Paragraphs()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.checking)
        layout.addWidget(self.findings)
        layout.addWidget(self.change_note)
        layout.addWidget(card(self._said, self.enabled))
        layout.addStretch(1)
        self._is_checking = False
        holder.changed.connect(self.refresh)

    @property
    def text(self) -> str:
        return self._said.text

    def enter(self) -> None:
        self.refresh()

    def show_checking(self, is_checking: bool, error: str = "") -> None:
        """Both endpoints are being looked at, or could not be."""
        self._is_checking = is_checking
        if is_checking:
            self.checking.say(self.tr("Looking at both endpoints…"), Tone.NEUTRAL, "clock")
        else:
            self.checking.say(error, Tone.WARNING)

    @Slot()
    def refresh(self) -> None:
        setup = self._holder.setup
        configuration = setup.configuration
        self._said.show_paragraphs(paragraphs(configuration))
        self.findings.show_findings(setup.findings())
        self.enabled.setVisible(configuration.runs_by_itself)
        self.enabled.blockSignals(True)
        self.enabled.setChecked(configuration.enabled)
        self.enabled.blockSignals(False)
        self.change_note.say(self._consequences(setup), Tone.NEUTRAL)

    def _consequences(self, setup: ConfigurationSetup) -> str:
        """What the edit means for what was synchronized before."""
        if setup.before is None or setup.configuration == setup.before:
            return ""
        said = self.tr("Linked records stay linked.")
        if setup.redefined:
            names = ", ".join(setup.redefined)
            said += " " + self.tr("The next run compares all records of {0} again.").format(names)
            if setup.configuration.guards.edited:
                said += " " + self.tr("That run deletes nothing; the one after it does.")
        return said

    @Slot(bool)
    def _toggled(self, is_on: bool) -> None:
        self._holder.change(lambda setup: setup.switched(is_on))
