"""Paints table cells: plain elided text, badges, small icons, marked differences."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_sync.ui.icons import paint_icon
from desktop_sync.ui.models.paged_table import DIFFERS_ROLE, ICON_ROLE, TONE_ROLE, WEAK_ROLE
from desktop_sync.ui.palette import Colours, Tone
from desktop_sync.ui.text.unseen import SIGNS
from desktop_sync.ui.theme import Theme

PADDING = 10
ICON_SIZE = 16


class CellDelegate(QStyledItemDelegate):
    """For models that know the roles of `models.paged_table`; other models get plain cells."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        text = index.data(Qt.ItemDataRole.DisplayRole)
        width = option.fontMetrics.horizontalAdvance(text if isinstance(text, str) else "")
        return QSize(width + 2 * PADDING + 8, self._theme.row_height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        c = self._theme.colours
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selection))
        elif index.data(DIFFERS_ROLE):
            painter.fillRect(rect, QColor(c.differs))
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), QColor(c.border))
        content = rect.adjusted(PADDING, 0, -PADDING, -1)
        content = self._icon(painter, c, content, index)
        self._text(painter, c, content, index, option)
        painter.restore()

    def _icon(self, painter: QPainter, c: Colours, rect: QRectF, index: QModelIndex | QPersistentModelIndex) -> QRectF:
        name = index.data(ICON_ROLE)
        if not isinstance(name, str) or not name:
            return rect
        tone = index.data(TONE_ROLE)
        colour = c.tone(tone) if isinstance(tone, Tone) else c.secondary
        top = rect.center().y() - ICON_SIZE / 2
        paint_icon(painter, name, colour, QRectF(rect.left(), top, ICON_SIZE, ICON_SIZE))
        return rect.adjusted(ICON_SIZE + 6, 0, 0, 0)

    def _text(
        self,
        painter: QPainter,
        c: Colours,
        rect: QRectF,
        index: QModelIndex | QPersistentModelIndex,
        option: QStyleOptionViewItem,
    ) -> None:
        value = index.data(Qt.ItemDataRole.DisplayRole)
        text = value if isinstance(value, str) else ""
        if not text:
            return
        font = option.font
        tone = index.data(TONE_ROLE)
        if isinstance(tone, Tone) and not index.data(ICON_ROLE):
            on_surface = bool(option.state & QStyle.StateFlag.State_Selected)
            paint_badge(painter, c, rect, text, tone, QFontMetrics(font), on_surface=on_surface)
            return
        weak = bool(index.data(WEAK_ROLE))
        font.setStrikeOut(weak)
        painter.setFont(font)
        colour = c.disabled if weak or text == "…" else c.tone(tone) if isinstance(tone, Tone) else c.text
        painter.setPen(QColor(colour))
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        flags = Qt.AlignmentFlag(alignment) if alignment is not None else Qt.AlignmentFlag.AlignVCenter
        # A sign at the end may be all that tells two values apart.
        mode = Qt.TextElideMode.ElideMiddle if text.endswith(SIGNS) else Qt.TextElideMode.ElideRight
        elided = QFontMetrics(font).elidedText(text, mode, int(rect.width()))
        painter.drawText(rect, int(flags) | int(Qt.TextFlag.TextSingleLine), elided)


def paint_badge(
    painter: QPainter,
    c: Colours,
    rect: QRectF,
    text: str,
    tone: Tone,
    metrics: QFontMetrics,
    *,
    on_surface: bool = False,
) -> None:
    """A pill with the text, at the left of the rectangle and no wider than it. `on_surface` for selected rows."""
    background, foreground = c.soft[tone]
    background = c.surface if on_surface else background
    height = metrics.height() + 4
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(rect.width()) - 18))
    width = min(rect.width(), metrics.horizontalAdvance(shown) + 18)
    pill = QRectF(rect.left(), rect.center().y() - height / 2, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(background))
    painter.drawRoundedRect(pill, height / 2, height / 2)
    painter.setPen(QColor(foreground))
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), shown)
