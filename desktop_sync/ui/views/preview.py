"""A plan before it runs: what will be done to which record, left out or turned around row by row, then executed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.binding_text import match_only_sentences
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.first_contact import first_contact_doubts
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import PlanRow
from desktop_sync.ui.bridge.open_preview import OpenPreview, Tally
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.sources import PlanSource
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import guard_sentence, problem, records
from desktop_sync.ui.text.times import number
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.explanation import ExplanationDialog, record_id, record_number
from desktop_sync.ui.views.plan_choices import exclude, leave_out, leave_out_alike, turn_around
from desktop_sync.ui.views.plan_detail import PlanDetail
from desktop_sync.ui.views.plan_menu import PlanMenu
from desktop_sync.ui.views.plan_model import PlanTableModel, chips_of, totals
from desktop_sync.ui.views.plan_part import PlanPart
from desktop_sync.ui.views.preview_head import PreviewHead
from desktop_sync.ui.widgets.chips import ChipRow
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import column
from desktop_sync.ui.widgets.screen import page_room
from desktop_sync.ui.widgets.table_area import TableArea

FIRST_ORDER = "number"


class PreviewPage(QWidget):
    """Owns its preview until `run_wanted` hands it on: (preview, guards to let pass). `closed` means: not executed."""

    run_wanted = Signal(object, object)
    step_wanted = Signal(str)
    closed = Signal()

    def __init__(
        self,
        context: WindowContext,
        preview: OpenPreview,
        names: SideNames,
        configuration: SyncConfiguration | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`configuration`: as it was when the preview was asked for; its steps are what rows may lead to."""
        super().__init__(parent)
        self._configuration = configuration
        self._context = context
        self._preview: OpenPreview | None = preview
        self._plan = preview.plan
        self._tally = preview.planned()
        self._names = names
        self._allow: frozenset[Guard] = frozenset()
        self._match_only = preview.match_only
        self.head = PreviewHead(context.theme, self._plan.configuration, [part.entity for part in self._plan.entities])
        self.back_button, self.run_button = self.head.back_button, self.head.run_button
        self.pilot_button, self.summary = self.head.pilot_button, self.head.summary
        self.differences, self.search, self.entity = self.head.differences, self.head.search, self.head.entity
        self.back_button.clicked.connect(self.closed)
        self.run_button.clicked.connect(self._run)
        self.pilot_button.clicked.connect(self.ask_pilot)
        self.differences.toggled.connect(self._show_differences)
        self.search.wanted.connect(self._ask)
        self.entity.currentIndexChanged.connect(self._ask)
        self.guards = MessageBar(context.theme, closable=False)  # it alone leads past the guard
        self.pass_button = self.guards.add_button(self.tr("&Let it pass this once"))
        self.pass_button.clicked.connect(self._let_pass)
        self.match_only = MessageBar(context.theme, closable=False)
        self.notes = MessageBar(context.theme)
        self.message = MessageBar(context.theme)
        self.chips = ChipRow(self.tr("What will be done"), exclusive=False)
        self.chips.changed.connect(self._ask)
        self._make_table()
        self._make_actions()
        self._lay_out()
        self._show_tally(self._tally)
        self._show_mode()
        notes = [*self._doubts(), *(note for part in self._plan.entities for note in part.notes)]
        if notes:
            self.notes.say("\n".join(notes), Tone.WARNING)
        self._ask()

    def _show_mode(self) -> None:
        """A plan that only matches says so; of a configuration of another ledger it is just a look."""
        if self._match_only is not None:
            self.run_button.setText(self.tr("Match &now"))
            self.match_only.say(match_only_sentences(self._match_only), Tone.WARNING)

    def _doubts(self) -> tuple[str, ...]:
        """What speaks against the choice of the two sides, before they first meet."""
        known = self._configuration
        return () if known is None else tuple(first_contact_doubts(self._plan, known))

    def _make_table(self) -> None:
        empty = EmptyState(
            self._context.theme,
            "check-circle",
            self.tr("Nothing to synchronize"),
            self.tr("Both sides agree. A run would write nothing."),
        )
        self.table_model = PlanTableModel(self._names, self._context.jobs)
        self.area = TableArea(
            self.table_model, self._context, "preview", self.tr("Planned actions"), empty, has_search=True
        )
        self._sort, self._descending = self.area.view.order(FIRST_ORDER)
        self.area.row_chosen.connect(self._show_row)
        self.table_model.sort_wanted.connect(self._sorted)
        self.table_model.loaded.connect(self._select_first)
        self.area.show_total(self._tally.rows)
        self.detail = PlanDetail(self._context, self._names, self._configuration)
        self.detail.exclude_wanted.connect(self._exclude)
        self.detail.winner_wanted.connect(self._turn)
        self.detail.explain_wanted.connect(self.explain)
        self.detail.step_wanted.connect(self.step_wanted)

    def _make_actions(self) -> None:
        self.menu = PlanMenu(self.area, self._names, self.run_button.isEnabled, self)
        self.menu.exclude_wanted.connect(self._exclude)
        self.menu.leave_wanted.connect(self._leave)
        self.menu.alike_wanted.connect(self._leave_alike)
        self.menu.winner_wanted.connect(self._turn)
        self.menu.only_wanted.connect(self.ask_only)
        self.menu.explain_wanted.connect(self.explain)
        self.part = PlanPart(self._context, self.area, self)
        self.part.left.connect(self._run_part)
        self.part.failed.connect(self._failed)
        find = QAction(self.tr("Find"), self)
        find.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(self._find)
        self.addAction(find)

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        upper = QWidget()
        upper.setLayout(column(self.area, self.detail, spacing=0))
        splitter.addWidget(upper)
        splitter.addWidget(self.detail.fields_view)
        splitter.setSizes([340, 150])
        splitter.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        for part in (self.head, self.match_only, self.guards, self.notes, self.message, self.chips):
            layout.addWidget(part)
        layout.addWidget(splitter, 1)
        page_room(self, self._context.theme)

    @Slot(bool)
    def _show_differences(self, wanted: bool) -> None:
        self.table_model.show_differences(wanted)
        self.area.view.refit()
        self._show_chips()

    def _show_chips(self) -> None:
        """The categories, named by what the column between the two records says."""
        shows_differences = self.differences.isChecked()
        self.chips.show_chips(chips_of(self._tally, self._entity, self._names, shows_differences=shows_differences))

    # The plan

    def _show_tally(self, tally: Tally) -> None:
        self._tally = tally
        plan = self._plan
        parts = [
            self._side_sentence(name, creates, updates, deletes)
            for name, creates, updates, deletes in totals(tally, self._names)
        ]
        waiting = tally.count_taking_part(Action.CONFLICT, Action.REVIEW)
        if waiting:
            parts.append(self.tr("{0} wait for your decision and are left alone").format(records(waiting)))
        unfit = tally.count_taking_part(Action.INVALID)
        if unfit:
            parts.append(self.tr("{0} cannot be synchronized as they are").format(records(unfit)))
        if tally.left_out:
            parts.append(self.tr("{0} left out").format(number(tally.left_out)))
        if any(part.first_run for part in plan.entities):
            parts.append(self.tr("first run: nothing is deleted"))
        self.summary.setText("   ·   ".join(parts))
        self._show_chips()
        self._show_guards()

    def _side_sentence(self, name: str, creates: int, updates: int, deletes: int) -> str:
        """What would be written to a system; what occurs not once is not said."""
        counts = (
            (creates, self.tr("{0} to create")),
            (updates, self.tr("{0} to update")),
            (deletes, self.tr("{0} to delete")),
        )
        said = ", ".join(text.format(number(count)) for count, text in counts if count)
        return f"{name}: {said or self.tr('nothing to write')}"

    def _show_guards(self) -> None:
        findings = [finding for finding in self._tally.findings if finding.guard not in self._allow]
        if findings:
            lines = [guard_sentence(finding, self._names) for finding in findings]
            head = self.tr("A guard stops this run before it writes anything:")
            self.guards.say("\n".join([head, *lines]), Tone.WARNING)
        elif self._plan.findings and not self._tally.findings:
            self.guards.say(self.tr("Without what is left out, no guard stops this run."), Tone.NEUTRAL)
        elif self._allow:
            self.guards.say(self.tr("The guard is let pass for this plan only."), Tone.NEUTRAL)
        else:
            self.guards.clear()
        self.pass_button.setVisible(bool(findings))
        is_look = self._match_only is MatchOnly.FOREIGN
        self.run_button.setEnabled(not findings and not is_look and self._preview is not None)
        self.pilot_button.setEnabled(not is_look and self._preview is not None)
        self.pilot_button.setVisible(self._match_only is None and self._writing > 1)

    @Slot()
    def _let_pass(self) -> None:
        self._allow = frozenset(finding.guard for finding in self._tally.findings)
        self._show_guards()

    @property
    def _entity(self) -> str:
        return self.entity.currentText() if self.entity.currentIndex() > 0 else ""

    @Slot()
    def _ask(self) -> None:
        if self._preview is None:
            return
        self._show_chips()
        actions = tuple(Action[key] for key in self.chips.chosen)
        text = self.search.wish
        if text or actions:
            self.area.empty.say(self.tr("Nothing found"), self.tr("No planned action matches."), "search")
        else:
            self.area.empty.say(
                self.tr("Nothing to synchronize"),
                self.tr("Both sides agree. A run would write nothing."),
                "check-circle",
            )
        source = PlanSource(self._preview, self._entity, actions, text, self._sort, self._descending)
        self.table_model.show(source)

    @Slot(str, bool)
    def _sorted(self, sort: str, descending: bool) -> None:
        self._sort, self._descending = sort or FIRST_ORDER, descending
        self._ask()

    @Slot()
    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    @Slot()
    def _select_first(self) -> None:
        if self.table_model.rowCount() and not self.area.view.selected_ranges():
            self.area.view.selectRow(0)

    # One row

    @Slot(object)
    def _show_row(self, plan_row: PlanRow | None) -> None:
        self.detail.show_row(plan_row, can_turn=self._match_only is None)

    @Slot()
    def explain(self) -> None:
        """All about the chosen record, in a dialog of its own."""
        chosen = self.area.chosen
        if isinstance(chosen, PlanRow):
            # A record that the plan found is not in the ledger yet: its id in its own system says which it is.
            if chosen.record_id is not None and chosen.status is not None:
                record = record_number(chosen.record_id)
            else:
                record = record_id(chosen.a_id or chosen.b_id or "")
            name = self._plan.configuration
            dialog = ExplanationDialog(self._context, self._names, name, record, chosen.entity, self)
            dialog.step_wanted.connect(self.step_wanted)
            dialog.open()

    @Slot()
    def _exclude(self) -> None:
        source, ranges = self.table_model.source, self.area.view.selected_ranges()
        if source is not None and ranges and self._preview is not None:
            self._change(partial(exclude, self._preview, source, ranges))

    @Slot()
    def _leave(self) -> None:
        source, ranges = self.table_model.source, self.area.view.selected_ranges()
        if source is not None and ranges and self._preview is not None:
            self._change(partial(leave_out, self._preview, source, ranges))

    @Slot()
    def _leave_alike(self) -> None:
        """All rows to which the same happens as to the chosen one are left out, or taken in again where it was out."""
        chosen = self.area.chosen
        if isinstance(chosen, PlanRow) and self._preview is not None:
            ask = partial(leave_out_alike, self._preview, chosen.entity, chosen.action, not chosen.is_excluded)
            self._change(ask)

    @Slot()
    def ask_only(self) -> None:
        """Runs just the chosen rows, after asking."""
        if self._preview is not None and self.run_button.isEnabled():
            self.part.ask_only(self._preview)

    @Slot()
    def ask_pilot(self) -> None:
        """Asks how many records are to be written to, and runs just these."""
        if self._preview is not None and self._writing > 1:
            self.part.ask_pilot(self._preview, self._writing)

    @property
    def _writing(self) -> int:
        """To how many records the plan as it is now writes."""
        return self._tally.written

    @Slot(object)
    def _run_part(self, tally: Tally) -> None:
        """A guard that stops also this part is shown instead."""
        self._changed(tally)
        if self.run_button.isEnabled():
            self._run()

    @Slot(object)
    def _turn(self, winner: Side) -> None:
        source, ranges = self.table_model.source, self.area.view.selected_ranges()
        if source is not None and ranges and self._preview is not None:
            self._change(partial(turn_around, self._preview, source, ranges, winner))

    def _change(self, change: Callable[[], Tally]) -> None:
        job = self._context.jobs.start(change)
        job.finished.connect(self._changed)
        job.failed.connect(self._failed)

    @Slot(object)
    def _changed(self, tally: Tally) -> None:
        self.message.clear()
        self._show_tally(tally)
        self.table_model.refresh(max(0, self.area.view.rowAt(0)))

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    # The end

    @Slot()
    def _run(self) -> None:
        preview, self._preview = self._preview, None
        if preview is not None:
            self.run_button.setEnabled(False)
            self.run_wanted.emit(preview, self._allow)

    def dispose(self) -> None:
        """The preview is closed, in a worker, if it was not handed on."""
        preview, self._preview = self._preview, None
        if preview is not None:
            self._context.jobs.start(preview.close)
