"""What a person meets on a page before anything was chosen there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.mapping_rows import RowKind
from desktop_sync.core.setup_flow import Page
from desktop_sync.core.structure import Field, Structure
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.wizards import open_configuration_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from tests.gui.wizards.test_configuration_wizard import click, pick, row_of
from tests.support.shop_and_crm import Scene

Settle = Callable[[ConfigurationWizard], None]


@pytest.fixture
def wizard(qtbot: QtBot, application: Any, jobs: JobRunner, settle: Settle) -> ConfigurationWizard:
    made = open_configuration_wizard(None, application, jobs, None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    settle(made)
    click(qtbot, made.next_button)
    settle(made)
    assert made.setup.page is Page.ENTITIES
    return made


def test_with_both_endpoints_chosen_the_name_is_at_hand_and_no_button(
    qtbot: QtBot, application: Any, jobs: JobRunner, settle: Settle
) -> None:
    made = open_configuration_wizard(None, application, jobs, None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    settle(made)
    page = made.endpoints_page
    assert all(box.value for box in page.boxes.values())
    assert made.focusWidget() is page.name_edit


def test_the_first_suggestion_is_at_hand_once_it_comes(
    qtbot: QtBot, wizard: ConfigurationWizard, settle: Settle
) -> None:
    click(qtbot, wizard.entities_page.suggestion_lines[0].action_button)
    click(qtbot, wizard.next_button)
    settle(wizard)
    page = wizard.mapping_page
    assert page.table.current_row == 0
    assert page.current is not None
    assert page.current.kind is RowKind.SUGGESTED
    assert page.accept_button.isEnabled()


def test_without_a_counterpart_there_is_no_table_of_samples_but_a_word(
    qtbot: QtBot, wizard: ConfigurationWizard, settle: Settle
) -> None:
    click(qtbot, wizard.entities_page.suggestion_lines[0].action_button)
    click(qtbot, wizard.next_button)
    settle(wizard)
    page = wizard.mapping_page
    page.table.choose(0)
    settle(wizard)
    assert not page.samples.table.isHidden()
    page.table.choose(row_of(wizard, "CustomerId"))
    settle(wizard)
    assert page.samples.table.isHidden()
    assert not page.samples._nothing.isHidden()


def test_where_nothing_looks_alike_the_way_on_is_said(
    qtbot: QtBot, scene: Scene, application: Any, jobs: JobRunner, settle: Settle
) -> None:
    for endpoint in ("CRM", "Shop"):
        scene.provider.tables[endpoint].clear()
    scene.provider.add("CRM", Structure("Customer", (Field("Email"),)), [("ann@example.org",)])
    scene.provider.add("Shop", Structure("stock", (Field("pieces"),)), [("3",)])
    made = open_configuration_wizard(None, application, jobs, None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    settle(made)
    click(qtbot, made.next_button)
    settle(made)
    page = made.entities_page
    assert page._suggestion_note.text() == "No two look alike. Choose a pair below."
    pick(page.box_a, "Customer")
    pick(page.box_b, "stock")
    click(qtbot, page.add_button)
    settle(made)
    assert page._suggestion_note.text() == "No others look alike."
