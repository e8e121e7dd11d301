"""Messages beside what they are about: one line with a tone, and a list of findings."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_sync.core.finding import Finding
from desktop_sync.ui import icons
from desktop_sync.ui.palette import SPACE_S, Tone
from desktop_sync.ui.widgets.parts import label
from desktop_sync.ui.wizards.scheme import LEVEL_ICONS, LEVEL_TONES, scheme

_ICONS = {Tone.BAD: "error", Tone.WARNING: "alert", Tone.GOOD: "check-circle"}
ICON_SIZE = 16


class Notice(QFrame):
    """A rounded message; hidden while it has nothing to say. Its text is plain text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = Tone.NEUTRAL
        self._icon_name = ""
        self.setObjectName("notice")
        self._icon = QLabel()
        self._icon.setAccessibleName(" ")
        self._text = label("", wraps=True, selectable=True)
        self._text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        return "" if self.isHidden() else self._text.text()

    @property
    def is_problem(self) -> bool:
        """Whether something is said that keeps one from going on."""
        return bool(self.text) and self._tone is Tone.BAD

    def say(self, text: str, tone: Tone = Tone.BAD, icon: str = "") -> None:
        """The message is there; an empty text takes it away."""
        self._tone = tone
        self._icon_name = icon or _ICONS.get(tone, "info")
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self.setVisible(bool(text))
        if text:
            self._dress()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self.isHidden():
            self._dress()

    def _dress(self) -> None:
        background, foreground = scheme().soft[self._tone]
        sheet = (
            f"QFrame#notice {{ background: {background}; border: none; border-radius: 8px; }}"
            f"QFrame#notice > QLabel {{ color: {foreground}; background: transparent; }}"
        )
        if sheet != self.styleSheet():  # setting it changes the palette of the children, which would come back here
            self.setStyleSheet(sheet)
        self._icon.setPixmap(icons.pixmap(self._icon_name, foreground, ICON_SIZE, max(2.0, self.devicePixelRatioF())))


class FindingList(QWidget):
    """Findings as notices, errors first; hidden while there are none."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: list[Notice] = []
        self.setAccessibleName(name)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self.hide()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(notice.text for notice in self._notices if notice.text)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        while len(self._notices) < len(findings):
            notice = Notice()
            self._layout.addWidget(notice)
            self._notices.append(notice)
        for place, notice in enumerate(self._notices):
            if place < len(findings):
                finding = findings[place]
                notice.say(finding.message, LEVEL_TONES[finding.level], LEVEL_ICONS[finding.level])
            else:
                notice.say("")
        self.setVisible(bool(findings))
