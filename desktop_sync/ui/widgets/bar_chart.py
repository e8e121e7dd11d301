"""A small bar chart: records per run, failures on top. Painted, no chart library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.text.times import number
from desktop_sync.ui.theme import Theme

WIDEST_BAR = 22
FEWEST_PLACES = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """`label` is the tooltip; `bad` is the failed part of `value`."""

    label: str
    value: int
    bad: int = 0


def rounded_up(value: int) -> int:
    """The next round number whose half is a whole one: what stands at the top of the chart, and halfway."""
    scale = 1
    while value > 10 * scale:
        scale *= 10
    return next(step * scale for step in (0, 2, 4, 6, 8, 10) if step * scale >= value)


class BarChart(QWidget):
    """Bars from left (old) to right (new)."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: tuple[Bar, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(72)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 120)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        self._bars = tuple(bars)
        self.setAccessibleDescription("; ".join(bar.label for bar in self._bars))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        plot = self._plot(metrics)
        painter.setPen(QColor(c.border))
        for share in (0.0, 0.5, 1.0):
            y = plot.bottom() - share * plot.height()
            painter.drawLine(int(plot.left()), int(y), int(plot.right()), int(y))
        highest = self._highest()
        painter.setPen(QColor(c.secondary))
        for share in (0.5, 1.0):
            if highest * share >= 1:
                y = plot.bottom() - share * plot.height()
                area = QRectF(0, y - metrics.height() / 2, plot.left() - 8, metrics.height())
                painter.drawText(area, int(Qt.AlignmentFlag.AlignRight), number(round(highest * share)))
        painter.setPen(Qt.PenStyle.NoPen)
        for position, bar in enumerate(self._bars):
            self._paint_bar(painter, self._rect_of(position, bar.value, plot, highest), bar)
        painter.end()

    def _paint_bar(self, painter: QPainter, rect: QRectF, bar: Bar) -> None:
        c = self._theme.colours
        painter.setBrush(QColor(c.chart))
        painter.drawRoundedRect(rect, 2.5, 2.5)
        if bar.bad and bar.value:
            height = max(3.0, rect.height() * bar.bad / bar.value)
            painter.setBrush(QColor(c.chart_bad))
            painter.drawRoundedRect(QRectF(rect.left(), rect.top(), rect.width(), min(height, rect.height())), 2.5, 2.5)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            plot = self._plot(QFontMetrics(self.font()))
            step = plot.width() / self._places
            position = int((event.pos().x() - plot.left()) // step) - self._places + len(self._bars)
            if 0 <= position < len(self._bars):
                QToolTip.showText(event.globalPos(), tooltip(self._bars[position].label), self)
            return True
        return super().event(event)

    @property
    def _places(self) -> int:
        """A few bars stand at the right, where the newest is."""
        return max(FEWEST_PLACES, len(self._bars))

    def _highest(self) -> int:
        return rounded_up(max((bar.value for bar in self._bars), default=0))

    def _plot(self, metrics: QFontMetrics) -> QRectF:
        left = metrics.horizontalAdvance(number(max(10, self._highest()))) + 10
        half = metrics.height() / 2
        return QRectF(left, half + 1, max(1, self.width() - left - 2), max(1, self.height() - half - 4))

    def _rect_of(self, position: int, value: int, plot: QRectF, highest: int) -> QRectF:
        step = plot.width() / self._places
        width = min(WIDEST_BAR, max(2.0, step * 0.62))
        height = plot.height() * value / highest if highest else 0
        height = max(height, 2.0) if value else 0
        left = plot.left() + (position + self._places - len(self._bars)) * step + (step - width) / 2
        return QRectF(left, plot.bottom() - height, width, height)
