"""Second page: the form that the provider declares, and the test of the connection."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.clock_doctor import ClockShift, shift_sentence
from desktop_sync.core.endpoint_setup import EndpointSetup
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.provider_port import EndpointReport, SettingKind
from desktop_sync.ui.palette import SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.wizards.endpoint.setting_input import SettingInput
from desktop_sync.ui.wizards.frame import WizardPage
from desktop_sync.ui.wizards.notice import FindingList, Notice

SHOWN_STRUCTURES = 6
NOTABLE_SHIFT_S = 2.0


class SettingsPage(WizardPage):
    """`edited` follows each edit: the key of the setting, or `name:`."""

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Settings"), self.tr("Where it is, and how to get in."), parent)
        self.name_edit = QLineEdit()
        self.name_row = FieldRow(self.tr("N&ame *"), self.name_edit, self.tr("What you want to call it everywhere."))
        self.name_edit.textEdited.connect(self._name_edited)
        self.inputs: dict[str, SettingInput] = {}
        self.result = Notice()
        self.details = FindingList(self.tr("Result of the test"))
        self._form = QVBoxLayout()
        self._form.setSpacing(SPACE_M)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.name_row)
        layout.addLayout(self._form)
        layout.addSpacing(SPACE_S)
        layout.addWidget(self.result)
        layout.addWidget(self.details)
        layout.addStretch(1)

    def show_setup(self, setup: EndpointSetup) -> None:
        """The form of the setup's provider, filled in."""
        if tuple(self.inputs) != tuple(setting.key for setting in setup.declared):
            for old in self.inputs.values():
                self._form.removeWidget(old)
                old.deleteLater()
            self.inputs = {}
            for setting in setup.declared:
                made = SettingInput(setting)
                made.changed.connect(self.edited)
                self._form.addWidget(made)
                self.inputs[setting.key] = made
        self.name_edit.setText(setup.name)
        self.name_edit.setReadOnly(bool(setup.original))
        if setup.original:
            self.name_row.explain(self.tr("Configurations know it by this name, so it stays."))
        for key, field in self.inputs.items():
            field.show_value(setup.values.get(key), setup.has_stored_secret(key))

    def show_problems(self, problems: dict[str, str], touched: set[str]) -> None:
        """Sentences beside the inputs that were touched, or beside all when `touched` holds `*`."""
        everywhere = "*" in touched
        name = problems.get("name:", "")
        self.name_row.say(name if everywhere or "name:" in touched else "")
        for key, field in self.inputs.items():
            field.row.say(problems.get(key, "") if everywhere or key in touched else "")

    @Slot()
    def _name_edited(self) -> None:
        self.edited.emit("name:")

    def focus_first(self, problems: dict[str, str]) -> None:
        """The first input with a problem has the focus."""
        if "name:" in problems:
            self.name_edit.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        for key, field in self.inputs.items():
            if key in problems:
                field.focus_target().setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def enter(self) -> None:
        first = next((i for i in self.inputs.values() if i.setting.kind is not SettingKind.FLAG), None)
        target = self.name_edit if first is None or not self.name_edit.text() else first.focus_target()
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_testing(self) -> None:
        self.details.show_findings(())
        self.result.say(self.tr("Trying to connect…"), Tone.NEUTRAL, "clock")

    def show_untested(self) -> None:
        """What a test said about other settings is gone."""
        self.result.say("")
        self.details.show_findings(())

    def show_failure(self, error: object) -> None:
        self.details.show_findings(())
        self.result.say(problem(error), Tone.BAD)

    def show_report(self, report: EndpointReport) -> None:
        """What works, in sentences."""
        count = len(report.structures)
        names = ", ".join(summary.name for summary in report.structures[:SHOWN_STRUCTURES])
        more = "…" if count > SHOWN_STRUCTURES else ""
        if not report.is_reachable:
            self.result.say(self.tr("It cannot be reached."), Tone.BAD)
        elif count:
            text = self.tr("It works. Found {0}: {1}{2}").format(count, names, more)
            self.result.say(text, Tone.GOOD)
        else:
            self.result.say(self.tr("It works, but nothing with records is in it yet."), Tone.WARNING)
        self.details.show_findings(tuple(self._said(report)))

    def _said(self, report: EndpointReport) -> list[Finding]:
        said: list[Finding] = []
        if not report.can_write:
            said.append(Finding(Level.WARNING, self.tr("It can only be read: nothing will be written to it.")))
        read_only = [summary.name for summary in report.structures if not summary.can_write]
        if read_only and report.can_write:
            said.append(Finding(Level.NOTE, self.tr("Only for reading: {0}").format(", ".join(read_only[:8]))))
        if report.clock_shift_s is not None and abs(report.clock_shift_s) >= NOTABLE_SHIFT_S:
            shift = ClockShift(round(report.clock_shift_s * 1e6), round(report.clock_error_s * 1e6))
            said.append(Finding(Level.NOTE, shift_sentence(self.tr("this endpoint"), shift)))
        said += [Finding(Level.NOTE, note) for note in report.notes]
        return said
