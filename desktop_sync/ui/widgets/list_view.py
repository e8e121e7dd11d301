"""The view of a short table (`models.list_table`), in the look of the long ones."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.palette import ROW_HEIGHT
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.cell_delegate import CellDelegate
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
        rows.setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setAccessibleName(self.tr("Columns"))
        header.setStretchLastSection(True)
        model.modelReset.connect(self._share)
        theme.changed.connect(self.viewport().update)
        self._share()

    def _share(self) -> None:
        model = self.model()
        if not isinstance(model, ListTableModel) or not model.columns:
            return
        available = max(self.viewport().width(), 200)
        widths = shared_widths(
            self.horizontalHeader(), [column.width for column in model.columns], available, never_scrolls=True
        )
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)
        if self._fits_rows:
            height = self.horizontalHeader().height() + ROW_HEIGHT * max(1, model.rowCount()) + 4
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._share()

    def sizeHint(self) -> QSize:
        return QSize(400, ROW_HEIGHT * 5)
