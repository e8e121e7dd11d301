"""The table of field pairs: what is mapped, what is suggested, what is skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QCoreApplication,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop_sync.core.finding import Finding
from desktop_sync.core.mapping_rows import MappingRow, RowKind
from desktop_sync.ui.icons import paint_icon
from desktop_sync.ui.palette import LIGHT, Colours, Tone
from desktop_sync.ui.text.plain import one_line, tooltip
from desktop_sync.ui.widgets.column_header import ColumnHeader
from desktop_sync.ui.widgets.column_widths import shared_widths
from desktop_sync.ui.wizards.configuration.words import ARROWS
from desktop_sync.ui.wizards.scheme import LEVEL_TONES, scheme

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
A_FIELD, ARROW, B_FIELD, IDENTIFIES, ON_THE_WAY, NOTE = range(6)
ROW_HEIGHT = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A row with what is to be said about it: findings of its mapping, or that a new record needs the field."""

    row: MappingRow
    findings: tuple[Finding, ...] = ()
    required_in: str = ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("wizard", text)


class MappingTableModel(QAbstractTableModel):
    """`identifying_changed` carries the mapping's index and whether it identifies."""

    identifying_changed = Signal(int, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[Line, ...] = ()
        self._names = ("", "")
        self.colours: Colours = LIGHT

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    def show(self, lines: Sequence[Line], name_a: str, name_b: str) -> None:
        """The table holds these rows; the selection stays where the number of rows stays."""
        renamed = self._names != (name_a, name_b)
        self._names = (name_a, name_b)
        if len(lines) == len(self._lines) and not renamed:
            self._lines = tuple(lines)
            if lines:
                self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, NOTE))
            return
        self.beginResetModel()
        self._lines = tuple(lines)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else NOTE + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.AccessibleTextRole and section == ARROW:
            return self.tr("Direction")  # too narrow a column for a title that is seen
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        titles = (*self._names[:1], "", *self._names[1:], self.tr("Identifies"), self.tr("On the way"), self.tr("Note"))
        return titles[section] if 0 <= section < len(titles) else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and index.column() == IDENTIFIES and self._lines[index.row()].row.kind is RowKind.MAPPED:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(self._text(line, index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self._full(line, index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(line, index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(line, index.column())
        if role == Qt.ItemDataRole.FontRole and line.row.kind is RowKind.SUGGESTED:
            font = QFont()
            font.setItalic(True)
            return font
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == IDENTIFIES:
            if line.row.kind is not RowKind.MAPPED:
                return None
            return Qt.CheckState.Checked if line.row.mapping.identifying else Qt.CheckState.Unchecked
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid() or index.column() != IDENTIFIES:
            return False
        row = self._lines[index.row()].row
        if row.index is None:
            return False
        self.identifying_changed.emit(row.index, Qt.CheckState(value) is Qt.CheckState.Checked)
        return True

    def _text(self, line: Line, column: int) -> str:
        row = line.row
        if column in (A_FIELD, B_FIELD):
            name = row.mapping.a if column == A_FIELD else row.mapping.b
            return name or ("—" if row.kind is RowKind.SKIPPED else self.tr("(computed)"))
        if column == ARROW:
            return "" if row.kind is RowKind.SKIPPED else ARROWS[row.mapping.direction]
        if column == ON_THE_WAY:
            return on_the_way(row)
        return self._note(line) if column == NOTE else ""

    def _note(self, line: Line) -> str:
        row = line.row
        if line.required_in and row.kind is RowKind.SKIPPED:
            return self.tr("Needed for new records in {0}").format(line.required_in)
        if line.findings:
            return line.findings[0].message
        if row.kind is RowKind.SKIPPED:
            return self.tr("Skipped: {0}").format(row.reasons[0]) if row.reasons else self.tr("Skipped")
        score = "" if row.score is None else self.tr("{0} %").format(round(row.score * 100))
        if row.kind is RowKind.SUGGESTED:
            words = self.tr("Suggested, {0}: {1}").format(score, ", ".join(row.reasons))
            return self.tr("{0}; needed in {1}").format(words, line.required_in) if line.required_in else words
        return self.tr("{0} alike").format(score) if score else ""

    def _full(self, line: Line, column: int) -> str:
        if column == NOTE:
            parts = [self._note(line), *(finding.message for finding in line.findings[1:])]
            if line.row.kind is RowKind.MAPPED and line.row.reasons:
                parts.append(", ".join(line.row.reasons))
            return "\n".join(part for part in parts if part)
        return self._text(line, column)

    def _spoken(self, line: Line, column: int) -> str:
        if column == ARROW and line.row.kind is not RowKind.SKIPPED:
            words = {"→": self.tr("to {0}").format(self._names[1]), "←": self.tr("to {0}").format(self._names[0])}
            return words.get(ARROWS[line.row.mapping.direction], self.tr("both ways"))
        return self._text(line, column) or self.tr("empty")

    def _colour(self, line: Line, column: int) -> QColor | None:
        c = self.colours
        if column == NOTE:
            if line.required_in and line.row.kind is RowKind.SKIPPED:
                return QColor(c.tone(Tone.BAD))
            return QColor(c.tone(LEVEL_TONES[line.findings[0].level]) if line.findings else c.secondary)
        if line.row.kind is RowKind.SKIPPED:
            return QColor(c.disabled)
        return QColor(c.link) if line.row.kind is RowKind.SUGGESTED else None


def on_the_way(row: MappingRow) -> str:
    """What happens to values, in a few words."""
    mapping = row.mapping
    parts = [text for text in (mapping.to_b, mapping.to_a) if text]
    if mapping.value_map:
        parts.append(_tr("{0} choices").format(len(mapping.value_map)))
    if mapping.lookup:
        parts.append(_tr("refers to {0}").format(mapping.lookup))
    if mapping.only_new:
        parts.append(_tr("new records only"))
    parts += mapping.normal_form
    return ", ".join(parts)


class CheckDelegate(QStyledItemDelegate):
    """A box that can be seen in both schemes; a click anywhere in the cell turns it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, _without_check(option), QModelIndex())
        colours = scheme()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.selection))
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect.left() + 12, option.rect.center().y() - 7.5, 16, 16)
        is_on = Qt.CheckState(state) is Qt.CheckState.Checked
        painter.setPen(QPen(QColor(colours.accent if is_on else colours.border_strong), 1))
        painter.setBrush(QColor(colours.accent if is_on else colours.surface))
        painter.drawRoundedRect(box, 4, 4)
        if is_on:
            paint_icon(painter, "check", colours.on_accent, box.adjusted(2, 2, -2, -2))
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if event.type() != QEvent.Type.MouseButtonRelease or not isinstance(event, QMouseEvent):
            return False
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None or event.button() is not Qt.MouseButton.LeftButton:
            return False
        turned = Qt.CheckState.Unchecked if Qt.CheckState(state) is Qt.CheckState.Checked else Qt.CheckState.Checked
        return model.setData(index, turned, Qt.ItemDataRole.CheckStateRole)


def _without_check(option: QStyleOptionViewItem) -> QStyleOptionViewItem:
    plain = QStyleOptionViewItem(option)
    plain.features = QStyleOptionViewItem.ViewItemFeature(0)
    plain.text = ""
    return plain


WIDTHS = (160, 44, 160, 84, 160, 260)
"""Pixels that the columns want, in their order."""


class MappingTable(QTableView):
    """`current_changed` carries the row number under the cursor, -1 for none; `accept_wanted` follows Enter."""

    current_changed = Signal(int)
    accept_wanted = Signal()
    skip_wanted = Signal()

    def __init__(self, model: MappingTableModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHorizontalHeader(ColumnHeader(self))
        self.setModel(model)
        self._model = model
        self.setAccessibleName(name)
        self.setItemDelegateForColumn(IDENTIFIES, CheckDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setStretchLastSection(True)
        self.selectionModel().currentRowChanged.connect(self._moved)
        model.modelReset.connect(self._tell)

    @property
    def current_row(self) -> int:
        index = self.currentIndex()
        return index.row() if index.isValid() and index.row() < len(self._model.lines) else -1

    def choose(self, row: int) -> None:
        """The cursor is on that row."""
        if 0 <= row < len(self._model.lines):
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self._model.index(row, A_FIELD), flags)
            self.scrollTo(self._model.index(row, A_FIELD))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        widths = shared_widths(self.horizontalHeader(), WIDTHS, self.viewport().width(), never_scrolls=True)
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accept_wanted.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.skip_wanted.emit()
        elif event.key() == Qt.Key.Key_Space and self.current_row >= 0:
            self._toggle()
        else:
            super().keyPressEvent(event)

    def dress(self) -> None:
        """Colours as the scheme has them now."""
        self._model.colours = scheme()
        self.viewport().update()

    def _toggle(self) -> None:
        index = self._model.index(self.current_row, IDENTIFIES)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is not None:
            other = Qt.CheckState.Unchecked if state is Qt.CheckState.Checked else Qt.CheckState.Checked
            self._model.setData(index, other, Qt.ItemDataRole.CheckStateRole)

    @Slot()
    def _moved(self) -> None:
        self.current_changed.emit(self.current_row)

    @Slot()
    def _tell(self) -> None:
        self.current_changed.emit(self.current_row)
