"""The right side of the window: the page of the chosen configuration, the endpoints, or what stands there instead."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.endpoints import EndpointsPage
from desktop_sync.ui.widgets.empty_state import EmptyState


class PageShelf(QStackedWidget):
    """`made` carries a new ConfigurationPage, to be connected."""

    made = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pages: dict[str, ConfigurationPage] = {}
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

    def drop(self, name: str) -> None:
        """The page of that configuration is gone."""
        page = self.pages.pop(name)
        page.dispose()
        self.removeWidget(page)
        page.deleteLater()
