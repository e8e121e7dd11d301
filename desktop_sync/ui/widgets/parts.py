"""Labels, buttons, cards and layouts, made in one way so that all pages look alike. Text is always plain."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_sync.ui.palette import SPACE_L, SPACE_S


def label(text: str = "", kind: str = "", *, wraps: bool = False, selectable: bool = False) -> QLabel:
    """A plain-text label; `kind` is one of the stylesheet's (title, heading, secondary, caption …)."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if kind:
        made.setProperty("kind", kind)
    made.setWordWrap(wraps)
    if wraps:
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        made.setSizePolicy(policy)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


def button(text: str, kind: str = "", *, large: bool = False, name: str = "") -> QPushButton:
    """A push button; its accessible name is its text without the mnemonic unless one is given."""
    made = QPushButton(text)
    if kind:
        made.setProperty("kind", kind)
    if large:
        made.setProperty("size", "large")
    made.setAccessibleName(name or text.replace("&", ""))
    made.setAutoDefault(False)
    return made


def tool_button(text: str, kind: str, *, checkable: bool = False, tip: str = "") -> QToolButton:
    """A chip, a navigation entry or an icon button."""
    made = QToolButton()
    made.setText(text)
    made.setProperty("kind", kind)
    made.setCheckable(checkable)
    made.setAccessibleName((tip or text).replace("&", ""))
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


def line() -> QFrame:
    made = QFrame()
    made.setProperty("kind", "line")
    return made


def row(*items: QWidget | QLayout | int, spacing: int = SPACE_S) -> QHBoxLayout:
    """Widgets side by side without margins; 0 is a stretch, another number a gap."""
    made = QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(spacing)
    _fill(made, items)
    return made


def column(*items: QWidget | QLayout | int, spacing: int = SPACE_S, margins: int = 0) -> QVBoxLayout:
    """Widgets below each other; 0 is a stretch, another number a gap."""
    made = QVBoxLayout()
    made.setContentsMargins(margins, margins, margins, margins)
    made.setSpacing(spacing)
    _fill(made, items)
    return made


def card(*items: QWidget | QLayout | int, spacing: int = SPACE_S) -> QFrame:
    """A rounded surface with the items below each other."""
    made = QFrame()
    made.setProperty("kind", "card")
    made.setLayout(column(*items, spacing=spacing, margins=SPACE_L))
    return made


def _fill(layout: QHBoxLayout | QVBoxLayout, items: tuple[QWidget | QLayout | int, ...]) -> None:
    for item in items:
        if isinstance(item, QWidget):
            layout.addWidget(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        elif item == 0:
            layout.addStretch(1)
        else:
            layout.addSpacing(item)


def restyle(widget: QWidget, name: str, value: object) -> None:
    """A dynamic property is set and the stylesheet looks at it again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
