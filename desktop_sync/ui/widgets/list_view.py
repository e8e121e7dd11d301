"""The view of a short table (`models.list_table`), in the look of the long ones."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.text.plain import csv_cell
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.cell_delegate import CellDelegate
from desktop_sync.ui.widgets.column_header import ColumnHeader
from desktop_sync.ui.widgets.column_widths import shared_widths


class ListView(QTableView):
    """Columns share the width in the proportion of their own widths. With `fits_rows` it is as high as its rows."""

    def __init__(
        self,
        model: ListTableModel[Any],
        theme: Theme,
        name: str,
        parent: QWidget | None = None,
        *,
        fits_rows: bool = False,
    ) -> None:
        super().__init__(parent)
        self._fits_rows = fits_rows
        self._theme = theme
        self.setModel(model)
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(theme, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = ColumnHeader(self)
        self.setHorizontalHeader(header)
        header.setSectionsClickable(False)
        header.setStretchLastSection(True)
        copy = QAction(self.tr("&Copy"), self)
        copy.setShortcuts(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.copy_value_action = QAction(self.tr("Copy &value"), self)
        self.copy_value_action.triggered.connect(self.copy_value)
        self.addAction(self.copy_value_action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        model.modelReset.connect(self._share)
        theme.changed.connect(self._dress)
        self._dress()

    @Slot()
    def copy(self) -> None:
        """The chosen rows come to the clipboard as text, with their titles where they are several."""
        model, chosen = self.model(), sorted(index.row() for index in self.selectionModel().selectedRows())
        if not isinstance(model, ListTableModel) or not chosen:
            return
        lines = [[column.text(model.rows[row]) for column in model.columns] for row in chosen]
        if len(lines) > 1:
            lines.insert(0, [column.title for column in model.columns])
        QGuiApplication.clipboard().setText("\n".join("\t".join(csv_cell(cell) for cell in line) for line in lines))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's own copy would take what the cell shows, with its signs for spaces."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    @Slot()
    def copy_value(self) -> None:
        """The text of the cell under the cursor comes to the clipboard just as it is."""
        model, at = self.model(), self.currentIndex()
        if isinstance(model, ListTableModel) and at.isValid():
            QGuiApplication.clipboard().setText(model.columns[at.column()].text(model.rows[at.row()]))

    @Slot()
    def _dress(self) -> None:
        rows = self.verticalHeader()
        rows.setMinimumSectionSize(self._theme.row_height)
        rows.setDefaultSectionSize(self._theme.row_height)
        self._share()
        self.viewport().update()

    def _share(self) -> None:
        model = self.model()
        if not isinstance(model, ListTableModel) or not model.columns:
            return
        available = max(self.viewport().width(), 200)
        widths = shared_widths(
            self.horizontalHeader(), [column.width for column in model.columns], available, never_scrolls=True
        )
        if model.columns[-1].align is Qt.AlignmentFlag.AlignRight:
            widths[0] += max(0, available - sum(widths))  # numbers stand together, and the name has what is left
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)
        if self._fits_rows:
            height = self.horizontalHeader().height() + self._theme.row_height * max(1, model.rowCount()) + 4
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._share()

    def sizeHint(self) -> QSize:
        return QSize(400, self._theme.row_height * 5)
