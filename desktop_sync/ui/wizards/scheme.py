"""The scheme a widget is shown in, told by its palette: the wizards need no other word about light and dark."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from desktop_sync.core.finding import Level
from desktop_sync.ui.palette import DARK, LIGHT, Colours, Tone


def colours_of(widget: QWidget) -> Colours:
    dark = widget.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return DARK if dark else LIGHT


def tone_colour(widget: QWidget, tone: Tone) -> QColor:
    return QColor(colours_of(widget).tone(tone))


LEVEL_TONES = {Level.ERROR: Tone.BAD, Level.WARNING: Tone.WARNING, Level.NOTE: Tone.NEUTRAL}
LEVEL_ICONS = {Level.ERROR: "error", Level.WARNING: "alert", Level.NOTE: "info"}
