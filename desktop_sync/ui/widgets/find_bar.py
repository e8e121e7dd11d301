"""The panel under a table that goes from hit to hit: F3 and Shift+F3, Esc closes it."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLineEdit, QWidget

from desktop_sync.ui.bridge.control import JobControl
from desktop_sync.ui.bridge.job_runner import Job
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.row_search import FoundRow, find_row
from desktop_sync.ui.palette import SPACE_S
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.widgets.paged_view import PagedView
from desktop_sync.ui.widgets.parts import button, label, tool_button


class _FindField(QLineEdit):
    """Keeps Esc for itself, which closes a whole page elsewhere."""

    escaped = Signal()

    def event(self, event: QEvent) -> bool:
        is_question = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_question and cast(QKeyEvent, event).key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class FindBar(QWidget):
    """Hidden until a person looks for something. The search runs in a worker; a newer one stops it."""

    def __init__(
        self, model: PagedTableModel[Any], view: PagedView, context: WindowContext, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._view = view
        self._context = context
        self._job: Job | None = None
        self.field = _FindField()
        self.field.setPlaceholderText(self.tr("Find in this table"))
        self.field.setAccessibleName(self.tr("Find in this table"))
        self.field.setMaximumWidth(260)
        self.field.returnPressed.connect(self.find_next)
        self.field.escaped.connect(self.close_bar)
        self.next_button = button(self.tr("Find &next"))
        self.next_button.setToolTip("F3")
        self.next_button.clicked.connect(self.find_next)
        self.previous_button = button(self.tr("Find pre&vious"))
        self.previous_button.setToolTip("Shift+F3")
        self.previous_button.clicked.connect(self.find_previous)
        self.said = label("", "caption")
        self._close = tool_button("", "icon", tip=self.tr("Close the search (Esc)"))
        self._close.setIconSize(QSize(14, 14))
        self._close.clicked.connect(self.close_bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.field, 1)
        for control in (self.next_button, self.previous_button):
            layout.addWidget(control)
        layout.addWidget(self.said, 1)
        layout.addWidget(self._close)
        context.theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    @Slot()
    def _dress(self) -> None:
        self._close.setIcon(self._context.theme.icon("close"))

    @Slot()
    def open_bar(self) -> None:
        """The field is ready to type into."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    @Slot()
    def close_bar(self) -> None:
        self._stop()
        self.hide()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def find_next(self) -> None:
        self._find(forward=True)

    @Slot()
    def find_previous(self) -> None:
        self._find(forward=False)

    def _find(self, *, forward: bool) -> None:
        source, text = self._model.source, self.field.text().strip()
        if source is None or not text:
            self.open_bar()
            return
        self._stop()
        control = JobControl()
        columns = tuple(
            column for place, column in enumerate(self._model.columns) if not self._view.isColumnHidden(place)
        )
        search = partial(
            find_row, source, columns, text, self._view.current_row(), forward=forward, cancel=control.cancel
        )
        self.said.setText(self.tr("Searching…"))
        self._job = self._context.jobs.start(search, control=control)
        self._job.finished.connect(self._found)
        self._job.failed.connect(self._failed)

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None and not job.is_ended:
            job.finished.disconnect(self._found)
            job.failed.disconnect(self._failed)
            job.cancel()
        self.said.setText("")

    @Slot(object)
    def _found(self, found: FoundRow) -> None:
        self._job = None
        if found.row is None:
            self.said.setText(self.tr("Nothing found"))
            return
        self.said.setText(self.tr("The search went on at the other end.") if found.began_again else "")
        self._view.selectRow(found.row)
        self._view.scrollTo(self._model.index(found.row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._job = None
        self.said.setText(problem(error))
