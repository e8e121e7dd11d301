"""Light or dark, told by the palette: the wizards need no other word about it."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QPalette

from desktop_sync.core.finding import Level
from desktop_sync.ui.palette import DARK, LIGHT, Colours, Tone


def scheme() -> Colours:
    """The colours of now. The application's palette is asked: a widget's own is changed by its stylesheet."""
    dark = QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return DARK if dark else LIGHT


LEVEL_TONES = {Level.ERROR: Tone.BAD, Level.WARNING: Tone.WARNING, Level.NOTE: Tone.NEUTRAL}
LEVEL_ICONS = {Level.ERROR: "error", Level.WARNING: "alert", Level.NOTE: "info"}
