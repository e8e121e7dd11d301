"""The tabs of a configuration's page: made at once, but only the one that is seen reads its rows."""

from __future__ import annotations

from typing import Protocol, cast

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QTabWidget, QWidget

from desktop_sync.core.status import Status
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.text.times import number
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.configuration_settings import ConfigurationSettingsPage
from desktop_sync.ui.views.conflicts import ConflictsPage
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.overview import OverviewPage
from desktop_sync.ui.views.queue import QueuePage
from desktop_sync.ui.views.review import ReviewPage
from desktop_sync.ui.views.runs import RunsPage
from desktop_sync.ui.views.schedule import SchedulePage
from desktop_sync.ui.views.steps import StepsPage


class ContentPage(Protocol):
    """What every tab is: a widget that shows a configuration's content."""

    def show_content(self, content: PageContent) -> None: ...


def _widget(page: ContentPage) -> QWidget:
    return cast(QWidget, page)


class ConfigurationTabs(QTabWidget):
    """`pages` are the tabs by key; each is an attribute of that name, too."""

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: PageContent | None = None
        self._stale: set[str] = set()
        self.overview = OverviewPage(context)
        self.queue = QueuePage(context, names)
        self.conflicts = ConflictsPage(context, names)
        self.review = ReviewPage(context, names)
        self.runs = RunsPage(context, names)
        self.steps = StepsPage(context, names)
        self.schedule = SchedulePage(context)
        self.settings = ConfigurationSettingsPage(context)
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("Parts of the synchronization"))
        self.tabBar().setAccessibleName(self.tr("Parts of the synchronization"))
        self.tabBar().setExpanding(False)
        self.pages: dict[str, ContentPage] = {
            "overview": self.overview,
            "queue": self.queue,
            "conflicts": self.conflicts,
            "review": self.review,
            "runs": self.runs,
            "steps": self.steps,
            "schedule": self.schedule,
            "settings": self.settings,
        }
        self._titles = {
            "overview": self.tr("Overview"),
            "queue": self.tr("Queue"),
            "conflicts": self.tr("Conflicts"),
            "review": self.tr("Review"),
            "runs": self.tr("Runs"),
            "steps": self.tr("Steps"),
            "schedule": self.tr("Schedule"),
            "settings": self.tr("Settings"),
        }
        for key, page in self.pages.items():
            self.addTab(_widget(page), self._titles[key])
        self.currentChanged.connect(self._show_tab)

    def show_content(self, content: PageContent) -> None:
        """The counts beside the titles, and the tab that is seen, are those; the others follow when they are seen."""
        self._content = content
        counts = content.counts
        self._show_count("queue", counts.get(Status.PREPARED, 0) + counts.get(Status.FAILED, 0))
        self._show_count("conflicts", content.open_conflicts)
        self._show_count("review", counts.get(Status.REVIEW, 0))
        self._stale = set(self.pages)
        self._show_tab()

    def open(self, key: str) -> None:
        self.setCurrentWidget(_widget(self.pages[key]))

    def open_status(self, status: Status) -> None:
        """Where the records of that status stand."""
        key = {Status.CONFLICT: "conflicts", Status.REVIEW: "review"}.get(status, "queue")
        self.open(key)
        if key == "queue":
            self.queue.show_status(status)

    def _show_count(self, key: str, count: int) -> None:
        place = self.indexOf(_widget(self.pages[key]))
        self.setTabText(place, f"{self._titles[key]}  {number(count)}" if count else self._titles[key])

    @Slot()
    def _show_tab(self) -> None:
        if self._content is None:
            return
        for key, page in self.pages.items():
            if _widget(page) is self.currentWidget() and key in self._stale:
                self._stale.discard(key)
                page.show_content(self._content)
