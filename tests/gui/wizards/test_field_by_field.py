"""The wizard warns where the order of configurations would matter, and offers to judge field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import ConflictRule, Direction, Resolution, Side, SyncConfiguration
from desktop_sync.core.setup_flow import Page
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.wizards import open_configuration_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from tests.gui.wizards.conftest import FakeApplication
from tests.gui.wizards.test_configuration_wizard import click, pick
from tests.support.shop_and_crm import Scene, customers, customers_entity

Settle = Callable[[ConfigurationWizard], None]


@pytest.fixture
def narrow(scene: Scene) -> SyncConfiguration:
    """Another configuration has the same customers, with fewer fields, and is saved."""
    fields = tuple(mapping for mapping in customers_entity().fields if mapping.a in ("Email", "FirstName", "City"))
    assert len(fields) > 1
    return scene.configurations.save(
        replace(customers(), name="Names only", entities=(replace(customers_entity(), fields=fields),))
    )


@pytest.fixture
def wizard(
    qtbot: QtBot, application: FakeApplication, jobs: JobRunner, narrow: SyncConfiguration, settle: Settle
) -> Iterator[ConfigurationWizard]:
    made = open_configuration_wizard(None, application, jobs, customers())  # type: ignore[arg-type]
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    settle(made)
    while made.setup.page is not Page.RULES:
        click(qtbot, made.next_button)
        settle(made)
    yield made
    made.close()


@pytest.mark.scenario("G3")
def test_the_doubt_names_the_other_configuration_and_the_fields_and_one_click_settles_it(
    qtbot: QtBot, wizard: ConfigurationWizard, settle: Settle
) -> None:
    page = wizard.rules_page
    (said,) = (text for text in page.findings.texts if "Names only" in text)
    assert '"Phone"' in said
    assert page.fieldwise_button.isVisibleTo(page)
    click(qtbot, page.fieldwise_button)
    settle(wizard)
    assert wizard.setup.configuration.entities[0].resolution is Resolution.FIELD
    assert page.resolution.value is Resolution.FIELD
    assert not any("Names only" in text for text in page.findings.texts)
    assert not page.fieldwise_button.isVisibleTo(page)


def test_what_is_judged_is_asked_whatever_the_rule_and_the_direction(
    qtbot: QtBot, wizard: ConfigurationWizard, settle: Settle
) -> None:
    page = wizard.rules_page
    assert page.resolution_row.isVisibleTo(page)
    pick(page.resolution, Resolution.FIELD)
    settle(wizard)
    assert wizard.setup.configuration.entities[0].resolution is Resolution.FIELD
    pick(page.conflict, ConflictRule.A)
    settle(wizard)
    assert page.resolution_row.isVisibleTo(page)
    pick(page.direction, Direction.A_TO_B)
    settle(wizard)
    assert page.resolution_row.isVisibleTo(page)
    assert wizard.setup.configuration.entities[0].primary is Side.A
