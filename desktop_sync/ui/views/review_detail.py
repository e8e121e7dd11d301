"""A record in Review: why it is there, what it may be, and what a person can do about it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.core.held_case import HeldAction, HeldCase, age_text
from desktop_sync.core.provider_port import Operation
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.record_naming import WAITING
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.models.sources import ReviewRow
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.text.unseen import spelled
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.review_values import ValueRow, ValueTable, value_table
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, card, label
from desktop_sync.ui.widgets.screen import LEAST_DETAIL, DetailArea, card_room

Candidate = tuple[str | None, str | None, str]
LEAST_HEIGHT = 330
"""Pixels, so that candidates and values can both be read."""
READ_AFTER_MS = 300
"""Both systems are read once a person rests on a record, not for each one that is passed with the arrow keys."""


class ReviewDetail(QWidget):
    """`link_wanted` carries both ids; the other signals are wishes about the shown record."""

    link_wanted = Signal(str, str)
    by_hand_wanted = Signal()
    again_wanted = Signal()
    deleted_wanted = Signal()
    left = Signal()
    explain_wanted = Signal()

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._names = names
        self._configuration = ""
        self._row: ReviewRow | None = None
        self._title = label("", "heading", wraps=True)
        self.held = MessageBar(context.theme, closable=False)
        self._reason = label("", "secondary", wraps=True)
        self.candidates = ListTableModel[Candidate](self._candidate_columns(), self)
        self.candidate_view = ListView(self.candidates, context.theme, self.tr("Possible counterparts"), fits_rows=True)
        self.candidate_view.selectionModel().currentRowChanged.connect(self._choose)
        self.candidate_view.doubleClicked.connect(self._link)
        field = Column[ValueRow]("field", self.tr("Field"), lambda row: row.label)
        self.values = ListTableModel((field,), self)
        self.values_view = ListView(self.values, context.theme, self.tr("The record and what it may be, side by side"))
        self._values_title = label("", "section", wraps=True)
        self._read_soon = QTimer(self)
        self._read_soon.setSingleShot(True)
        self._read_soon.setInterval(READ_AFTER_MS)
        self._read_soon.timeout.connect(self._read_values)
        self._reading = Latest(context.jobs, self)
        self._reading.arrived.connect(self._show_values)
        self._reading.failed.connect(self._not_read)
        self._make_buttons()
        self._lay_out()

    def _make_buttons(self) -> None:
        self.link_button = button(self.tr("&Link these two"), "primary")
        self.link_button.clicked.connect(self._link)
        self.again_button = button(self.tr("&Create again"))
        self.again_button.clicked.connect(self.again_wanted)
        self.deleted_button = button(self.tr("Set as &deleted"))
        self.deleted_button.setToolTip(
            self.tr("What is there stays as it is, and no run touches it. The run can be undone again then.")
        )
        self.deleted_button.clicked.connect(self.deleted_wanted)
        self.leave_button = button(self.tr("Lea&ve for now"))
        self.leave_button.setToolTip(self.tr("It stays here, in no run, until you decide or a run finds out"))
        self.leave_button.clicked.connect(self.left)
        self.by_hand_button = button(self.tr("Link by &hand…"))
        self.by_hand_button.clicked.connect(self.by_hand_wanted)
        self.explain_button = button(self.tr("&Explain…"))
        self.explain_button.clicked.connect(self.explain_wanted)

    def _lay_out(self) -> None:
        content = card(
            self._title,
            self.held,
            self._reason,
            self.candidate_view,
            self._values_title,
            self.values_view,
        )
        card_room(content, self._context.theme)
        self.values_view.setMinimumHeight(110)
        policy = self.values_view.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when the values arrive
        self.values_view.setSizePolicy(policy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        buttons = (
            self.link_button,
            self.again_button,
            self.deleted_button,
            self.leave_button,
            self.by_hand_button,
            self.explain_button,
        )
        layout.addWidget(DetailArea(content, LEAST_HEIGHT, self.tr("The chosen record"), buttons))
        self.setMinimumWidth(LEAST_DETAIL)

    def _candidate_columns(self) -> tuple[Column[Candidate], ...]:
        names = self._names
        return (
            Column("a", self.tr("{0} record").format(names.a), lambda candidate: candidate[0] or "—", 110),
            Column("b", self.tr("{0} record").format(names.b), lambda candidate: candidate[1] or "—", 110),
            Column("why", self.tr("What speaks for it"), lambda candidate: candidate[2], 260),
        )

    def show_row(self, configuration: str, row: ReviewRow) -> None:
        """That record is shown; its values are read when a person rests on it."""
        self._configuration, self._row = configuration, row
        case, held = row.case, row.held
        self.show_name(None)
        self._show_reason(row)
        columns = self._candidate_columns()
        says_more = held is None and not all(case.reason.startswith(pair[2]) for pair in row.pairs)
        self.candidates.show(row.pairs, columns if says_more else columns[:2])
        self.candidate_view.setVisible(bool(row.pairs))
        if row.pairs:
            self.candidate_view.selectRow(0)
        self._show_buttons(held)
        self._choose()
        self.values.show(())
        self._reading.forget()
        self.values_view.hide()
        self._values_title.setText("")
        self._read_soon.start()

    def show_name(self, name: str | None) -> None:
        """What the shown record is called stands above its ids."""
        if self._row is not None:
            case = self._row.case
            ends = [f"{side} {one}" for side, one in ((self._names.a, case.a_id), (self._names.b, case.b_id)) if one]
            ids = f"{case.entity}: {'  ⇄  '.join(ends)}"
            self._title.setText(ids if name in (None, WAITING) else f"{spelled(name or '')}\n{ids}")

    def _show_reason(self, row: ReviewRow) -> None:
        held = row.held
        self._reason.setText(sentence(row.case.reason if held is None else held.advice))
        if held is None:
            self.held.clear()
            return
        since = full_time(held.since, self._context.application.clock.now())
        age = self.tr("Held since {0} ({1}): nobody knows whether it was written.").format(since, age_text(held.age))
        self.held.say(f"{age}\n{held.why}", Tone.WARNING)

    def _show_buttons(self, held: HeldCase | None) -> None:
        is_held = held is not None
        self.link_button.setText(self.tr("&Link to this one") if is_held else self.tr("&Link these two"))
        self.link_button.setAccessibleName(self.link_button.text().replace("&", ""))
        may_link = held is None or HeldAction.LINK in held.actions
        self.link_button.setVisible(may_link and not (held is not None and held.is_unseen))
        creates = held is not None and held.operation is Operation.CREATE
        self.again_button.setText(self.tr("&Create again") if creates else self.tr("Com&pare again"))
        self.again_button.setAccessibleName(self.again_button.text().replace("&", ""))
        if held is not None:
            self.again_button.setToolTip(self.tr("The next run counts on it that it was not written"))
        self.again_button.setVisible(held is not None and HeldAction.SET_PREPARED in held.actions)
        self.deleted_button.setVisible(held is not None and HeldAction.SET_DELETED in held.actions)
        self.leave_button.setVisible(is_held)
        self.by_hand_button.setVisible(held is None or held.is_unseen)

    @Slot()
    def _choose(self) -> None:
        pair = self._pair
        self.link_button.setEnabled(pair is not None and bool(pair[0]) and bool(pair[1]))

    @property
    def _pair(self) -> Candidate | None:
        current = self.candidate_view.currentIndex().row()
        return self.candidates.rows[current] if 0 <= current < len(self.candidates.rows) else None

    @Slot()
    def _link(self) -> None:
        pair = self._pair
        if pair is not None and pair[0] and pair[1]:
            self.link_wanted.emit(pair[0], pair[1])

    # Values side by side

    @Slot()
    def _read_values(self) -> None:
        if self._row is not None:
            self._values_title.setText(self.tr("Reading the values…"))
            self._reading.ask(partial(value_table, self._context.application, self._configuration, self._row))

    @Slot(object)
    def _show_values(self, table: ValueTable | None) -> None:
        if table is None or self._row is None or table.record_id != self._row.case.record_id:
            self._values_title.setText("")
            return
        together = self.tr("Side by side, as they stand now")
        self._values_title.setText(together if table.others else self.tr("As it stands now"))
        self.values.show(table.rows, table.columns(self._names))
        self.values_view.show()

    @Slot(object)
    def _not_read(self, error: object) -> None:
        self._values_title.setText(self.tr("The values cannot be read: {0}").format(problem(error)))
