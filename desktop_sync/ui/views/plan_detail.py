"""One row of a plan: both records field by field, and what a person may do with it before it runs."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.core.configuration import PipelineStep, Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import PlanRow
from desktop_sync.core.step_blame import blamed_step
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.palette import SPACE_S
from desktop_sync.ui.text.step_words import open_step_text
from desktop_sync.ui.text.words import SideNames, action_verb, rule_sentence
from desktop_sync.ui.views.field_columns import plan_columns
from desktop_sync.ui.views.plan_model import TURNABLE
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.parts import button, label, row


class PlanDetail(QWidget):
    """Hidden without a row. `winner_wanted` carries the side whose values are to be written to the other."""

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
        self._configuration = configuration
        self._step: PipelineStep | None = None
        self.fields = ListTableModel(plan_columns(names, None), self)
        self.fields_view = ListView(self.fields, context.theme, self.tr("Fields of the chosen record"))
        self._title = label("", "strong", wraps=True)
        self._make_buttons()
        controls = (self.step_button, self.to_a_button, self.to_b_button, self.exclude_button, self.explain_button)
        head = row(self._title, *controls)
        head.setStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(head)
        layout.addWidget(self.fields_view, 1)
        self.hide()

    def _make_buttons(self) -> None:
        a, b = self._names.a, self._names.b
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

    def show_row(self, plan_row: PlanRow | None, *, can_turn: bool) -> None:
        """`can_turn`: whether the plan lets a person choose the side that is written."""
        self.setVisible(plan_row is not None)
        if plan_row is None:
            return
        why = plan_row.detail or rule_sentence(plan_row.rule, self._names)
        self._title.setText(f"{plan_row.title or plan_row.entity}  —  {action_verb(plan_row.action)}: {why}")
        has_a, has_b = bool(plan_row.a_id), bool(plan_row.b_id)
        columns = plan_columns(self._names, plan_row.action, has_a=has_a, has_b=has_b)
        self.fields.show(plan_row.fields, columns)
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
