"""The window's colours, light and dark, and the measures that everything is spaced by."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette

SPACE_XS = 4
SPACE_S = 8
SPACE_M = 12
SPACE_L = 16
SPACE_XL = 24
SPACE_XXL = 40
RADIUS = 8
ROW_HEIGHT = 34
COMPACT_ROW_HEIGHT = 26


class Tone(enum.Enum):
    """What a badge, a message or a state wants to say."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    MUTED = "muted"


class MarkColour(enum.Enum):
    """What a person may mark a synchronization with."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PURPLE = "purple"


@dataclass(frozen=True, slots=True)
class Colours:
    """One scheme; all values are `#rrggbb`. `soft` pairs are (background, text) of badges by tone."""

    is_dark: bool
    window: str
    sidebar: str
    surface: str
    raised: str
    hover: str
    border: str
    border_strong: str
    text: str
    secondary: str
    disabled: str
    accent: str
    accent_hover: str
    accent_pressed: str
    on_accent: str
    link: str
    selection: str
    chart: str
    chart_bad: str
    differs: str
    soft: dict[Tone, tuple[str, str]]
    marks: dict[MarkColour, str]

    def tone(self, tone: Tone) -> str:
        """The text colour of a tone."""
        return self.soft[tone][1]


LIGHT = Colours(
    is_dark=False,
    window="#fafafb",
    sidebar="#f2f3f6",
    surface="#ffffff",
    raised="#f5f6f8",
    hover="#eceef2",
    border="#e4e6eb",
    border_strong="#cfd3db",
    text="#1c2028",
    secondary="#5a6270",
    disabled="#767e8c",
    accent="#4a57c9",
    accent_hover="#3f4bb8",
    accent_pressed="#353fa0",
    on_accent="#ffffff",
    link="#3f4bb8",
    selection="#e7e9fb",
    chart="#8f98e6",
    chart_bad="#d9656a",
    differs="#fff6e0",
    soft={
        Tone.NEUTRAL: ("#eceef2", "#3d4450"),
        Tone.ACCENT: ("#e7e9fb", "#3f4bb8"),
        Tone.GOOD: ("#e2f4ea", "#186a43"),
        Tone.WARNING: ("#fdf0d5", "#8a5200"),
        Tone.BAD: ("#fce6e6", "#a8282e"),
        Tone.MUTED: ("#f1f2f5", "#616977"),
    },
    marks={
        MarkColour.RED: "#d0393f",
        MarkColour.ORANGE: "#c25e00",
        MarkColour.YELLOW: "#977800",
        MarkColour.GREEN: "#1f8a4c",
        MarkColour.BLUE: "#2f74d0",
        MarkColour.PURPLE: "#8a4fc7",
    },
)

DARK = Colours(
    is_dark=True,
    window="#16181d",
    sidebar="#1a1c22",
    surface="#1f2228",
    raised="#262a31",
    hover="#2b2f38",
    border="#2f333c",
    border_strong="#444a56",
    text="#e8eaee",
    secondary="#a5acb9",
    disabled="#858d9b",
    accent="#5c69dc",
    accent_hover="#6c79ea",
    accent_pressed="#515dca",
    on_accent="#ffffff",
    link="#a3acf7",
    selection="#30355c",
    chart="#6f7bea",
    chart_bad="#d9656a",
    differs="#3a3320",
    soft={
        Tone.NEUTRAL: ("#2f343d", "#cfd4dc"),
        Tone.ACCENT: ("#2b3057", "#b5bcfa"),
        Tone.GOOD: ("#1c3a2c", "#7fd8a8"),
        Tone.WARNING: ("#40331a", "#f0c071"),
        Tone.BAD: ("#45242a", "#f59aa0"),
        Tone.MUTED: ("#272b32", "#9ba3b0"),
    },
    marks={
        MarkColour.RED: "#f0777c",
        MarkColour.ORANGE: "#f0994a",
        MarkColour.YELLOW: "#e2c044",
        MarkColour.GREEN: "#62c98c",
        MarkColour.BLUE: "#6fa8f5",
        MarkColour.PURPLE: "#c08cf0",
    },
)


def qt_palette(colours: Colours) -> QPalette:
    """The palette of a scheme, disabled text included."""
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, colours.window),
        (role.WindowText, colours.text),
        (role.Base, colours.surface),
        (role.AlternateBase, colours.raised),
        (role.Text, colours.text),
        (role.Button, colours.surface),
        (role.ButtonText, colours.text),
        (role.BrightText, colours.tone(Tone.BAD)),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.disabled),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Accent, colours.accent),
        (role.Link, colours.link),
        (role.LinkVisited, colours.link),
        (role.Light, colours.raised),
        (role.Midlight, colours.hover),
        (role.Mid, colours.border),
        (role.Dark, colours.border_strong),
        (role.Shadow, colours.border_strong),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colours.disabled))
    return palette
