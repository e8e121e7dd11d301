"""Records that changed differently on both sides: the list, both records field by field, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.explanation_text import verdict_words
from desktop_sync.core.sync_record import Conflict
from desktop_sync.ui.application_port import RecordDesk
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.models.sources import ConflictSource
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.record_words import conflict_record
from desktop_sync.ui.text.sentences import problem, records
from desktop_sync.ui.text.times import full_time, number
from desktop_sync.ui.text.words import SideNames, rule_sentence
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.explanation import ExplanationDialog, record_number
from desktop_sync.ui.views.field_columns import comparison_columns
from desktop_sync.ui.views.undo import UndoDialog, bring_back
from desktop_sync.ui.widgets.chips import ChipRow
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, card, label
from desktop_sync.ui.widgets.screen import LEAST_DETAIL, DetailArea, card_room, show_beside, tab_room
from desktop_sync.ui.widgets.table_area import TableArea

READ_CONFLICTS = 500
LEAST_HEIGHT, LEAST_FIELDS = 240, 110
"""Pixels, so that the card of a conflict shows a few fields."""
WAITING, ALL = "waiting", "all"


def tr(text: str) -> str:
    return QCoreApplication.translate("conflicts", text)


def differing_fields(conflict: Conflict) -> tuple[str, ...]:
    return tuple(change.label for change in conflict.fields if change.differs)


def _conflict_id(conflict: Conflict) -> int:
    return conflict.id


def is_like(conflict: Conflict, other: Conflict) -> bool:
    """Same entity, and the same fields differ: what "all like this" means."""
    return conflict.entity == other.entity and differing_fields(conflict) == differing_fields(other)


def conflicts_like(desk: RecordDesk, model: Conflict) -> list[Conflict]:
    """All open conflicts like that one, itself included; in a worker."""
    found: list[Conflict] = []
    offset = 0
    while page := desk.conflicts(model.configuration, only_open=True, limit=READ_CONFLICTS, offset=offset):
        found.extend(conflict for conflict in page if is_like(conflict, model))
        offset += len(page)
        if len(page) < READ_CONFLICTS:
            break
    return found


@dataclass(frozen=True, slots=True)
class Settled:
    """How many were decided, and for how many that was refused, with the first reason."""

    decided: int
    refused: int = 0
    reason: DesktopSyncError | None = None


def settle(desk: RecordDesk, conflicts: list[Conflict], winner: Side) -> Settled:
    """All that can be are decided: one that changed or was decided meanwhile does not keep the others waiting. Raises
    the reason where none could be. In a worker."""
    decided, reasons = 0, list[DesktopSyncError]()
    for conflict in conflicts:
        try:
            desk.resolve(conflict.id, winner)
        except DesktopSyncError as error:
            reasons.append(error)
        else:
            decided += 1
    if reasons and not decided:
        raise reasons[0]
    return Settled(decided, len(reasons), reasons[0] if reasons else None)


def conflict_columns(context: WindowContext, names: SideNames) -> tuple[Column[Conflict], ...]:
    clock = context.application.clock

    def when(at: datetime | None) -> str:
        return full_time(at, clock.now())

    return (
        value_column("record", tr("Record"), lambda conflict: conflict_record(conflict) or None, 190, nothing="—"),
        value_column("a_id", tr("{0} record").format(names.a), lambda conflict: conflict.a_id, 106, nothing="—"),
        value_column(
            "b_id", tr("{0} record").format(names.b), lambda conflict: conflict.b_id, 110, nothing="—", spare=4
        ),
        Column("entity", tr("Entity"), lambda conflict: conflict.entity, 98, spare=2),
        Column("fields", tr("Differs in"), lambda conflict: ", ".join(differing_fields(conflict)), 110, spare=3),
        Column("found", tr("Found"), lambda conflict: when(conflict.found_at), 110, spare=1),
    )


class ConflictsPage(QWidget):
    """`changed` comes when a person decided."""

    changed = Signal()
    step_wanted = Signal(str)

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._names = names
        self._configuration = ""
        self._like: list[Conflict] = []
        empty = EmptyState(
            context.theme,
            "check-circle",
            self.tr("No conflicts"),
            self.tr("Records that change differently on both sides wait here when the rule says that you decide."),
        )
        model = PagedTableModel[Conflict](conflict_columns(context, names), context.jobs)
        self.area = TableArea(model, context, "conflicts", self.tr("Conflicts"), empty, identity=_conflict_id)
        self.area.row_chosen.connect(self._show_conflict)
        self.chips = ChipRow(self.tr("Which conflicts are shown"), exclusive=True)
        self.chips.show_chips([(WAITING, self.tr("Waiting for you"), None), (ALL, self.tr("All, also settled"), None)])
        self.chips.changed.connect(self._ask)
        model.loaded.connect(self._select_first)
        self.fields = ListTableModel(comparison_columns(names), self)
        self._times = label("", "secondary", wraps=True)
        self._why = label("", "heading", wraps=True)
        self.message = MessageBar(context.theme)
        self.like = QCheckBox("")
        self.like.setAccessibleName(self.tr("Apply to all like this"))
        self.like.toggled.connect(self._name_buttons)
        self.keep_a = button(self.tr("Keep the {0} values").format(names.a))
        self.keep_b = button(self.tr("Keep the {0} values").format(names.b))
        self.keep_a.clicked.connect(self._keep_a)
        self.keep_b.clicked.connect(self._keep_b)
        self.back_button = button(self.tr("&Bring back…"))
        self.back_button.clicked.connect(self.start_bring_back)
        self.explain_button = button(self.tr("&Explain…"))
        self.explain_button.clicked.connect(self.explain)
        self._find_like = Latest(context.jobs, self)
        self._find_like.arrived.connect(self._show_like)
        self._lay_out()

    def _lay_out(self) -> None:
        hint = self.tr("One record stays as it is and the other one gets its values at the next run.")
        self._hint = label(hint, "caption", wraps=True)
        self.alike = label("", "caption", wraps=True)
        self.alike.setIndent(26)
        fields_view = ListView(self.fields, self._context.theme, self.tr("Both records, field by field"))
        detail = card(
            self._why,
            self._times,
            fields_view,
            self.like,
            self.alike,
            self._hint,
        )
        fields_view.setMinimumHeight(LEAST_FIELDS)
        card_room(detail, self._context.theme)
        buttons = (self.keep_a, self.keep_b, self.back_button, self.explain_button)
        self._detail = DetailArea(detail, LEAST_HEIGHT, self.tr("The chosen conflict"), buttons)
        self._detail.setMinimumWidth(LEAST_DETAIL)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setAccessibleName(self.tr("Conflicts and the chosen one"))
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.area)
        self._splitter.addWidget(self._detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 2)
        self._detail.hide()
        layout = QVBoxLayout(self)
        layout.addWidget(self.chips)
        layout.addWidget(self.message)
        layout.addWidget(self._splitter, 1)
        tab_room(self, self._context.theme)

    def show_content(self, content: PageContent) -> None:
        self._configuration = content.configuration.name
        if self.area.model.source is None:
            self._ask()
        else:
            self.area.model.refresh(max(0, self.area.view.rowAt(0)))

    @Slot()
    def _ask(self) -> None:
        only_open = ALL not in self.chips.chosen
        self.area.choose_none()
        self.area.model.show(ConflictSource(self._context.application.records, self._configuration, only_open))

    @Slot()
    def _select_first(self) -> None:
        if self.area.model.rowCount() and not self.area.view.selected_ranges() and not self.area.has_lost:
            self.area.view.selectRow(0)

    @Slot(object)
    def _show_conflict(self, conflict: Conflict | None) -> None:
        show_beside(self._splitter, self._detail, conflict is not None)
        self._like = []
        if conflict is None:
            return
        now, names = self._context.application.clock.now(), self._names
        self._why.setText(f"{conflict.entity}: {names.a} {conflict.a_id or '—'}  ⇄  {names.b} {conflict.b_id or '—'}")
        times = [
            self.tr("{0} changed: {1}").format(name, full_time(at, now))
            for name, at in ((names.a, conflict.a_changed_at), (names.b, conflict.b_changed_at))
            if at is not None
        ]
        self._times.setText("   ·   ".join([*times, rule_sentence(conflict.rule, names)]))
        self.fields.show(conflict.fields)
        self.like.setChecked(False)
        self.like.hide()
        self.alike.hide()
        self._enable(True)
        self._offer(conflict)
        if conflict.winner is None:
            self._find_like.ask(partial(conflicts_like, self._context.application.records, conflict))

    def _offer(self, conflict: Conflict) -> None:
        """The decision where one waits; where it was settled, the values that lost can be brought back."""
        is_open = conflict.winner is None
        for control in (self.keep_a, self.keep_b):
            control.setVisible(is_open)
        self.back_button.setVisible(not is_open)
        if conflict.winner is None:
            self._hint.setText(self.tr("One record stays as it is and the other one gets its values at the next run."))
            return
        winner, loser = self._names.of(conflict.winner), self._names.of(conflict.winner.other)
        judged = [field for field in conflict.fields if field.verdict is not None]
        is_merged = conflict.rule is Rule.MERGED
        if judged:
            self.back_button.setText(self.tr("&Bring the values that lost back…"))
        else:
            self.back_button.setText(self.tr("&Bring the {0} values back…").format(loser))
        self.back_button.setVisible(bool(judged) or not is_merged)
        self.back_button.setAccessibleName(self.back_button.text().replace("&", ""))
        self.back_button.setEnabled(conflict.settled_at is not None)
        if conflict.settled_at is None:
            self._hint.setText(self.tr("{0} wins at the next run.").format(winner))
        elif is_merged and not judged:
            self._hint.setText(self.tr("No value lost: each side had changed other fields."))
        elif judged:
            names = {Side.A: self._names.a, Side.B: self._names.b}
            said = [f"{field.label}: {verdict_words(field, names)}." for field in judged]
            text = self.tr("The values that lost can be written back; the next run then carries them on.")
            self._hint.setText("\n".join([*said, text]))
        else:
            text = self.tr("{0} won. The {1} values can be written back; the next run then carries them to {0}.")
            self._hint.setText(text.format(winner, loser))

    @Slot()
    def start_bring_back(self) -> None:
        """What bringing the loser back would do is shown in a dialog, and can be carried out there."""
        conflict = self.area.chosen
        if not isinstance(conflict, Conflict) or conflict.winner is None:
            return
        loser = self._names.of(conflict.winner.other)
        title = self.tr("Bring the {0} values back").format(loser)
        if any(field.verdict is not None for field in conflict.fields):
            title = self.tr("Bring the values that lost back")
            loser = self.tr("the side that each lost on")
        text = self.tr(
            "They are written to {0} now, if the record still is as the run left it. The next run carries them on, "
            "where the direction allows."
        ).format(loser)
        questions = bring_back(self._context.application.undo, conflict)
        dialog = UndoDialog(self._context, self._names, title, text, questions, self)
        dialog.undone.connect(self.changed)
        dialog.open()

    @Slot()
    def explain(self) -> None:
        """All about the record of the conflict, in a dialog of its own."""
        conflict = self.area.chosen
        if isinstance(conflict, Conflict):
            record = record_number(conflict.record_id)
            dialog = ExplanationDialog(
                self._context, self._names, conflict.configuration, record, conflict.entity, self
            )
            dialog.step_wanted.connect(self.step_wanted)
            dialog.open()

    @Slot(object)
    def _show_like(self, like: list[Conflict]) -> None:
        self._like = like
        shown = self.area.chosen
        if len(like) > 1 and isinstance(shown, Conflict):
            fields = differing_fields(shown)
            self.like.setText(self.tr("&Apply to all {0} conflicts like this").format(number(len(like))))
            text = (
                self.tr("All of “{0}” where {1} differs")
                if len(fields) == 1
                else self.tr("All of “{0}” where {1} differ")
            )
            self.alike.setText(text.format(shown.entity, ", ".join(fields)))
            self.like.show()
            self.alike.show()

    @Slot()
    def _name_buttons(self) -> None:
        """What is clicked says of how many records it decides."""
        count = len(self._like) if self.like.isChecked() else 1
        text = self.tr("Keep the {0} values of all {1}") if count > 1 else self.tr("Keep the {0} values")
        for control, name in ((self.keep_a, self._names.a), (self.keep_b, self._names.b)):
            control.setText(text.format(name, number(count)))
            control.setAccessibleName(control.text())

    @Slot()
    def _keep_a(self) -> None:
        self._keep(Side.A)

    @Slot()
    def _keep_b(self) -> None:
        self._keep(Side.B)

    def _keep(self, winner: Side) -> None:
        conflict = self.area.chosen
        if not isinstance(conflict, Conflict):
            return
        conflicts = self._like if self.like.isChecked() and self._like else [conflict]
        self._enable(False)
        job = self._context.jobs.start(partial(settle, self._context.application.records, conflicts, winner))
        job.finished.connect(self._settled)
        job.failed.connect(self._failed)

    def _enable(self, enabled: bool) -> None:
        for control in (self.keep_a, self.keep_b, self.like):
            control.setEnabled(enabled)

    @Slot(object)
    def _settled(self, settled: Settled) -> None:
        text = self.tr("{0} decided. The next run carries it out.").format(records(settled.decided))
        if settled.reason is None:
            self.message.say(text, Tone.GOOD)
        else:
            refused = self.tr("{0} still waiting: {1}").format(records(settled.refused), problem(settled.reason))
            self.message.say(f"{text} {refused}", Tone.WARNING)
        self.area.choose_none()
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
        self._enable(True)
        self.area.model.refresh()
        self.changed.emit()
