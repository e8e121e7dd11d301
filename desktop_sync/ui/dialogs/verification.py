"""What a verification found."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QVBoxLayout, QWidget

from desktop_sync.services.views import EntityVerification, ReportFiles, VerificationReport
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_XL, Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.times import number
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import fitting


class VerificationDialog(QDialog):
    """`save_wanted` carries the file to write every difference to, as its ending says."""

    save_wanted = Signal(object)

    def __init__(self, theme: Theme, report: VerificationReport, names: SideNames, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Verification"))
        self.setAccessibleName(self.windowTitle())
        self.resize(fitting(QSize(820, 380)))
        right = Qt.AlignmentFlag.AlignRight
        columns: tuple[Column[EntityVerification], ...] = (
            Column("entity", self.tr("Entity"), lambda found: found.entity, 130),
            Column("same", self.tr("In sync"), lambda found: number(found.in_sync), 90, align=right),
            Column("different", self.tr("Different"), lambda found: number(found.different), 90, align=right),
            Column(
                "a", self.tr("Missing in {0}").format(names.a), lambda found: number(found.missing_a), 120, align=right
            ),
            Column(
                "b", self.tr("Missing in {0}").format(names.b), lambda found: number(found.missing_b), 120, align=right
            ),
            Column("unknown", self.tr("Not verified"), lambda found: number(found.unverified), 110, align=right),
            Column("digest", self.tr("Digest"), lambda found: found.digest, 160),
        )
        rows = ListTableModel(columns, self)
        rows.show(report.entities)
        self.saved = MessageBar(theme)
        message = MessageBar(theme)
        if report.is_in_sync:
            message.say(self.tr("Both sides agree on every synchronized record."), Tone.GOOD)
        else:
            message.say(
                self.tr(
                    "The two sides do not agree everywhere. The report names each such record, and a preview shows "
                    "what a run would do."
                ),
                Tone.WARNING,
            )
        close = button(self.tr("&Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(self.tr("Verification of {0}").format(report.configuration), "heading"))
        layout.addWidget(message)
        layout.addWidget(ListView(rows, theme, self.tr("Found per entity")), 1)
        layout.addWidget(self.saved)
        self.save_button = button(self.tr("&Save the report…"))
        self.save_button.setToolTip(self.tr("Every record that differs or is missing, as a page to read or as a table"))
        self.save_button.clicked.connect(self._ask_file)
        layout.addLayout(row(self.save_button, 0, close))
        close.setFocus()

    @Slot()
    def _ask_file(self) -> None:
        kinds = self.tr("Page to read (*.html);;Table (*.csv)")
        dialog = QFileDialog(self, self.tr("Save the report"), str(Path.home() / "verification.html"), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("html")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save_to)
        dialog.open()

    @Slot(str)
    def save_to(self, path: str) -> None:
        """Both systems are read once more for it; `show_saved` or `show_problem` follows."""
        file = Path(path)
        is_table = file.suffix.lower() == ".csv"
        self.save_button.setEnabled(False)
        self.saved.say(self.tr("Both systems are read once more…"), Tone.NEUTRAL)
        self.save_wanted.emit(ReportFiles(csv=file) if is_table else ReportFiles(html=file))

    @Slot(object)
    def show_saved(self, _report: VerificationReport) -> None:
        self.save_button.setEnabled(True)
        self.saved.say(self.tr("The report is saved. It can be read by you only."), Tone.GOOD)

    @Slot(object)
    def show_problem(self, error: object) -> None:
        self.save_button.setEnabled(True)
        self.saved.say(problem(error))
