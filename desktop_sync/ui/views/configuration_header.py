"""The head of a configuration's page: its name, what it is between, when it runs next, and the two big buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_M
from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.text.running_sentences import running_text
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.widgets.elided_label import ElidedLabel
from desktop_sync.ui.widgets.parts import button, restyle


class ConfigurationHeader(QWidget):
    """The buttons are for the page that owns it."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._theme = theme
        self._subtitle = ElidedLabel("", "secondary")
        self.preview_button = button(self.tr("&Preview"), large=True)
        self.preview_button.setToolTip(self.tr("Show what a run would do, without writing (Ctrl+P)"))
        self.run_button = button(self.tr("&Sync now"), "primary", large=True)
        self.run_button.setToolTip(self.tr("Find what is out of sync and write it (Ctrl+R)"))
        self.group_button = button(self.tr("Sync the &group"), large=True)
        self.group_button.hide()
        self._titles = titles = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        titles.addWidget(ElidedLabel(name, "title"))
        titles.addWidget(self._subtitle, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addLayout(titles, 1)
        for control in (self.preview_button, self.group_button, self.run_button):
            layout.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self._dress)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        """In a low window all of it is one line."""
        is_tight, ways = self._theme.is_tight, QBoxLayout.Direction
        self._titles.setDirection(ways.LeftToRight if is_tight else ways.TopToBottom)
        self._titles.setSpacing(SPACE_M if is_tight else 2)
        for control in (self.preview_button, self.group_button, self.run_button):
            restyle(control, "size", "" if is_tight else "large")

    @property
    def subtitle(self) -> str:
        return self._subtitle.text()

    def show_content(self, content: PageContent) -> None:
        """What it is between, when it runs, and whether others share its records."""
        parts = [f"{content.configuration.a} ⇄ {content.configuration.b}"]
        if not content.configuration.enabled:
            parts.append(self.tr("switched off"))
        else:
            if content.outlook.waits_for:
                parts.append(self.tr("Waiting"))
            elif content.next_run_at is not None:
                parts.append(self.tr("Next: {0}").format(full_time(content.next_run_at, content.now)))
            parts.append(running_text(content.configuration))
        if content.follows:
            parts.append(self.tr("Follow-up due after {0}").format(content.follows))
        self._subtitle.setText("   ·   ".join(parts))
        self.group_button.setVisible(len(content.group) > 1)
        others = ", ".join(name for name in content.group if name != self._name)
        self.group_button.setToolTip(
            tooltip(self.tr("Also run {0}, which share records with it, until nothing changes").format(others))
        )

    def set_busy(self, is_busy: bool) -> None:
        """While something runs, nothing else is started."""
        for control in (self.preview_button, self.group_button, self.run_button):
            control.setEnabled(not is_busy)
