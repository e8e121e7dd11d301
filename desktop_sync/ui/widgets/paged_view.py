"""The table view of the program: whole rows, fixed heights, a layout that is remembered, copy as text."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.row_ranges import Ranges, as_text, count_rows, merged
from desktop_sync.ui.widgets.cell_delegate import CellDelegate
from desktop_sync.ui.widgets.column_header import ColumnHeader
from desktop_sync.ui.widgets.column_widths import fitting_columns, widths_of

COPY_LIMIT = 100_000
"""More rows than that are exported, not copied: a clipboard of a gigabyte helps nobody."""


class PagedView(QTableView):
    """Shows a `PagedTableModel`. `key`: the name under which the layout is remembered; `name`: for screen readers."""

    selection_changed = Signal()
    copied = Signal(int)

    def __init__(
        self, model: PagedTableModel[Any], context: WindowContext, key: str, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._key = f"tables/{key}"
        self._fits_key = f"tables/{key}-fits"
        self._model = model
        self._is_fitting = False
        self.setAccessibleName(name)
        self.setHorizontalHeader(ColumnHeader(self))
        self.setModel(model)
        self.setItemDelegate(CellDelegate(context.theme, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._dress()
        self._lay_out()
        self._save_soon = QTimer(self)
        self._save_soon.setSingleShot(True)
        self._save_soon.setInterval(400)
        self._save_soon.timeout.connect(self._save_layout)
        self._connect()

    def _connect(self) -> None:
        header = self.horizontalHeader()
        header.sectionResized.connect(self._resized_by_hand)
        header.sectionMoved.connect(self._layout_changed)
        header.sortIndicatorChanged.connect(self._layout_changed)
        header.customContextMenuRequested.connect(self._header_menu)
        self.selectionModel().selectionChanged.connect(self.selection_changed)
        self._context.theme.changed.connect(self._dress)
        self.copy_action = QAction(self.tr("&Copy"), self)
        self.copy_action.setShortcuts(QKeySequence.StandardKey.Copy)  # also Ctrl+Insert
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.addAction(self.copy_action)

    @Slot()
    def _dress(self) -> None:
        rows, height = self.verticalHeader(), self._context.theme.row_height
        rows.setMinimumSectionSize(height)
        rows.setDefaultSectionSize(height)
        self.viewport().update()

    def _lay_out(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(48)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        self._default_widths()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        state = self._context.memory.state(self._key)
        is_restored = state is not None and header.restoreState(state)
        self._fits_width = not is_restored or self._context.memory.flag(self._fits_key)
        self.setSortingEnabled(any(column.sort for column in self._model.columns))

    def _default_widths(self) -> None:
        for number, column in enumerate(self._model.columns):
            self.setColumnWidth(number, column.width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits_width:
            self._fit()

    def refit(self) -> None:
        """The columns are others now: their widths are shared anew, unless a person arranged them."""
        if self._fits_width:
            self._fit()

    def _fit(self) -> None:
        """Columns that a person has not arranged share the width; where it is too small, some are left out."""
        header, columns = self.horizontalHeader(), self._model.columns
        wanted, available = [column.width for column in columns], self.viewport().width()
        shown = fitting_columns(header, wanted, [column.spare for column in columns], available)
        widths = dict(zip(shown, widths_of(header, wanted, shown, available), strict=True))
        self._is_fitting = True
        for number in range(len(columns)):
            self.setColumnHidden(number, number not in widths)
            if number in widths:
                self.setColumnWidth(number, widths[number])
        self._is_fitting = False

    def order(self, otherwise: str) -> tuple[str, bool]:
        """By what the rows are to stand in the beginning, and whether from the end: as remembered with the layout."""
        header = self.horizontalHeader()
        place = header.sortIndicatorSection()
        columns = self._model.columns
        if not 0 <= place < len(columns) or not columns[place].sort:
            return otherwise, False
        return columns[place].sort, header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder

    # Selection

    def selected_ranges(self) -> Ranges:
        """The selected rows; cheap however many they are."""
        selection = self.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.size())]
        return merged([(part.top(), part.bottom()) for part in parts])

    def selected_rows(self) -> list[int]:
        """Row numbers, of at most the first thousand selected rows."""
        numbers: list[int] = []
        for first, last in self.selected_ranges():
            numbers.extend(range(first, min(last, first + 999) + 1))
        return numbers[:1000]

    def current_row(self) -> int:
        """The row with the cursor, or -1."""
        return self.currentIndex().row()

    # Copying

    @Slot()
    def copy(self) -> None:
        """The selected rows come to the clipboard as text, read in a worker."""
        source, ranges = self._model.source, self.selected_ranges()
        if source is None or not ranges or count_rows(ranges) > COPY_LIMIT:
            return
        job = self._context.jobs.start(partial(as_text, source, ranges, self._model.columns))
        job.finished.connect(self._to_clipboard)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's own copy would take what the cell shows, with its signs for spaces."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    @Slot(object)
    def _to_clipboard(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(text.count("\n") - 1)

    # Layout

    @Slot()
    def reset_layout(self) -> None:
        """Widths, order, hidden columns and sorting are as in the beginning."""
        header = self.horizontalHeader()
        for number in range(header.count()):
            header.showSection(number)
            header.moveSection(header.visualIndex(number), number)
        self._fits_width = True
        self._fit()
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self._context.memory.forget(self._key)
        self._save_soon.stop()

    @Slot()
    def _resized_by_hand(self) -> None:
        # The mouse may be down on the edge of the window just as well.
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton and not self._is_fitting:
            self._fits_width = False
            self._save_soon.start()

    @Slot()
    def _layout_changed(self) -> None:
        self._save_soon.start()

    @Slot()
    def _save_layout(self) -> None:
        self._context.memory.set_state(self._key, self.horizontalHeader().saveState())
        self._context.memory.set_flag(self._fits_key, self._fits_width)  # then only order and sorting are a person's

    @Slot(QPoint)
    def _header_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        for number, column in enumerate(self._model.columns):
            shown = menu.addAction(column.title.replace("&", "&&") or self.tr("State"))
            shown.setCheckable(True)
            shown.setChecked(not self.isColumnHidden(number))
            shown.setData(number)
            shown.toggled.connect(self._toggle_column)
        menu.addSeparator()
        menu.addAction(self.tr("&Reset layout")).triggered.connect(self.reset_layout)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(at))

    @Slot(bool)
    def _toggle_column(self, shown: bool) -> None:
        number = cast(QAction, self.sender()).data()
        header = self.horizontalHeader()
        if shown or header.count() - header.hiddenSectionCount() > 1:
            self._fits_width = False  # a person chose the columns
            self.setColumnHidden(number, not shown)
            self._save_soon.start()
