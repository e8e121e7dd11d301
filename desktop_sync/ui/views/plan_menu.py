"""What a person may do with the chosen rows of a preview: the context menu of its table, with its keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from desktop_sync.core.configuration import Side
from desktop_sync.core.plan import PlanRow
from desktop_sync.ui.models.row_ranges import count_rows
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.widgets.table_area import TableArea


class PlanMenu(QMenu):
    """The signals are wishes about the chosen rows; `winner_wanted` carries the side whose values are to be kept."""

    exclude_wanted = Signal()
    leave_wanted = Signal()
    alike_wanted = Signal()
    winner_wanted = Signal(object)
    only_wanted = Signal()
    explain_wanted = Signal()

    def __init__(self, area: TableArea, names: SideNames, can_run: Callable[[], bool], parent: QWidget) -> None:
        """`can_run`: whether the plan may run now."""
        super().__init__(parent)
        self._area = area
        self._names = names
        self._can_run = can_run
        self.exclude_action = self._add(self.tr("&Leave out, or take in again"), "Space", self.exclude_wanted.emit)
        self.to_a_action = self._add(self.tr("Write to {0}").format(names.a), "Alt+Left", self._keep_b)
        self.to_b_action = self._add(self.tr("Write to {0}").format(names.b), "Alt+Right", self._keep_a)
        self.leave_action = self._add(self.tr("&Do nothing with it"), "Alt+Down", self.leave_wanted.emit)
        self.alike_action = self._add("", "Shift+Space", self.alike_wanted.emit)
        self.addSeparator()
        self.only_action = self._add("", "Return", self.only_wanted.emit)
        self.only_action.setShortcuts([QKeySequence("Return"), QKeySequence("Enter")])
        self.addSeparator()
        self.addAction(area.view.copy_action)
        self.addAction(area.exporter.action)
        self.addSeparator()
        self.explain_action = self._add(self.tr("&Explain…"), "Ctrl+E", self.explain_wanted.emit)
        self.aboutToShow.connect(self.name_actions)
        self.aboutToHide.connect(self._enable_keys)
        area.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        area.view.customContextMenuRequested.connect(self._open)

    def _add(self, text: str, shortcut: str, slot: Callable[[], None]) -> QAction:
        action = self.addAction(text)
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self._area.view.addAction(action)
        return action

    @Slot()
    def name_actions(self) -> None:
        """The entries say what they would do to the chosen rows."""
        chosen, count = self._area.chosen, count_rows(self._area.view.selected_ranges())
        only = self.tr("S&ynchronize only this one…") if count == 1 else self.tr("S&ynchronize only these…")
        self.only_action.setText(only)
        is_row = isinstance(chosen, PlanRow)
        for action in (self.alike_action, self.explain_action):
            action.setEnabled(is_row)
        self.only_action.setEnabled(is_row and self._can_run())
        text, phrase = self.tr("Leave out &all like it"), ""
        if isinstance(chosen, PlanRow):
            phrase = f"{chosen.entity}: {self._names.action_phrase(chosen.action)}".replace("&", "&&")
            text = self.tr("Take in &all again of {0}") if chosen.is_excluded else self.tr("Leave out &all of {0}")
        self.alike_action.setText(text.format(phrase))

    @Slot()
    def _enable_keys(self) -> None:
        """The keys of a closed menu always reach the page, which knows what may be done now."""
        for action in (self.alike_action, self.explain_action, self.only_action):
            action.setEnabled(True)

    @Slot(QPoint)
    def _open(self, at: QPoint) -> None:
        self.popup(self._area.view.viewport().mapToGlobal(at))

    @Slot()
    def _keep_a(self) -> None:
        self.winner_wanted.emit(Side.A)

    @Slot()
    def _keep_b(self) -> None:
        self.winner_wanted.emit(Side.B)
