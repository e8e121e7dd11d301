"""Light, dark or as the system has it, changed without a restart."""

from __future__ import annotations

import enum
import shutil
import tempfile
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QStyleFactory

from desktop_sync.ui import icons
from desktop_sync.ui.palette import COMPACT_ROW_HEIGHT, DARK, LIGHT, ROW_HEIGHT, Colours, qt_palette
from desktop_sync.ui.stylesheet import stylesheet


class ThemeChoice(enum.Enum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The scheme of the whole program, and how high the rows of its tables are. Painted parts take `colours` when they
    paint and repaint on `changed`; tables take `row_height`."""

    changed = Signal()

    def __init__(
        self, qt: QApplication, choice: ThemeChoice = ThemeChoice.SYSTEM, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._qt = qt
        self._choice = choice
        self._is_compact = False
        self._is_tight = False
        self._images = Path(tempfile.mkdtemp(prefix="desktop-sync-"))
        fusion = QStyleFactory.create("Fusion")
        if fusion is not None:
            qt.setStyle(fusion)
        self.colours = self._wanted()
        qt.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._dress()

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """The whole program is in that scheme."""
        self._choice = choice
        self._apply()

    @property
    def row_height(self) -> int:
        """In pixels, of all tables."""
        return COMPACT_ROW_HEIGHT if self._is_compact or self._is_tight else ROW_HEIGHT

    @property
    def is_tight(self) -> bool:
        """Whether the window is so low that pages leave out what is only comfortable."""
        return self._is_tight

    def tighten(self, is_tight: bool) -> None:
        """Pages save room, or need not."""
        if is_tight != self._is_tight:
            self._is_tight = is_tight
            self.changed.emit()

    def pack(self, is_compact: bool) -> None:
        """The rows of tables are low, or as high as is comfortable."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self.changed.emit()

    def icon(self, name: str, colour: str = "") -> QIcon:
        """An icon in the scheme's text colour, or in the one given."""
        return icons.icon(name, colour or self.colours.secondary, self.colours.disabled)

    def pixmap(self, name: str, colour: str = "", size: int = 18) -> QPixmap:
        return icons.pixmap(name, colour or self.colours.secondary, size, max(2.0, self._qt.devicePixelRatio()))

    def close(self) -> None:
        """The temporary images are gone, and nothing refers to them any more."""
        self._qt.setStyleSheet("")
        shutil.rmtree(self._images, ignore_errors=True)

    def _wanted(self) -> Colours:
        if self._choice is ThemeChoice.SYSTEM:
            return DARK if self._qt.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT
        return DARK if self._choice is ThemeChoice.DARK else LIGHT

    def _apply(self) -> None:
        wanted = self._wanted()
        if wanted is not self.colours:
            self.colours = wanted
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        self._images.mkdir(parents=True, exist_ok=True)
        chevron = icons.write_tinted("chevron-down", self.colours.secondary, self._images)
        chevron_up = icons.write_tinted("chevron-up", self.colours.secondary, self._images)
        check = icons.write_tinted("check", self.colours.on_accent, self._images)
        on_accent = icons.write_tinted("chevron-down", self.colours.on_accent, self._images)
        self._qt.setPalette(qt_palette(self.colours))
        images = (image.as_posix() for image in (chevron, chevron_up, check, on_accent))
        self._qt.setStyleSheet(stylesheet(self.colours, *images))

    @Slot()
    def _system_changed(self) -> None:
        self._apply()
