"""The endpoint wizard."""

from __future__ import annotations

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import Endpoint
from desktop_sync.core.endpoint_setup import EndpointPage, EndpointSetup, edit
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.provider_port import EndpointReport, SettingKind
from desktop_sync.services.views import ProviderInfo
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.wizards.endpoint.kind_page import KindPage
from desktop_sync.ui.wizards.endpoint.settings_page import SettingsPage
from desktop_sync.ui.wizards.frame import WizardFrame

PAGES = tuple(EndpointPage)
SIZE = QSize(780, 640)


class EndpointWizard(WizardFrame):
    """A new endpoint, or an edited one. `saved` carries its name."""

    def __init__(
        self, application: Application, jobs: JobRunner, endpoint: Endpoint | None, parent: QWidget | None = None
    ) -> None:
        super().__init__("", SIZE, parent)
        self.setWindowTitle(self.tr("Edit endpoint") if endpoint else self.tr("New endpoint"))
        self.setAccessibleName(self.windowTitle())
        self._application = application
        self._endpoint = endpoint
        self._infos: tuple[ProviderInfo, ...] = ()
        self._touched: set[str] = set()
        self._is_saving = False
        self.setup = EndpointSetup()
        self.kind_page = KindPage()
        self.settings_page = SettingsPage()
        self.add_pages((self.kind_page, self.settings_page))
        self.kind_page.chosen.connect(self._kind_chosen)
        self.settings_page.edited.connect(self._edited)
        self.test_button = self.extra_button
        self.test_button.setText(self.tr("&Test connection"))
        self.test_button.setAccessibleName(self.tr("Test connection"))
        self.test_button.clicked.connect(self.test)
        self._loading = Latest(jobs, self)
        self._loading.arrived.connect(self._loaded)
        self._loading.failed.connect(self._load_failed)
        self._testing = Latest(jobs, self)
        self._testing.arrived.connect(self._tested)
        self._testing.failed.connect(self._test_failed)
        self._saving = Latest(jobs, self)
        self._saving.arrived.connect(self._was_saved)
        self._saving.failed.connect(self._save_failed)
        self._show()
        self.notice.say(self.tr("Looking for the kinds of systems…"), Tone.NEUTRAL)
        self._loading.ask(lambda: (application.endpoints.providers(), application.endpoints.list()))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still under way that will change what is shown."""
        return any(item.is_waiting for item in (self._loading, self._testing, self._saving))

    @property
    def is_edited(self) -> bool:
        return bool(self._touched) and not self._is_saving

    @Slot()
    def go_back(self) -> None:
        if not self._is_saving:
            self.setup = self.setup.back()
            self._show()

    @Slot()
    def go_next(self) -> None:
        if self._is_saving or not self._infos:
            return
        if self.setup.page is EndpointPage.KIND:
            self.setup = self.setup.next()
            self._show()
            return
        problems = self.setup.problems()
        if problems:
            self._touched.add("*")
            self.settings_page.show_problems(problems, self._touched)
            self.settings_page.focus_first(problems)
            return
        self._save()

    def go_to(self, place: int) -> None:
        if PAGES[place] is EndpointPage.KIND:
            self.go_back()
        elif self.setup.can_go_on and self.setup.page is EndpointPage.KIND:
            self.go_next()

    @Slot()
    def test(self) -> None:
        """The connection is tried with what is in the form; nothing is stored."""
        problems = {key: text for key, text in self.setup.problems().items() if key != "name:"}
        if problems:
            self._touched.add("*")
            self.settings_page.show_problems(self.setup.problems(), self._touched)
            self.settings_page.focus_first(problems)
            return
        self.settings_page.show_testing()
        self.reveal(self.settings_page.result)
        self.test_button.setEnabled(False)
        endpoint, secrets, application = self.setup.endpoint(), dict(self.setup.secrets), self._application
        self._testing.ask(lambda: application.endpoints.test(endpoint, secrets))

    def _show(self) -> None:
        on_settings = self.setup.page is EndpointPage.SETTINGS
        if on_settings:
            self.settings_page.show_setup(self.setup)
            self._explain_kind()
        self.show_page(PAGES.index(self.setup.page))
        self._refresh()

    def _explain_kind(self) -> None:
        info = next((info for info in self._infos if info.name == self.setup.provider), None)
        if info is not None:
            self.settings_page.subtitle = self.tr("{0}: where it is, and how to get in.").format(info.label)

    def _refresh(self) -> None:
        on_settings = self.setup.page is EndpointPage.SETTINGS
        self.test_button.setVisible(on_settings)
        self.back_button.setVisible(on_settings and not self.setup.original)
        self.next_button.setText(self.tr("&Save") if on_settings else self.tr("&Next"))
        self.next_button.setAccessibleName(self.tr("Save") if on_settings else self.tr("Next"))
        self.next_button.setEnabled(bool(self._infos) and not self._is_saving and (on_settings or self.setup.can_go_on))
        complete = (bool(self.setup.provider), on_settings and not self.setup.problems())
        self.show_steps((not self.setup.original, bool(self.setup.provider)), complete)

    @Slot(object)
    def _loaded(self, answer: object) -> None:
        self.notice.say("")
        if not isinstance(answer, tuple):
            return
        self._infos = answer[0]
        taken = frozenset(endpoint.name for endpoint in answer[1])
        if self._endpoint is not None:
            info = next((item for item in self._infos if item.name == self._endpoint.provider), None)
            if info is None:
                error = ConfigurationError(f'this installation has no provider "{self._endpoint.provider}"')
                self.notice.say(problem(error))
                self._infos = ()
                return
            self.setup = edit(self._endpoint, info.settings, taken)
        else:
            self.setup = EndpointSetup(taken_names=taken)
            if len(self._infos) == 1:
                self._kind_chosen(self._infos[0].name)
        self.kind_page.show_providers(self._infos, self.setup.provider)
        self._show()

    @Slot(object)
    def _load_failed(self, error: object) -> None:
        self.notice.say(problem(error))

    @Slot(str)
    def _kind_chosen(self, name: str) -> None:
        info = next(info for info in self._infos if info.name == name)
        if name != self.setup.provider:
            self._touched.clear()
            self.setup = self.setup.named("").of_kind(name, info.label, info.settings)
            self.settings_page.show_untested()
        self._refresh()

    @Slot(str)
    def _edited(self, key: str) -> None:
        self._touched.add(key)
        if key == "name:":
            self.setup = self.setup.named(self.settings_page.name_edit.text())
        else:
            field = self.settings_page.inputs[key]
            if field.setting.kind is SettingKind.SECRET:
                self.setup = self.setup.with_secret(key, field.secret)
            else:
                self.setup = self.setup.with_value(key, field.value)
            self._testing.forget()
            self.test_button.setEnabled(True)
            self.settings_page.show_untested()
        self.notice.say("")
        self.settings_page.show_problems(self.setup.problems(), self._touched)
        self._refresh()

    @Slot(object)
    def _tested(self, report: object) -> None:
        if isinstance(report, EndpointReport):
            self.test_button.setEnabled(True)
            self.settings_page.show_report(report)
            self.reveal(self.settings_page.details)

    @Slot(object)
    def _test_failed(self, error: object) -> None:
        self.test_button.setEnabled(True)
        self.settings_page.show_failure(error)
        self.reveal(self.settings_page.result)
        self._blame(error)

    def _save(self) -> None:
        self._is_saving = True
        self.notice.say(self.tr("Saving…"), Tone.NEUTRAL)
        self._refresh()
        endpoint, secrets, application = self.setup.endpoint(), dict(self.setup.secrets), self._application
        self._saving.ask(lambda: application.endpoints.save(endpoint, secrets))

    @Slot(object)
    def _was_saved(self, endpoint: object) -> None:
        if isinstance(endpoint, Endpoint):
            self.saved.emit(endpoint.name)
        self.accept()

    @Slot(object)
    def _save_failed(self, error: object) -> None:
        self._is_saving = False
        self._refresh()
        self.notice.say("" if self._blame(error) else problem(error))

    def _blame(self, error: object) -> bool:
        """The message stands beside the setting that it is about, which has the focus; False if it is about none."""
        path = error.path.removeprefix("endpoint.") if isinstance(error, ConfigurationError) else ""
        if isinstance(error, ConfigurationError) and path.startswith("settings."):
            field = self.settings_page.inputs.get(path.removeprefix("settings."))
            if field is not None:
                self.settings_page.focus_first({field.setting.key: error.problem})
                field.row.say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
                return True
        return False
