"""All rows of a table, as it is filtered and sorted, into a CSV file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_sync.ui.bridge.control import JobControl
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.row_ranges import export_csv


class TableExport(QObject):
    """`exported` carries how many rows the file has. `action` stands in the menus of the table."""

    exported = Signal(int)
    failed = Signal(object)

    def __init__(self, model: PagedTableModel[Any], context: WindowContext, area: QWidget) -> None:
        super().__init__(area)
        self._model = model
        self._context = context
        self._area = area
        self.action = QAction(self.tr("E&xport CSV…"), self)
        self.action.triggered.connect(self.ask)

    @Slot()
    def ask(self) -> None:
        """A file name is asked for."""
        dialog = QFileDialog(self._area, self.tr("Export the table"), str(Path.home()), self.tr("CSV files (*.csv)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    @Slot(str)
    def export_to(self, path: str) -> None:
        """The file is written by a job."""
        source = self._model.source
        if source is None:
            return
        control = JobControl()
        export = partial(export_csv, source, self._model.columns, Path(path), control.progress, control.cancel)
        job = self._context.jobs.start(export, title="export", control=control)
        job.finished.connect(self._exported)
        job.failed.connect(self.failed)

    @Slot(object)
    def _exported(self, count: int) -> None:
        self.exported.emit(count)
