"""The head of a preview: its name, what it comes to, where to search in it, and the buttons that run it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QComboBox, QWidget

from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.choice_box import fit_choices
from desktop_sync.ui.widgets.elided_label import ElidedLabel
from desktop_sync.ui.widgets.parts import button, column, label, row, tool_button
from desktop_sync.ui.widgets.search_field import SearchField


class PreviewHead(QWidget):
    """Its controls are for the page that owns it."""

    def __init__(
        self, theme: Theme, configuration: str, entities: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.back_button = tool_button("", "icon", tip=self.tr("Back without running (Esc)"))
        self.back_button.setShortcut(QKeySequence("Esc"))
        self.run_button = button(self.tr("Sync &now"), "primary", large=True)
        self.pilot_button = button(self.tr("&Pilot run…"), large=True)
        self.pilot_button.setToolTip(self.tr("Write to the first few records only, and look at them"))
        self.summary = label("", "secondary", wraps=True)
        self.differences = tool_button(self.tr("&Differences"), "chip", checkable=True)
        self.differences.setToolTip(self.tr("Show how the records differ instead of what happens to them (F11)"))
        self.differences.setShortcut(QKeySequence("F11"))
        self.search = SearchField(self.tr("Search records"), self.tr("Search the preview"))
        self.entity = QComboBox()
        self.entity.setAccessibleName(self.tr("Entity"))
        fit_choices(self.entity)
        self.entity.addItems([self.tr("All entities"), *entities])
        self.entity.setVisible(len(entities) > 1)
        title = ElidedLabel(self.tr("Preview of {0}").format(configuration), "title")
        controls = (self.entity, self.search, self.pilot_button, self.run_button)
        said = row(self.summary, self.differences, spacing=SPACE_M)
        said.setStretch(0, 1)
        self.setLayout(column(row(self.back_button, title, 0, *controls, spacing=SPACE_S), said))
        theme.changed.connect(self._dress)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        self.back_button.setIcon(self._theme.icon("arrow-left"))
