"""An endpoint's clock, and whether its stamps can say which change was the most recent."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.services.session.clocks import ClockReport, StampReport
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_S, Tone
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import label

ROW_HEIGHT = 34
SHOWN_ROWS = 5


class ClockPanel(QWidget):
    """Hidden until a report is shown."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.endpoint = ""
        self.message = MessageBar(theme)
        self.stamps = ListTableModel[StampReport](self._columns(), self)
        self.view = ListView(self.stamps, theme, self.tr("Fields that tell when a record was changed"))
        self._title = label(self.tr("Fields that tell when a record was changed"), "strong")
        self._none = label(
            self.tr("No configuration takes the time of a change from this endpoint."), "secondary", wraps=True
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.message)
        layout.addWidget(self._title)
        layout.addWidget(self._none)
        layout.addWidget(self.view)
        self.hide()

    def _columns(self) -> tuple[Column[StampReport], ...]:
        return (
            Column("configuration", self.tr("Configuration"), lambda row: row.configuration, 150),
            Column("field", self.tr("Field"), lambda row: f"{row.structure}.{row.field}", 170),
            Column("fit", self.tr("Most recent change"), self._verdict, 150),
            Column("why", self.tr("Why"), lambda row: sentence("; ".join((*row.problems, *row.notes))) or "—", 420),
        )

    def _verdict(self, stamp: StampReport) -> str:
        return self.tr("Cannot be trusted") if stamp.problems else self.tr("Can be told")

    def show_report(self, report: ClockReport) -> None:
        """The report is shown, its alarm first."""
        self.endpoint = report.endpoint
        parts = [report.alarm, report.sentence] if report.alarm else [report.sentence]
        if report.measured > 1:
            parts.append(self.tr("The sharpest of the last {0} measurements counts.").format(report.measured))
        self.message.say(" ".join(parts), Tone.WARNING if report.alarm else Tone.NEUTRAL)
        self.stamps.show(list(report.stamps))
        has_stamps = bool(report.stamps)
        self.view.setVisible(has_stamps)
        self._none.setVisible(not has_stamps)
        self.view.setFixedHeight(ROW_HEIGHT * (1 + min(SHOWN_ROWS, len(report.stamps))) + 8)
        self.show()

    @Slot(str)
    def show_endpoint(self, endpoint: str) -> None:
        """A report of another endpoint is not shown any more."""
        if endpoint != self.endpoint:
            self.hide()
