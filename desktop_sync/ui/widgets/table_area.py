"""A paged table with what belongs to it: its empty state, its count, and a message when it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.row_ranges import count_rows
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.times import counted, number
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.find_bar import FindBar
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.paged_view import PagedView
from desktop_sync.ui.widgets.parts import label
from desktop_sync.ui.widgets.table_export import TableExport


class TableArea(QWidget):
    """`view` and `model` are for the page that owns it; `row_chosen` carries the row under the cursor, or None."""

    row_chosen = Signal(object)

    def __init__(
        self,
        model: PagedTableModel[Any],
        context: WindowContext,
        key: str,
        name: str,
        empty: EmptyState,
        parent: QWidget | None = None,
        *,
        shows_count: bool = True,
        has_search: bool = False,
        identity: Callable[[Any], object] | None = None,
    ) -> None:
        """`has_search`: the page has a field of its own for Ctrl+F, which narrows the rows; F3 goes from hit to hit.
        `identity` says which record a row is about: it stays the chosen one when rows come and go."""
        super().__init__(parent)
        self.model = model
        model.setParent(self)
        self.view = PagedView(model, context, key, name)
        self.empty = empty
        self.message = MessageBar(context.theme)
        self._count = label("", "caption")
        self._shows_count = shows_count
        self._count.setVisible(shows_count)
        self.exporter = TableExport(model, context, self)
        self.exporter.exported.connect(self._exported)
        self.exporter.failed.connect(self._failed)
        self.find_bar = FindBar(model, self.view, context)
        self._total: int | None = None
        self._identity = identity
        self._kept: object = None
        self.has_lost = False
        """Whether the chosen row is gone, and none is chosen until a person does."""
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.message)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.find_bar)
        layout.addWidget(self._count)
        self._chosen: object = None
        self._make_actions(has_search)
        model.loaded.connect(self._loaded)
        model.load_failed.connect(self._failed)
        model.page_arrived.connect(self._follow)
        model.page_arrived.connect(self._choose)
        self.view.selection_changed.connect(self._choose)

    def _make_actions(self, has_search: bool) -> None:
        """Keys, and the menu of a table whose page has none of its own."""
        keys = QKeySequence.StandardKey
        wanted = [
            (self.tr("Find &next"), keys.FindNext, self.find_bar.find_next),
            (self.tr("Find &previous"), keys.FindPrevious, self.find_bar.find_previous),
        ]
        if not has_search:
            wanted.insert(0, (self.tr("&Find…"), keys.Find, self.find_bar.open_bar))
        finds = []
        for text, key, slot in wanted:
            find = QAction(text, self)
            find.setShortcut(QKeySequence(key))
            find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            find.triggered.connect(slot)
            self.addAction(find)
            finds.append(find)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.view.addActions([finds[0], self.exporter.action])

    @Slot(int)
    def _exported(self, count: int) -> None:
        text = counted(count, self.tr("{0} row exported."), self.tr("{0} rows exported."))
        self.message.say(text, Tone.GOOD)

    def show_total(self, total: int) -> None:
        """How many rows there are without any filter; fewer that are shown are counted against it."""
        self._total = total
        self._choose()

    @property
    def count_text(self) -> str:
        return self._count.text()

    @property
    def is_empty(self) -> bool:
        return self._stack.currentWidget() is self.empty

    @property
    def chosen(self) -> object:
        return self._chosen

    @Slot()
    def _loaded(self) -> None:
        self.message.clear()
        has_rows = self.model.rowCount() > 0
        # A page that is not seen must not make the table as wide as its text.
        wide = QSizePolicy.Policy.Ignored if has_rows else QSizePolicy.Policy.Preferred
        self.empty.setSizePolicy(wide, QSizePolicy.Policy.Preferred)
        self._stack.setCurrentWidget(self.view if has_rows else self.empty)
        self._count.setVisible(self._shows_count and (has_rows or bool(self._total)))  # an empty list says so itself
        self._stack.updateGeometry()  # a hidden page does not say by itself that it wants less room now
        self._follow()
        self._choose()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    def choose_none(self) -> None:
        """No row is chosen, as the page wants it."""
        self._kept, self.has_lost = None, False
        self.view.clearSelection()

    @Slot()
    def _follow(self) -> None:
        """The record that was chosen still is, wherever it stands now; where it is gone, none is, and that is told."""
        identity, kept = self._identity, self._kept
        if identity is not None and kept is not None:
            row = self.model.row(self.view.current_row()) if self.view.selected_ranges() else None
            if row is not None and identity(row) == kept:
                return
            number = self.model.find(lambda one: identity(one) == kept)
            if number is not None:
                self.view.selectRow(number)
                return
            self._kept, self.has_lost = None, True
            self.view.clearSelection()
        self.has_lost = self.has_lost and self.model.rowCount() > 0
        if self.has_lost:
            self.message.say(self.tr("The list changed meanwhile. Choose the record again."), Tone.NEUTRAL)

    @Slot()
    def _choose(self) -> None:
        total = self.model.rowCount()
        text = counted(total, self.tr("{0} row"), self.tr("{0} rows"))
        if self._total is not None and total < self._total:
            text = self.tr("{0} of {1} rows").format(number(total), number(self._total))
        selected = count_rows(self.view.selected_ranges())
        if selected > 1:
            text += "  ·  " + counted(selected, self.tr("{0} selected"), self.tr("{0} selected"))
        self._count.setText(text)
        current = self.view.current_row()
        row = self.model.row(current) if selected and 0 <= current < total else None
        if row is not None and self._identity is not None:
            self._kept = self._identity(row)
            if self.has_lost:
                self.has_lost = False
                self.message.clear()
        if row is not self._chosen:
            self._chosen = row
            self.row_chosen.emit(row)
