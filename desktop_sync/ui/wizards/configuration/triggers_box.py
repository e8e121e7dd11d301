"""What starts a configuration besides its schedules: runs of others, and files that arrive."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.text_order import text_key
from desktop_sync.core.triggers import LONGEST_SETTLE_S, AfterOutcome, AfterRun, FileArrival
from desktop_sync.ui.palette import SPACE_M
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import button, column, label, row


class _Line(QWidget):
    """`removed` carries the line itself, and asks to take it away."""

    changed = Signal()
    removed = Signal(object)

    def _remove_button(self, name: str) -> QWidget:
        made = button(self.tr("Remove"), "quiet", name=name)
        made.clicked.connect(self._ask_to_go)
        return made

    @Slot()
    def _ask_to_go(self) -> None:
        self.removed.emit(self)


class AfterRunLine(_Line):
    def __init__(self, after: AfterRun, others: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.configuration: ChoiceBox[str] = ChoiceBox(self.tr("The synchronization whose runs are followed"))
        names = sorted({*others, after.configuration} - {""}, key=text_key)
        self.configuration.offer([(name, name) for name in names])
        self.configuration.choose(after.configuration or (names[0] if names else ""))
        self.configuration.activated.connect(self.changed)
        self.outcome: ChoiceBox[AfterOutcome] = ChoiceBox(self.tr("How its run must have ended"))
        self.outcome.offer(
            [
                (self.tr("was carried out"), AfterOutcome.CARRIED_OUT),
                (self.tr("ended without any problem"), AfterOutcome.DONE),
                (self.tr("failed, or a guard stopped it"), AfterOutcome.FAILED),
                (self.tr("ended, however it ended"), AfterOutcome.ANY),
            ]
        )
        self.outcome.choose(after.outcome)
        self.outcome.setMinimumContentsLength(18)
        self.outcome.activated.connect(self.changed)
        remove = self._remove_button(self.tr("Do not follow these runs any more"))
        self.setLayout(row(label(self.tr("When")), self.configuration, self.outcome, remove, 0, spacing=SPACE_M))

    def entered(self) -> AfterRun:
        return AfterRun(self.configuration.value or "", self.outcome.value or AfterOutcome.CARRIED_OUT)


class FileArrivalLine(_Line):
    def __init__(self, arrival: FileArrival, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pattern = QLineEdit(arrival.pattern)
        self.pattern.setAccessibleName(self.tr("Path of the files that are waited for"))
        self.pattern.setPlaceholderText(self.tr("/folder/orders-*.csv"))
        self.pattern.textChanged.connect(self.changed)
        self.settle = NumberBox(0, LONGEST_SETTLE_S)
        self.settle.setValue(arrival.settle_s)
        self.settle.setFixedWidth(90)
        self.settle.setAccessibleName(self.tr("Seconds that a file must have stood still"))
        self.settle.valueChanged.connect(self.changed)
        remove = self._remove_button(self.tr("Do not wait for these files any more"))
        settled = row(
            label(self.tr("is there and stood still for")), self.settle, label(self.tr("seconds")), 0, spacing=SPACE_M
        )
        self.setLayout(column(row(label(self.tr("When")), self.pattern, remove, spacing=SPACE_M), settled))

    def entered(self) -> FileArrival:
        return FileArrival(self.pattern.text().strip(), self.settle.value())


class TriggersBox(QWidget):
    """`changed` follows every input."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._others: tuple[str, ...] = ()
        self.after_lines: list[AfterRunLine] = []
        self.file_lines: list[FileArrivalLine] = []
        self._afters, self._files = QVBoxLayout(), QVBoxLayout()
        self.add_after = button(self.tr("Follow &another synchronization"))
        self.add_after.clicked.connect(self._add_after)
        self.add_file = button(self.tr("Wait for fi&les"))
        self.add_file.clicked.connect(self._add_file)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        for lines in (self._afters, self._files):
            lines.setSpacing(SPACE_M)
            layout.addLayout(lines)
        layout.addLayout(row(self.add_after, self.add_file, 0))

    def know(self, others: Sequence[str]) -> None:
        """The names that can be followed."""
        self._others = tuple(others)
        self.add_after.setEnabled(bool(others))
        self.add_after.setToolTip("" if others else self.tr("There is no other synchronization yet."))

    def fill(self, after_runs: Sequence[AfterRun], file_arrivals: Sequence[FileArrival]) -> None:
        for after_line in tuple(self.after_lines):
            self._drop(after_line)
        for file_line in tuple(self.file_lines):
            self._drop(file_line)
        for after in after_runs:
            self._append(AfterRunLine(after, self._others))
        for arrival in file_arrivals:
            self._append(FileArrivalLine(arrival))

    def entered(self) -> tuple[tuple[AfterRun, ...], tuple[FileArrival, ...]]:
        """What the lines say."""
        return (
            tuple(line.entered() for line in self.after_lines),
            tuple(line.entered() for line in self.file_lines),
        )

    @Slot()
    def _add_after(self) -> None:
        line = AfterRunLine(AfterRun(""), self._others)
        self._append(line)
        line.configuration.setFocus()
        self.changed.emit()

    @Slot()
    def _add_file(self) -> None:
        line = FileArrivalLine(FileArrival(""))
        self._append(line)
        line.pattern.setFocus()
        self.changed.emit()

    def _append(self, line: AfterRunLine | FileArrivalLine) -> None:
        if isinstance(line, AfterRunLine):
            self.after_lines.append(line)
            self._afters.addWidget(line)
        else:
            self.file_lines.append(line)
            self._files.addWidget(line)
        line.changed.connect(self.changed)
        line.removed.connect(self._remove)

    @Slot(object)
    def _remove(self, line: AfterRunLine | FileArrivalLine) -> None:
        self._drop(line)
        self.changed.emit()

    def _drop(self, line: AfterRunLine | FileArrivalLine) -> None:
        if isinstance(line, AfterRunLine):
            self.after_lines.remove(line)
        else:
            self.file_lines.remove(line)
        line.hide()
        line.deleteLater()
