"""Setting up an endpoint by hand: kind, form, test, save; messages beside the fields; secrets never in the clear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Endpoint, SecretReference
from desktop_sync.core.endpoint_setup import EndpointPage
from desktop_sync.core.ports import SecretState
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.wizards import open_endpoint_wizard
from desktop_sync.ui.wizards.endpoint.dialog import EndpointWizard
from tests.support.memory_provider import MemoryProvider
from tests.support.shop_and_crm import Scene

Open = Callable[..., EndpointWizard]


@pytest.fixture
def open_wizard(qtbot: QtBot, application: Any, jobs: JobRunner) -> Open:
    def opened(endpoint: Endpoint | None = None) -> EndpointWizard:
        wizard = open_endpoint_wizard(None, application, jobs, endpoint)
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(wizard)
        qtbot.waitUntil(lambda: not wizard.is_busy)
        return wizard

    return opened


def click(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def field(wizard: EndpointWizard, key: str) -> QLineEdit:
    target = wizard.settings_page.inputs[key].focus_target()
    assert isinstance(target, QLineEdit)
    return target


def test_an_endpoint_is_made_from_kind_to_saved(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    wizard = open_wizard()
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is EndpointPage.SETTINGS
    wizard.settings_page.name_edit.selectAll()
    qtbot.keyClicks(wizard.settings_page.name_edit, "Depot")
    qtbot.keyClicks(field(wizard, "folder"), "/data/depot")
    qtbot.keyClicks(field(wizard, "password"), "s3cret")
    with qtbot.waitSignal(wizard.saved) as saved:
        click(qtbot, wizard.next_button)
    assert saved.args == ["Depot"]
    kept = scene.endpoints.get("Depot")
    assert kept.settings == {
        "folder": "/data/depot", "port": 5432, "read_only": False, "password": SecretReference("Depot Password"),
    }  # fmt: skip
    assert scene.secrets.values == {"Depot Password": "s3cret"}


def test_a_missing_setting_is_said_beside_it_and_gets_the_focus(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard()
    click(qtbot, wizard.next_button)
    folder = wizard.settings_page.inputs["folder"]
    assert folder.row.problem == ""
    click(qtbot, wizard.next_button)
    assert folder.row.problem == '"Folder" is needed.'
    assert wizard.isVisible()
    assert wizard.focusWidget() is folder.focus_target()
    qtbot.keyClicks(field(wizard, "folder"), "/x")
    assert folder.row.problem == ""


def test_the_name_of_another_endpoint_is_refused_while_typing(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard()
    click(qtbot, wizard.next_button)
    wizard.settings_page.name_edit.selectAll()
    qtbot.keyClicks(wizard.settings_page.name_edit, "CRM")
    assert "already" in wizard.settings_page.name_row.problem


def test_a_test_says_what_was_found_and_an_edit_takes_it_away(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    wizard = open_wizard(scene.endpoints.get("CRM"))
    click(qtbot, wizard.test_button)
    qtbot.waitUntil(lambda: "It works" in wizard.settings_page.result.text)
    assert "Customer" in wizard.settings_page.result.text
    assert wizard.settings_page.details.texts == ("Two tables were found.",)
    qtbot.keyClicks(field(wizard, "folder"), "x")
    assert wizard.settings_page.result.text == ""


def test_a_refused_password_is_said_in_a_sentence_without_it(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    scene.provider.password = "right"
    wizard = open_wizard(scene.endpoints.get("CRM"))
    qtbot.keyClicks(field(wizard, "password"), "wrong-one")
    click(qtbot, wizard.test_button)
    qtbot.waitUntil(lambda: "the password is wrong" in wizard.settings_page.result.text)
    assert "wrong-one" not in wizard.settings_page.result.text
    assert scene.secrets.values == {}


def test_a_locked_password_store_keeps_the_wizard_open(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    scene.secrets.state = SecretState.LOCKED
    wizard = open_wizard(scene.endpoints.get("CRM"))
    qtbot.keyClicks(field(wizard, "password"), "typed")
    click(qtbot, wizard.next_button)
    qtbot.waitUntil(lambda: "locked" in wizard.notice.text)
    assert wizard.isVisible()
    assert wizard.next_button.isEnabled()
    assert "password" not in scene.endpoints.get("CRM").settings


def test_a_secret_is_never_readable_on_screen(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    scene.secrets.values["CRM Password"] = "stored-one"
    stored = Endpoint("CRM", "memory", {"folder": "/x", "password": SecretReference("CRM Password")})
    wizard = open_wizard(stored)
    password = field(wizard, "password")
    assert password.text() == ""
    assert "password store" in password.placeholderText()
    qtbot.keyClicks(password, "typed")
    assert password.displayText() != "typed"


def test_an_edited_endpoint_keeps_its_name_and_kind(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    wizard = open_wizard(scene.endpoints.get("CRM"))
    assert wizard.settings_page.name_edit.isReadOnly()
    assert wizard.back_button.isHidden()
    field(wizard, "user").setFocus()
    qtbot.keyClicks(field(wizard, "user"), "ada")
    with qtbot.waitSignal(wizard.saved):
        click(qtbot, wizard.next_button)
    assert scene.endpoints.get("CRM").settings["user"] == "ada"


def test_another_kind_brings_its_own_form(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    scene.registry._providers["zoo"] = MemoryProvider(name="zoo", label="Zoo", settings=())
    wizard = open_wizard()
    assert not wizard.next_button.isEnabled()
    wizard.kind_page.choices()[1].click()
    assert wizard.setup.provider == "zoo"
    click(qtbot, wizard.next_button)
    assert wizard.settings_page.inputs == {}
    click(qtbot, wizard.back_button)
    wizard.kind_page.choices()[0].click()
    click(qtbot, wizard.next_button)
    assert "folder" in wizard.settings_page.inputs
    assert wizard.settings_page.name_edit.text() == "Memory"


def test_a_chosen_folder_fills_the_field(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard()
    click(qtbot, wizard.next_button)
    folder = wizard.settings_page.inputs["folder"]
    click(qtbot, folder.pick_button)
    dialog = folder._dialog
    assert dialog is not None
    dialog.fileSelected.emit("/chosen")
    dialog.reject()
    assert folder.value == "/chosen"
    assert wizard.setup.values["folder"] == "/chosen"


def test_a_provider_that_is_gone_is_said(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(Endpoint("Old", "tape", {}))
    assert "tape" in wizard.notice.text
    assert not wizard.next_button.isEnabled()


def test_cancel_asks_where_something_was_entered(qtbot: QtBot, scene: Scene, open_wizard: Open) -> None:
    untouched = open_wizard()
    untouched.show()
    click(qtbot, untouched.cancel_button)
    assert not untouched.isVisible()
    wizard = open_wizard()
    wizard.show()
    click(qtbot, wizard.next_button)
    qtbot.keyClicks(field(wizard, "folder"), "/data/depot")
    click(qtbot, wizard.cancel_button)
    assert wizard.isVisible()
    buttons = {made.objectName(): made for made in wizard.question.findChildren(QPushButton)}
    click(qtbot, buttons["stay"])
    assert field(wizard, "folder").text() == "/data/depot"
    click(qtbot, wizard.cancel_button)
    buttons = {made.objectName(): made for made in wizard.question.findChildren(QPushButton)}
    click(qtbot, buttons["discard"])
    assert not wizard.isVisible()
