"""The filter of one side, and how many records take part, while it is being typed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import ExpressionError
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.times import number
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.wizards.configuration.holder import SetupHolder

PAUSE_MS = 400


class FilterInput(QWidget):
    """`edited` carries the side and the condition."""

    edited = Signal(object, str)

    def __init__(self, holder: SetupHolder, side: Side, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self._side = side
        self._counted = ("", "", "")
        self.edit = QLineEdit()
        self.edit.setClearButtonEnabled(True)
        self.edit.setPlaceholderText(self.tr("all records"))
        self.row = FieldRow(self.tr("Records"), self.edit)
        self.edit.textEdited.connect(self._edited)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._count)
        self._latest = Latest(holder.jobs, self)
        self._latest.arrived.connect(self._counted_came)
        self._latest.failed.connect(self._failed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.row)

    def refresh(self) -> None:
        """The input holds the shown entity's filter."""
        entity = self._holder.entity
        text = entity.filter.of(self._side) if entity is not None else ""
        name = self._holder.name(self._side)
        self.row.retitle(self.tr("Of {0} only records for which").format(name), self.tr("for example Active = 1"))
        if self.edit.text().strip() != text.strip():
            self.edit.setText(text)
        structure = entity.structures.of(self._side) if entity is not None else ""
        if (name, structure, text.strip()) != self._counted:
            self._counted = (name, structure, text.strip())
            self._latest.forget()
            self.row.say("")
            self.row.explain("")
            if text.strip():
                self._timer.start()
            else:
                self._timer.stop()

    @property
    def is_waiting(self) -> bool:
        return self._timer.isActive() or self._latest.is_waiting

    @Slot()
    def _edited(self) -> None:
        self.edited.emit(self._side, self.edit.text().strip())

    @Slot()
    def _count(self) -> None:
        self._latest.ask(partial(self._holder.application.configurations.filter_count, *self._counted))

    @Slot(object)
    def _counted_came(self, answer: object) -> None:
        if isinstance(answer, tuple):
            taking_part, looked_at = answer
            words = (
                self.tr("{0} of {1} record takes part.") if looked_at == 1 else self.tr("{0} of {1} records take part.")
            )
            self.row.explain(words.format(number(taking_part), number(looked_at)))

    @Slot(object)
    def _failed(self, error: object) -> None:
        if isinstance(error, ExpressionError):
            self.row.say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
        else:
            self.row.say(problem(error))
