"""How a window that is low or narrow, as one is on a small screen at 150 %, shares its room (GUI.md 47)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.theme import Theme

LOW = 600
"""Pixels of height below which pages save room: low rows, small margins."""
NARROW = 1000
"""Pixels of width below which the list of synchronizations is as narrow as it may be."""
WIDE_LIST, NARROW_LIST = 270, 220
_FOLDED = "window/list-folded"


class WindowRoom(QObject):
    """Tells the theme when the window is low, and gives the list at the left its width, or folds it.

    The list's width is remembered for wide and for narrow windows, each as it was left.
    """

    def __init__(
        self, window: QMainWindow, splitter: QSplitter, listing: QWidget, theme: Theme, memory: WindowMemory
    ) -> None:
        super().__init__(window)
        self._window = window
        self._splitter = splitter
        splitter.setAccessibleName(self.tr("The list, and what is chosen in it"))
        self._listing = listing
        self._theme = theme
        self._memory = memory
        self._is_narrow = window.width() < NARROW
        self._place()
        listing.setVisible(not memory.flag(_FOLDED))
        window.installEventFilter(self)

    @property
    def shows_list(self) -> bool:
        return not self._memory.flag(_FOLDED)

    @Slot(bool)
    def show_list(self, wanted: bool) -> None:
        """The list of synchronizations is seen or folded away; also in the next start."""
        self._memory.set_flag(_FOLDED, not wanted)
        self._listing.setVisible(wanted)

    def remember(self) -> None:
        """The width of the list is kept."""
        self._memory.set_state(self._key, self._splitter.saveState())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self._theme.tighten(self._window.height() < LOW)
            is_narrow = self._window.width() < NARROW
            if is_narrow is not self._is_narrow:
                self.remember()
                self._is_narrow = is_narrow
                self._place()
        return False

    @property
    def _key(self) -> str:
        return "window/splitter-narrow" if self._is_narrow else "window/splitter"

    def _place(self) -> None:
        state = self._memory.state(self._key)
        if state is None or not self._splitter.restoreState(state):
            width = NARROW_LIST if self._is_narrow else WIDE_LIST
            self._splitter.setSizes([width, max(self._window.width() - width, width)])
