"""One row of a plan: both records field by field, and what a person may do with it before it runs."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import PipelineStep, Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import PlanRow
from desktop_sync.core.step_blame import blamed_step
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.palette import SPACE_XS
from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.text.step_words import open_step_text
from desktop_sync.ui.text.unseen import spelled
from desktop_sync.ui.text.words import SideNames, action_verb, rule_sentence
from desktop_sync.ui.views.field_columns import plan_columns
from desktop_sync.ui.views.plan_model import TURNABLE
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.parts import button, label, row, tool_button

_FIELDS = "preview/fields"
_SHOWN, _HIDDEN = "shown", "hidden"


class PlanDetail(QWidget):
    """What happens to the row, and its buttons; `fields_view` is for the page to place. Both are hidden without a row.

    `winner_wanted` carries the side whose values are to be written to the other.
    """

    exclude_wanted = Signal()
    winner_wanted = Signal(object)
    explain_wanted = Signal()
    step_wanted = Signal(str)

    def __init__(
        self,
        context: WindowContext,
        names: SideNames,
        configuration: SyncConfiguration | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._names = names
        self._theme, self._memory = context.theme, context.memory
        self._configuration = configuration
        self._step: PipelineStep | None = None
        self._has_row = False
        self.fields = ListTableModel(plan_columns(names, None), self)
        self.fields_view = ListView(self.fields, context.theme, self.tr("Fields of the chosen record"))
        self._title = label("", "strong", wraps=True)
        self._make_buttons()
        controls = (self.step_button, self.to_a_button, self.to_b_button, self.exclude_button, self.explain_button)
        head = row(self.fold_button, self._title, *controls)
        head.setStretch(1, 1)
        head.setContentsMargins(0, SPACE_XS, 0, 0)
        self.setLayout(head)
        context.theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    def _make_buttons(self) -> None:
        a, b = self._names.a, self._names.b
        self.fold_button = tool_button("", "icon")
        self.fold_button.setShortcut(QKeySequence("F8"))
        self.fold_button.clicked.connect(self._fold)
        self.exclude_button = button(self.tr("Leave &out"))
        self.exclude_button.setToolTip(self.tr("Space"))
        self.exclude_button.clicked.connect(self.exclude_wanted)
        self.to_a_button = button(self.tr("← Write to {0}").format(a))
        self.to_a_button.setToolTip(self.tr("Alt+Left: take the values of {0}").format(b))
        self.to_a_button.clicked.connect(self._keep_b)
        self.to_b_button = button(self.tr("Write to {0} →").format(b))
        self.to_b_button.setToolTip(self.tr("Alt+Right: take the values of {0}").format(a))
        self.to_b_button.clicked.connect(self._keep_a)
        self.step_button = button("", name=self.tr("Open the step"))
        self.step_button.clicked.connect(self._open_step)
        self.step_button.hide()
        self.explain_button = button(self.tr("&Explain…"))
        self.explain_button.setToolTip(self.tr("Ctrl+E"))
        self.explain_button.clicked.connect(self.explain_wanted)

    @property
    def shows_fields(self) -> bool:
        """As a person last had it; in the beginning the fields are seen where the window is high enough."""
        kept = self._memory.text(_FIELDS)
        return kept == _SHOWN if kept else not self._theme.is_tight

    @Slot()
    def _fold(self) -> None:
        """The fields are folded away, so that the table has the room, or are seen again."""
        self._memory.set_text(_FIELDS, _HIDDEN if self.shows_fields else _SHOWN)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        shows = self.shows_fields
        tip = self.tr("Fold the fields away (F8)") if shows else self.tr("Show the fields of the record (F8)")
        self.fold_button.setIcon(self._theme.icon("chevron-down" if shows else "chevron-up"))
        self.fold_button.setToolTip(tip)
        self.fold_button.setAccessibleName(tip)
        self.fields_view.setVisible(shows and self._has_row)

    def show_row(self, plan_row: PlanRow | None, *, can_turn: bool) -> None:
        """`can_turn`: whether the plan lets a person choose the side that is written."""
        self._has_row = plan_row is not None
        self.setVisible(self._has_row)
        self.fields_view.setVisible(self._has_row and self.shows_fields)
        if plan_row is None:
            return
        why = plan_row.detail or rule_sentence(plan_row.rule, self._names)
        self._title.setToolTip(tooltip(why))
        self._title.setText(f"{spelled(plan_row.title) or plan_row.entity}  —  {action_verb(plan_row.action)}: {why}")
        has_a, has_b = bool(plan_row.a_id), bool(plan_row.b_id)
        columns = plan_columns(self._names, plan_row.action, has_a=has_a, has_b=has_b, writes_both=plan_row.writes_both)
        knows_base = any(change.base is not None for change in plan_row.fields)
        shown = columns if knows_base else tuple(column for column in columns if column.key != "base")
        self.fields.show(plan_row.fields, shown)
        self._offer_step(plan_row)
        for control in (self.to_a_button, self.to_b_button):
            control.setVisible(can_turn and plan_row.action in TURNABLE)
        self.to_a_button.setEnabled(plan_row.action is not Action.UPDATE_A)
        self.to_b_button.setEnabled(plan_row.action is not Action.UPDATE_B)
        self.exclude_button.setText(self.tr("Take &in again") if plan_row.is_excluded else self.tr("Leave &out"))

    def _offer_step(self, plan_row: PlanRow) -> None:
        """A record that a step of the user's own keeps back leads to that step."""
        self._step = None
        if plan_row.action is Action.INVALID and self._configuration is not None:
            self._step = blamed_step(self._configuration, plan_row.detail, plan_row.entity)
        self.step_button.setVisible(self._step is not None)
        if self._step is not None:
            self.step_button.setText(open_step_text(self._step.name))
            self.step_button.setAccessibleName(self.step_button.text().replace("&", ""))

    @Slot()
    def _open_step(self) -> None:
        if self._step is not None:
            self.step_wanted.emit(self._step.name)

    @Slot()
    def _keep_a(self) -> None:
        self.winner_wanted.emit(Side.A)

    @Slot()
    def _keep_b(self) -> None:
        self.winner_wanted.emit(Side.B)
