"""All actions on one sync record, newest first, with each field's before and after."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop_sync.core.sync_record import HistoryRow, SyncRecord
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_XL
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import ACTION_TONES, SideNames, rule_sentence, status_word
from desktop_sync.ui.views.field_columns import history_columns, result_tone
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import fitting


class RecordHistoryDialog(QDialog):
    def __init__(self, context: WindowContext, record: SyncRecord, names: SideNames, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("History of a record"))
        self.setAccessibleName(self.windowTitle())
        self.resize(fitting(QSize(820, 520)))
        self._names = names
        self.message = MessageBar(context.theme)
        self.rows = ListTableModel[HistoryRow](self._columns(names), self)
        self.view = ListView(self.rows, context.theme, self.tr("Actions, newest first"))
        self.view.selectionModel().currentRowChanged.connect(self._choose)
        self.fields = ListTableModel(history_columns(names, None), self)
        close = button(self.tr("&Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        self._empty = label("", "secondary", wraps=True)
        self._empty.hide()
        ends = f"{names.a} {record.a_id or '—'}  ⇄  {names.b} {record.b_id or '—'}"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(f"{record.entity}: {ends}", "heading"))
        state = "   ·   ".join(part for part in (status_word(record.status), record.last_error) if part)
        layout.addWidget(label(state, "secondary", wraps=True))
        layout.addWidget(self.message)
        layout.addWidget(self._empty)
        layout.addWidget(self.view, 1)
        layout.addWidget(ListView(self.fields, context.theme, self.tr("Fields of the action")), 1)
        layout.addLayout(row(0, close))
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show)
        self._read.failed.connect(self._failed)
        self._read.ask(partial(context.application.records.record_history, record.id))

    def _columns(self, names: SideNames) -> tuple[Column[HistoryRow], ...]:
        return (
            Column("run", self.tr("Run"), self._run_of, 90),
            Column(
                "action",
                self.tr("Action"),
                lambda row: names.action_phrase(row.action),
                140,
                tone=lambda row: ACTION_TONES.get(row.action),
            ),
            Column("rule", self.tr("Why"), lambda row: rule_sentence(row.rule, names), 260),
            Column("result", self.tr("Result"), lambda row: sentence(row.result), 120, tone=result_tone),
        )

    def _run_of(self, row: HistoryRow) -> str:
        """What a person did outside any run has no number."""
        return f"#{row.run_id}" if row.run_id else self.tr("By hand")

    @Slot(object)
    def _show(self, rows: list[HistoryRow]) -> None:
        self.rows.show(rows)
        self._empty.setText(self.tr("Nothing has been done with this record yet."))
        self._empty.setVisible(not rows)
        if rows:
            self.view.selectRow(0)

    @Slot()
    def _choose(self) -> None:
        current = self.view.currentIndex().row()
        row = self.rows.rows[current] if 0 <= current < len(self.rows.rows) else None
        self.fields.show(row.fields if row else (), history_columns(self._names, row.action if row else None))

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
