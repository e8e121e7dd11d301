"""The configuration wizard."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import Definitions, Side, SyncConfiguration
from desktop_sync.core.setup_flow import PAGES, ConfigurationSetup, Page, begin
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.wizards.configuration.endpoints_page import EndpointsPage
from desktop_sync.ui.wizards.configuration.entities_page import EntitiesPage
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.configuration.mapping_page import MappingPage
from desktop_sync.ui.wizards.configuration.rules_page import RulesPage
from desktop_sync.ui.wizards.configuration.running_page import RunningPage
from desktop_sync.ui.wizards.configuration.summary_page import SummaryPage
from desktop_sync.ui.wizards.endpoint.dialog import EndpointWizard
from desktop_sync.ui.wizards.frame import WizardFrame

SIZE = QSize(1180, 720)
CHECK_PAUSE_MS = 700
"""After the last edit, before both endpoints are looked at."""


class ConfigurationWizard(WizardFrame):
    """A new configuration, or an edited one. `saved` carries its name; `renamed` (from, to) comes before it,
    and `preview_wanted` follows it if asked for."""

    preview_wanted = Signal(str)
    renamed = Signal(str, str)

    def __init__(
        self,
        application: Application,
        jobs: JobRunner,
        configuration: SyncConfiguration | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", SIZE, parent)
        self.setWindowTitle(self.tr("Edit configuration") if configuration else self.tr("New configuration"))
        self.setAccessibleName(self.windowTitle())
        self._application = application
        self._jobs = jobs
        self._configuration = configuration
        self._is_loaded = False
        self._is_saving = False
        self._previews = False
        self._untouched: SyncConfiguration | None = None
        self._new_for: Side | None = None
        self.holder = SetupHolder(application, jobs, begin(configuration, Definitions()), self)
        self.endpoints_page = EndpointsPage(self.holder)
        self.entities_page = EntitiesPage(self.holder)
        self.mapping_page = MappingPage(self.holder)
        self.rules_page = RulesPage(self.holder)
        self.running_page = RunningPage(self.holder)
        self.summary_page = SummaryPage(self.holder)
        self.add_pages(
            (self.endpoints_page, self.entities_page, self.mapping_page, self.rules_page, self.running_page,
             self.summary_page)
        )  # fmt: skip
        self.preview_button = self.extra_button
        self.preview_button.setText(self.tr("Save and &preview"))
        self.preview_button.setAccessibleName(self.tr("Save and preview"))
        self.preview_button.clicked.connect(self.save_and_preview)
        self._connect()
        self._show(Page.ENDPOINTS)
        self._load()

    def _connect(self) -> None:
        self.endpoints_page.new_wanted.connect(self._make_endpoint)
        self.holder.changed.connect(self._changed)
        self.holder.failed.connect(self._describing_failed)
        self._loading = Latest(self._jobs, self)
        self._loading.arrived.connect(self._loaded)
        self._loading.failed.connect(self._load_failed)
        self._checking = Latest(self._jobs, self)
        self._checking.arrived.connect(self._checked)
        self._checking.failed.connect(self._check_failed)
        self._saving = Latest(self._jobs, self)
        self._saving.arrived.connect(self._was_saved)
        self._saving.failed.connect(self._save_failed)
        self._check_timer = QTimer(self)
        self._check_timer.setSingleShot(True)
        self._check_timer.setInterval(CHECK_PAUSE_MS)
        self._check_timer.timeout.connect(self._check)

    @property
    def is_edited(self) -> bool:
        """Whether closing would lose something."""
        return self._untouched is not None and self.setup.configuration != self._untouched

    @property
    def setup(self) -> ConfigurationSetup:
        return self.holder.setup

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still under way that will change what is shown."""
        waits = (self._loading, self._checking, self._saving)
        return self._check_timer.isActive() or self.holder.is_describing or any(item.is_waiting for item in waits)

    @Slot()
    def go_back(self) -> None:
        if not self._is_saving and self.setup.page is not Page.ENDPOINTS:
            self.holder.setup = self.setup.back()
            self._show(self.setup.page)

    @Slot()
    def go_next(self) -> None:
        """The next page; on the last one, save."""
        if self._is_saving or not self._is_loaded:
            return
        if self.setup.page is Page.SUMMARY:
            self._save(previews=False)
            return
        if self.setup.page is Page.ENTITIES:
            self.entities_page.take_choice()
        if not self.setup.is_complete(self.setup.page) or not self._current_can_go_on():
            self._show_problems()
            return
        self.holder.setup = self.setup.next()
        self._show(self.setup.page)

    def go_to(self, place: int) -> None:
        if self._is_loaded and not self._is_saving and self._current_can_go_on():
            self.holder.setup = self.setup.go_to(PAGES[place])
            self._show(self.setup.page)

    @Slot()
    def save_and_preview(self) -> None:
        self._save(previews=True)

    def _current_can_go_on(self) -> bool:
        return self.setup.page is not Page.RUNNING or self.running_page.can_go_on

    def _show_problems(self) -> None:
        page = self.current
        if isinstance(page, EndpointsPage | EntitiesPage | MappingPage | RulesPage | RunningPage):
            page.show_problems()
            self.reveal_problem()

    def _show(self, page: Page) -> None:
        self.notice.say("")
        self.show_page(PAGES.index(page))
        self._refresh()
        self._check_soon()

    def _refresh(self) -> None:
        setup = self.setup
        on_last = setup.page is Page.SUMMARY
        ready = self._is_loaded and not self._is_saving
        self.back_button.setVisible(setup.page is not Page.ENDPOINTS)
        self.back_button.setEnabled(ready)
        self.preview_button.setVisible(on_last)
        self.preview_button.setEnabled(ready and setup.can_save)
        self.next_button.setText(self.tr("&Save") if on_last else self.tr("&Next"))
        self.next_button.setAccessibleName(self.tr("Save") if on_last else self.tr("Next"))
        self.next_button.setEnabled(ready and (not on_last or setup.can_save))
        self.show_steps([setup.is_reachable(page) for page in PAGES], [setup.is_complete(page) for page in PAGES])

    @Slot()
    def _changed(self) -> None:
        self._refresh()
        self._check_soon()

    # Loading, and endpoints made on the way.

    def _load(self) -> None:
        endpoints, configurations = self._application.endpoints, self._application.configurations
        self._loading.ask(lambda: (endpoints.list(), endpoints.providers(), configurations.list()))

    @Slot(object)
    def _loaded(self, answer: object) -> None:
        if not isinstance(answer, tuple):
            return
        endpoints, infos, configurations = answer
        if not self._is_loaded:
            self._is_loaded = True
            known = Definitions(endpoints, configurations)
            started = begin(self._configuration, known)
            self._untouched = started.configuration
            self.holder.put(started)
            self.holder.describe()
        self.endpoints_page.show_endpoints(endpoints, infos)
        self._refresh()

    @Slot(object)
    def _load_failed(self, error: object) -> None:
        self.notice.say(problem(error))

    @Slot(object)
    def _describing_failed(self, error: object) -> None:
        self.notice.say(problem(error), Tone.WARNING)

    @Slot(object)
    def _make_endpoint(self, side: object) -> None:
        self._new_for = side if isinstance(side, Side) else None
        self.endpoint_wizard = EndpointWizard(self._application, self._jobs, None, self)
        self.endpoint_wizard.saved.connect(self._endpoint_made)
        self.endpoint_wizard.open()

    @Slot(str)
    def _endpoint_made(self, name: str) -> None:
        if self._new_for is not None:
            self.mapping_page.forget_suggestions()
            self.holder.put(self.setup.with_endpoint(self._new_for, name))
        self._load()

    # Looking at both endpoints.

    def _check_soon(self) -> None:
        """Once nothing was edited for a moment, from the fields on."""
        wanted = PAGES.index(self.setup.page) >= PAGES.index(Page.MAPPING)
        if wanted and self.setup.live_for != self.setup.configuration:
            self._check_timer.start()
            self.summary_page.show_checking(True)

    @Slot()
    def _check(self) -> None:
        checked = self.setup.configuration
        self._checking.ask(partial(_check_live, self._application, checked))

    @Slot(object)
    def _checked(self, answer: object) -> None:
        if isinstance(answer, tuple):
            findings, checked = answer
            self.summary_page.show_checking(False)
            self.holder.put(self.setup.with_live(findings, checked))

    @Slot(object)
    def _check_failed(self, error: object) -> None:
        self.summary_page.show_checking(False, problem(error))

    # Saving.

    def _save(self, previews: bool) -> None:
        if self._is_saving or not self.setup.can_save:
            return
        self._is_saving = True
        self._previews = previews
        self.notice.say(self.tr("Saving…"), Tone.NEUTRAL)
        self._refresh()
        setup, configurations = self.setup, self._application.configurations

        def save() -> SyncConfiguration:
            if setup.original and setup.original != setup.configuration.name:
                configurations.rename(setup.original, setup.configuration.name)
            return configurations.save(setup.configuration)

        self._saving.ask(save)

    @Slot(object)
    def _was_saved(self, configuration: object) -> None:
        if isinstance(configuration, SyncConfiguration):
            if self.setup.original not in ("", configuration.name):
                self.renamed.emit(self.setup.original, configuration.name)
            self.saved.emit(configuration.name)
            if self._previews:
                self.preview_wanted.emit(configuration.name)
        self.accept()

    @Slot(object)
    def _save_failed(self, error: object) -> None:
        self._is_saving = False
        self.notice.say(problem(error))
        self._refresh()


def _check_live(application: Application, checked: SyncConfiguration) -> object:
    """Runs in a job: the findings, and what they are about."""
    return application.configurations.check_live(checked), checked
