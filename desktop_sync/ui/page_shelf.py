"""The right side of the window: the page of the chosen configuration, the endpoints, or what stands there instead."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.endpoints import EndpointsPage
from desktop_sync.ui.views.schedule import Running
from desktop_sync.ui.widgets.empty_state import EmptyState


class PageShelf(QStackedWidget):
    """`made` carries a new ConfigurationPage, to be connected. A schedule that a person changed and did not save goes
    from a page to the one that stands for it."""

    made = Signal(object)
    said = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pages: dict[str, ConfigurationPage] = {}
        self._edited: dict[str, Running] = {}
        self.opening = EmptyState(theme, "sync", self.tr("Opening…"), "")
        self.empty = EmptyState(
            theme,
            "sync",
            self.tr("Nothing is synchronized yet"),
            self.tr(
                "Choose two systems and the records that shall be the same in both, or look at a finished example."
            ),
        )
        self.new_button: QPushButton = self.empty.add_button(self.tr("&New synchronization…"), "primary")
        self.sample_button: QPushButton = self.empty.add_button(self.tr("Open the &sample project"))
        self.addWidget(self.opening)
        self.addWidget(self.empty)

    def attach(self, context: WindowContext) -> None:
        """The page of the endpoints is there."""
        self.endpoints = EndpointsPage(context)
        self.addWidget(self.endpoints)

    def show_configuration(self, context: WindowContext, board: RunBoard, state: ConfigurationState) -> None:
        """Its page is in front and reads its content again; it is made when it is first shown."""
        page = self.pages.get(state.name)
        if page is None:
            page = ConfigurationPage(context, board, state.name, SideNames(state.a, state.b))
            self.pages[state.name] = page
            edited = self._edited.pop(state.name, None)
            if edited is not None:
                page.schedule.carry(edited)
            self.addWidget(page)
            self.made.emit(page)
        self.setCurrentWidget(page)
        page.refresh()

    def show_empty(self) -> None:
        self.setCurrentWidget(self.empty)

    def show_endpoints(self) -> None:
        self.setCurrentWidget(self.endpoints)
        self.endpoints.refresh()

    @property
    def current(self) -> ConfigurationPage | None:
        shown = self.currentWidget()
        return shown if isinstance(shown, ConfigurationPage) else None

    def refresh(self) -> None:
        """What is seen is read again."""
        if self.current is not None:
            self.current.refresh()
        elif self.currentWidget() is not self.opening and self.currentWidget() is not self.empty:
            self.endpoints.refresh()

    def close_preview(self, name: str) -> None:
        """A preview of that configuration fits no more."""
        if name in self.pages:
            self.pages[name].dispose()

    def follow(self, states: Sequence[ConfigurationState]) -> None:
        """Pages of configurations that are gone, or join other systems now, are gone."""
        sides = {state.name: (state.a, state.b) for state in states}
        for name, page in list(self.pages.items()):
            if name not in sides:
                self._drop(name)
            elif (page.names.a, page.names.b) != sides[name]:
                self._keep_edited(page, name)
                self._drop(name)

    @Slot(str, str)
    def rename(self, name: str, new_name: str) -> None:
        """The configuration has another name now, and will have another page."""
        if name in self.pages:
            self._keep_edited(self.pages[name], new_name)
            self._drop(name)

    def _keep_edited(self, page: ConfigurationPage, name: str) -> None:
        edited = page.schedule.edited
        if edited is not None:
            self._edited[name] = edited
        elif page.schedule.is_edited:
            text = self.tr("What you entered as the schedule of {0} was not complete, and is not kept")
            self.said.emit(text.format(page.name))

    def _drop(self, name: str) -> None:
        page = self.pages.pop(name)
        page.dispose()
        self.removeWidget(page)
        page.deleteLater()
