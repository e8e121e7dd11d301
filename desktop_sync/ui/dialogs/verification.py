"""What a verification found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop_sync.services.views import EntityVerification, VerificationReport
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_XL, Tone
from desktop_sync.ui.text.times import number
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, label, row


class VerificationDialog(QDialog):
    def __init__(self, theme: Theme, report: VerificationReport, names: SideNames, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Verification"))
        self.setAccessibleName(self.windowTitle())
        self.resize(820, 380)
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
        message = MessageBar(theme)
        if report.is_in_sync:
            message.say(self.tr("Both sides agree on every synchronized record."), Tone.GOOD)
        else:
            message.say(
                self.tr("The two sides do not agree everywhere. A preview shows what a run would do."), Tone.WARNING
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
        layout.addLayout(row(0, close))
        close.setFocus()
