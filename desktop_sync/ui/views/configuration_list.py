"""The list of configurations at the left: name, A ⇄ B, state, last run, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_sync.core.binding_text import WHY
from desktop_sync.core.run import Outcome
from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.icons import paint_icon
from desktop_sync.ui.list_marks import NO_MARK, Mark
from desktop_sync.ui.palette import Colours, Tone
from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.text.sentences import PART, progress_headline, stale_text, state_line
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.text.words import mark_word
from desktop_sync.ui.theme import Theme

STATE_ROLE = Qt.ItemDataRole.UserRole + 1
PROGRESS_ROLE = Qt.ItemDataRole.UserRole + 2
LINE_ROLE = Qt.ItemDataRole.UserRole + 3
STALE_ROLE = Qt.ItemDataRole.UserRole + 4
MARK_ROLE = Qt.ItemDataRole.UserRole + 5
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex


def _machine_time() -> datetime:
    return datetime.now(UTC)


def state_icon(state: ConfigurationState) -> tuple[str, Tone]:
    """The icon of a configuration and its tone."""
    if state.is_running:
        return "sync", Tone.ACCENT
    if not state.is_enabled:
        return "off", Tone.MUTED
    if state.last_outcome in (Outcome.FAILED, Outcome.GUARD):
        return ("error", Tone.BAD) if state.last_outcome is Outcome.FAILED else ("shield", Tone.WARNING)
    if state.last_outcome is Outcome.PROBLEMS or state.open_conflicts or state.match_only is not None:
        return "alert", Tone.WARNING
    if state.last_outcome is None:
        return "ring", Tone.MUTED
    if state.last_outcome is Outcome.CANCELLED:
        return "stop", Tone.MUTED
    return "check-circle", Tone.GOOD


class ConfigurationListModel(QAbstractListModel):
    """Rows are `ConfigurationState` values by name; a name that stays keeps its row's selection."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._states: tuple[ConfigurationState, ...] = ()
        self._progress: Mapping[str, ProgressState] = {}
        self.now: Callable[[], datetime] = _machine_time
        self._stale_days = 0
        self._marks: Mapping[str, Mark] = {}

    @property
    def states(self) -> tuple[ConfigurationState, ...]:
        return self._states

    def row_of(self, name: str) -> int:
        """The row of a name, or -1."""
        return next((row for row, state in enumerate(self._states) if state.name == name), -1)

    def show(self, states: Sequence[ConfigurationState]) -> None:
        if [state.name for state in states] == [state.name for state in self._states]:
            self._states = tuple(states)
            self._repaint()
            return
        self.beginResetModel()
        self._states = tuple(states)
        self.endResetModel()

    def highlight(self, stale_days: int) -> None:
        """What did not run for so many days is highlighted; with 0, nothing is."""
        self._stale_days = stale_days
        self._repaint()

    def show_marks(self, marks: Mapping[str, Mark]) -> None:
        """What a person marked, by name."""
        self._marks = dict(marks)
        self._repaint()

    def _days_without(self, state: ConfigurationState) -> int:
        """How many days it did not run and nothing will run it, where that is too long; else 0."""
        now = self.now()
        is_coming = state.next_run_at is not None and state.next_run_at > now
        if not self._stale_days or not state.is_enabled or state.last_run_at is None or is_coming:
            return 0
        days = (now - state.last_run_at).days
        return days if days >= self._stale_days else 0

    def show_running(self, progress: Mapping[str, ProgressState]) -> None:
        """What is under way now, by name."""
        self._progress = dict(progress)
        self._repaint()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._states)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        state = self._states[index.row()]
        progress = self._progress.get(state.name)
        if role == Qt.ItemDataRole.DisplayRole:
            return state.name
        if role == STATE_ROLE:
            return state
        if role == PROGRESS_ROLE:
            return progress
        if role == LINE_ROLE:
            days = self._days_without(state)
            text = progress_headline(progress) if progress else state_line(state, self.now(), days)
            return self.tr("Hidden  ·  {0}").format(text) if self._mark(state).is_hidden else text
        if role == MARK_ROLE:
            return self._mark(state)
        if role == STALE_ROLE:
            return progress is None and self._days_without(state) > 0
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self._sentence(state))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._sentence(state).replace("\n", ", ")
        return None

    def _mark(self, state: ConfigurationState) -> Mark:
        return self._marks.get(state.name, NO_MARK)

    def _sentence(self, state: ConfigurationState) -> str:
        now = self.now()
        lines = [state.name, f"{state.a} ⇄ {state.b}", state_line(state, now)]
        days = self._days_without(state)
        if days:
            lines.append(stale_text(days))
        if state.waits_for:
            lines.append(state.waits_for)
        elif state.next_run_at is not None:
            lines.append(self.tr("Next: {0}").format(full_time(state.next_run_at, now)))
        if state.match_only is not None:
            lines.append(WHY[state.match_only])
        if state.follows:
            lines.append(self.tr("{0} wrote to records of it; the next run follows").format(state.follows))
        if state.open_conflicts:
            lines.append(self.tr("Decisions waiting: {0}").format(state.open_conflicts))
        mark = self._mark(state)
        if mark.colour is not None:
            lines.append(self.tr("Colour: {0}").format(mark_word(mark.colour)))
        if mark.is_hidden:
            lines.append(self.tr("Hidden"))
        return "\n".join(lines)

    def _repaint(self) -> None:
        if self._states:
            self.dataChanged.emit(self.index(0), self.index(len(self._states) - 1))


def whole_part(text: str, metrics: QFontMetrics, width: float) -> str:
    """The line, or where it has no room its first part: rather that one whole than half of the next one."""
    return text if metrics.horizontalAdvance(text) <= width else text.partition(PART)[0]


class ConfigurationDelegate(QStyledItemDelegate):
    """Two lines and an icon; a thin bar while something is under way."""

    HEIGHT = 66

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, self.HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        c = self._theme.colours
        state = index.data(STATE_ROLE)
        if not isinstance(state, ConfigurationState):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect).adjusted(8, 2, -8, -2)
        self._background(painter, c, rect, option.state)
        progress = index.data(PROGRESS_ROLE)
        name, tone = state_icon(state) if progress is None else ("sync", Tone.ACCENT)
        paint_icon(painter, name, c.tone(tone), QRectF(rect.left() + 12, rect.top() + 11, 18, 18))
        mark = index.data(MARK_ROLE)
        if isinstance(mark, Mark) and mark.colour is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.marks[mark.colour]))
            painter.drawRoundedRect(QRectF(rect.left() + 2, rect.top() + 9, 4, rect.height() - 18), 2, 2)
        left = rect.left() + 40
        width = rect.right() - 12 - left
        strong = QFont(option.font)
        strong.setWeight(QFont.Weight.DemiBold)
        small = QFont(option.font)
        small.setPixelSize(12)
        is_faint = not state.is_enabled or (isinstance(mark, Mark) and mark.is_hidden)
        self._line(painter, strong, c.disabled if is_faint else c.text, state.name, left, rect.top() + 8, width)
        ends = f"{state.a} ⇄ {state.b}"
        self._line(painter, small, c.secondary, ends, left, rect.top() + 27, width)
        line_text = index.data(LINE_ROLE)
        colour = c.tone(tone) if tone in (Tone.BAD, Tone.WARNING, Tone.ACCENT) else c.secondary
        if index.data(STALE_ROLE) and tone not in (Tone.BAD, Tone.WARNING):
            colour = c.tone(Tone.WARNING)
        self._line(painter, small, colour, str(line_text), left, rect.top() + 43, width)
        if isinstance(progress, ProgressState):
            self._bar(painter, c, QRectF(left, rect.bottom() - 3, width, 3), progress)
        painter.restore()

    def _background(self, painter: QPainter, c: Colours, rect: QRectF, state: QStyle.StateFlag) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(c.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(c.hover))
        else:
            return
        painter.drawRoundedRect(rect, 8, 8)

    @staticmethod
    def _line(painter: QPainter, font: QFont, colour: str, text: str, x: float, y: float, width: float) -> None:
        painter.setFont(font)
        painter.setPen(QColor(colour))
        metrics = QFontMetrics(font)
        text = whole_part(text, metrics, width)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(x, y, width, metrics.height()), int(Qt.AlignmentFlag.AlignLeft), shown)

    @staticmethod
    def _bar(painter: QPainter, c: Colours, rect: QRectF, progress: ProgressState) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.border))
        painter.drawRoundedRect(rect, 1.5, 1.5)
        share = min(1.0, progress.done / progress.total) if progress.total else 0.0
        if share:
            painter.setBrush(QColor(c.accent))
            painter.drawRoundedRect(QRectF(rect.left(), rect.top(), rect.width() * share, rect.height()), 1.5, 1.5)
