"""The wizards over the real services and endpoints in memory, driven as a user drives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_sync.services.configuration_setup.configurations import ConfigurationService
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.theme import Theme, ThemeChoice
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from tests.support.shop_and_crm import Scene


class FakeApplication:
    """The part of the application that wizards use."""

    def __init__(self, scene: Scene) -> None:
        self.endpoints: EndpointService = scene.endpoints
        self.configurations: ConfigurationService = scene.configurations


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "home").furnish()


@pytest.fixture
def application(scene: Scene) -> FakeApplication:
    return FakeApplication(scene)


@pytest.fixture
def jobs(qapp: QApplication, qtbot: QtBot) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    qtbot.waitUntil(lambda: not runner.active)
    runner.close()


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    before = qapp.palette(), qapp.styleSheet()
    made = Theme(qapp, ThemeChoice.LIGHT)
    yield made
    made.close()
    qapp.setStyleSheet(before[1])
    qapp.setPalette(before[0])


@pytest.fixture
def settle(qtbot: QtBot, jobs: JobRunner) -> Callable[[ConfigurationWizard], None]:
    """Waits until nothing is under way any more that would change what is shown."""

    def wait(wizard: ConfigurationWizard) -> None:
        samples = wizard.mapping_page.samples
        filters = wizard.rules_page.filters.values()

        def idle() -> bool:
            waits = samples.is_waiting or any(item.is_waiting for item in filters)
            return not (wizard.is_busy or jobs.active or waits)

        qtbot.waitUntil(idle, timeout=15_000)

    return wait
