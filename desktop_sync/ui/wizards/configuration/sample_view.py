"""Real records through the mapping, while it is being edited."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from desktop_sync.core.configuration import FieldMapping, Side
from desktop_sync.core.errors import ExpressionError
from desktop_sync.services.views import MappingSample
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.plain import one_line, tooltip
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.parts import label, row
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.notice import Notice
from desktop_sync.ui.wizards.scheme import scheme

LEAST_TABLE = 128
"""Pixels of height: three samples below their header."""
PAUSE_MS = 300
"""After the last keystroke."""

SHOWN = 6


class SampleView(QWidget):
    """Asks in a job once nothing was typed for a moment; only the newest answer is shown."""

    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self._mapping: FieldMapping | None = None
        self.toward: ChoiceBox[Side] = ChoiceBox(self.tr("Samples into"))
        self.toward.activated.connect(self._ask_soon)
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName(self.tr("Samples"))
        self.table.setHorizontalHeaderLabels([self.tr("Before"), self.tr("After")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(28)
        self.table.horizontalHeader().setAccessibleName(self.tr("Columns"))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setShowGrid(False)
        self.table.setMinimumHeight(LEAST_TABLE)
        self.table.setCornerButtonEnabled(False)
        self.table.setTabKeyNavigation(False)
        self.notice = Notice()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._ask)
        self._latest = Latest(holder.jobs, self)
        self._latest.arrived.connect(self._came)
        self._latest.failed.connect(self._failed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(label(self.tr("Samples"), "strong"), self.toward))
        self._nothing = label(
            self.tr("Real values are shown here once the field has a counterpart, or an expression."),
            "caption",
            wraps=True,
        )
        self._nothing.hide()
        layout.addWidget(self.notice)
        layout.addWidget(self._nothing)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)

    def show_mapping(self, mapping: FieldMapping | None) -> None:
        """Samples of this mapping follow soon, or none."""
        if mapping is not None and not (mapping.a or mapping.b):
            mapping = None
        if mapping == self._mapping:
            return
        self._mapping = mapping
        self._latest.forget()
        if mapping is None:
            self._timer.stop()
            self.table.setRowCount(0)
            self.notice.say("")
            return
        self._offer(mapping)
        self._timer.start()

    @property
    def is_waiting(self) -> bool:
        return self._timer.isActive() or self._latest.is_waiting

    def _offer(self, mapping: FieldMapping) -> None:
        sides = [
            side
            for side in (Side.B, Side.A)
            if mapping.field_of(side)
            and mapping.direction.flows_from(side.other)
            and (mapping.field_of(side.other) or mapping.expression_to(side))
        ]
        self.toward.offer([(self.tr("into {0}").format(self._holder.name(side)), side) for side in sides])
        if self.toward.value is None and sides:
            self.toward.choose(sides[0])
        self.toward.setVisible(bool(sides))
        self.toward.setEnabled(len(sides) > 1)
        self._name_columns()
        self.table.setVisible(bool(sides))
        self._nothing.setVisible(not sides)

    @Slot()
    def _ask_soon(self) -> None:
        self._timer.start()

    @Slot()
    def _ask(self) -> None:
        entity, mapping, toward = self._holder.entity, self._mapping, self.toward.value
        if entity is None or mapping is None or toward is None:
            self.table.setRowCount(0)
            return
        configuration = self._holder.setup.configuration
        ask = partial(
            self._holder.application.configurations.sample_mapping,
            configuration.a,
            entity.structures.a,
            configuration.b,
            entity.structures.b,
            mapping,
            toward,
            SHOWN,
        )
        self._latest.ask(ask)

    @Slot(object)
    def _came(self, samples: object) -> None:
        if not isinstance(samples, tuple):
            return
        self.notice.say("" if samples else self.tr("There are no records yet."), Tone.NEUTRAL)
        self._fill(samples)

    def _name_columns(self) -> None:
        toward = self.toward.value or Side.B
        self.table.setHorizontalHeaderLabels([self._holder.name(toward.other), self._holder.name(toward)])

    def _fill(self, samples: Sequence[MappingSample]) -> None:
        self._name_columns()
        self.table.setRowCount(len(samples))
        colours = scheme()
        masked = self._mapping is not None and self._mapping.masked
        for place, sample in enumerate(samples):
            texts = (sample.source, sample.problem or sample.result)
            for column, text in enumerate(texts):
                hidden = masked and text and not (column and sample.problem)
                shown = "•••" if hidden else self.tr("(empty)") if text in (None, "") else one_line(text or "")
                item = QTableWidgetItem(shown)
                item.setToolTip(tooltip("" if hidden else text or ""))
                if column and sample.problem:
                    item.setForeground(QColor(colours.tone(Tone.BAD)))
                elif text in (None, ""):
                    item.setForeground(QColor(colours.disabled))
                self.table.setItem(place, column, item)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.table.setRowCount(0)
        if isinstance(error, ExpressionError):
            self.notice.say(f"{error.problem[:1].upper()}{error.problem[1:]}.", Tone.BAD)
        else:
            self.notice.say(problem(error), Tone.BAD)
