"""What fits on the screen: also on a small one that is shown at 150 %."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMargins, QObject, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, SPACE_XL, SPACE_XS
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.flow_layout import FlowLayout
from desktop_sync.ui.widgets.page_scroll import BAR_ROOM

LEAST_DETAIL = 360
"""Pixels of width that a record beside a list needs for its fields."""
TIGHT_SPACE = 6
LEAST_SHOWN = 120
"""Pixels of a `TallArea` that are seen on the lowest screen."""


def fitting(size: QSize) -> QSize:
    """Not larger than the screen lets a dialog be with its title bar, so that its buttons stay reachable."""
    area = QGuiApplication.primaryScreen().availableGeometry()
    return size.boundedTo(QSize(int(area.width() * 0.95), int(area.height() * 0.92)))


class TallArea(QScrollArea):
    """Scrolls its content up and down where it is too low for it, and is never narrower than it."""

    def __init__(self, content: QWidget, least_height: int, name: str) -> None:
        """The content is never lower than `least_height` pixels. `name` is for screen readers."""
        super().__init__()
        self._content = content
        content.setMinimumHeight(least_height)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, LEAST_SHOWN)


class DetailArea(QWidget):
    """A `TallArea`, and below it the buttons for what it shows: they are in reach however low the window is."""

    def __init__(self, content: QWidget, least_height: int, name: str, buttons: Sequence[QWidget]) -> None:
        super().__init__()
        flow = FlowLayout(spacing=SPACE_S)
        for control in buttons:
            flow.addWidget(control)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(TallArea(content, least_height, name), 1)
        layout.addLayout(flow)


class PageRoom(QObject):
    """The margins and the spacing of a page: comfortable, or small where the window is low (`Theme.is_tight`)."""

    def __init__(self, page: QWidget, theme: Theme, roomy: QMargins, tight: QMargins) -> None:
        """`page` has its layout already."""
        super().__init__(page)
        self._layout = page.layout()
        self._theme = theme
        self._roomy, self._tight = roomy, tight
        theme.changed.connect(self._apply)
        self._apply()

    @Slot()
    def _apply(self) -> None:
        if self._layout is not None:
            is_tight = self._theme.is_tight
            self._layout.setContentsMargins(self._tight if is_tight else self._roomy)
            self._layout.setSpacing(TIGHT_SPACE if is_tight else SPACE_M)


def page_room(page: QWidget, theme: Theme) -> PageRoom:
    """For a page that fills the right side of the window."""
    roomy = QMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_S)
    return PageRoom(page, theme, roomy, QMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_XS))


def tabs_room(page: QWidget, theme: Theme) -> PageRoom:
    """For a page with tabs below its head: a tab reaches into the margin at the right, where its bar may stand."""
    roomy = QMargins(SPACE_XL, SPACE_L, SPACE_XL - BAR_ROOM, SPACE_S)
    return PageRoom(page, theme, roomy, QMargins(SPACE_M, SPACE_S, SPACE_M - BAR_ROOM, SPACE_XS))


def card_room(card: QWidget, theme: Theme) -> PageRoom:
    """For a card that shows a record beside a list."""
    return PageRoom(
        card, theme, QMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L), QMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
    )


def tab_room(tab: QWidget, theme: Theme) -> PageRoom:
    """For a page that stands below tabs and does not scroll as a whole (`PageScroll` does)."""
    roomy = QMargins(0, SPACE_L, BAR_ROOM, SPACE_S)
    return PageRoom(tab, theme, roomy, QMargins(0, SPACE_S, BAR_ROOM, SPACE_XS))


def show_beside(splitter: QSplitter, detail: QWidget, wanted: bool) -> None:
    """The record beside a list is seen, twice as wide as the list when it comes, or not seen."""
    if wanted and detail.isHidden():
        third = splitter.width() // 3
        detail.show()
        splitter.setSizes([third, splitter.width() - third])
    elif not wanted:
        detail.hide()
