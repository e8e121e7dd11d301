"""The wizards over the real program: a SQLite database and a folder of CSV files become a running synchronization."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.bootstrap import build_application
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.services.application import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.wizards import open_configuration_wizard, open_endpoint_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard

PEOPLE = [
    (1, "Ada", "ada@example.org", "+43 1 1"),
    (2, "Bea", "bea@example.org", None),
    (3, "Öle", "oele@example.org", ""),
]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Application]:
    (tmp_path / "shop").mkdir()
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        database.execute(
            "CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(40) NOT NULL, "
            "email VARCHAR(60) NOT NULL UNIQUE, phone VARCHAR(20))"
        )
        database.executemany("INSERT INTO person VALUES (?, ?, ?, ?)", PEOPLE)
        database.commit()
    application = build_application(tmp_path / "home")
    yield application
    application.close()


def make_endpoint(qtbot: QtBot, real: Application, jobs: JobRunner, kind: str, name: str, key: str, path: Path) -> None:
    wizard = open_endpoint_wizard(None, real, jobs)
    wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(wizard)
    qtbot.waitUntil(lambda: not wizard.is_busy, timeout=20_000)
    place = [info.name for info in real.endpoints.providers()].index(kind)
    wizard.kind_page.choices()[place].click()
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    wizard.settings_page.name_edit.selectAll()
    qtbot.keyClicks(wizard.settings_page.name_edit, name)
    wizard.settings_page.inputs[key].take_path(str(path))
    qtbot.mouseClick(wizard.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "It works" in wizard.settings_page.result.text, timeout=20_000)
    with qtbot.waitSignal(wizard.saved, timeout=20_000):
        qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)


def test_the_kinds_of_systems_can_be_chosen_by_the_keyboard_at_once(
    qtbot: QtBot, real: Application, jobs: JobRunner
) -> None:
    wizard = open_endpoint_wizard(None, real, jobs)
    wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(wizard)
    qtbot.waitUntil(lambda: not wizard.is_busy, timeout=20_000)
    kinds = wizard.kind_page.choices()
    wizard.activateWindow()
    qtbot.waitUntil(kinds[0].hasFocus, timeout=5000)
    qtbot.keyClick(kinds[0], Qt.Key.Key_Space)
    assert kinds[0].isChecked()
    assert wizard.next_button.isEnabled()


def pick(box: ChoiceBox[str], value: str) -> None:
    box.choose(value)
    box.activated.emit(box.currentIndex())


def test_from_nothing_to_two_equal_systems(
    qtbot: QtBot, real: Application, jobs: JobRunner, tmp_path: Path, settle: Callable[[ConfigurationWizard], None]
) -> None:
    make_endpoint(qtbot, real, jobs, "sql", "CRM", "file", tmp_path / "crm.db")
    make_endpoint(qtbot, real, jobs, "csv", "Shop", "folder", tmp_path / "shop")
    wizard = open_configuration_wizard(None, real, jobs)
    wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(wizard)
    settle(wizard)
    wizard.go_next()
    settle(wizard)
    pick(wizard.entities_page.box_a, "person")
    pick(wizard.entities_page.box_b, "")
    qtbot.keyClicks(wizard.entities_page.new_name, "people")
    qtbot.mouseClick(wizard.entities_page.create_button, Qt.MouseButton.LeftButton)
    settle(wizard)
    wizard.go_next()
    settle(wizard)
    qtbot.mouseClick(wizard.mapping_page.accept_all_button, Qt.MouseButton.LeftButton)
    settle(wizard)
    for _ in range(3):
        wizard.go_next()
        settle(wizard)
    with qtbot.waitSignal(wizard.preview_wanted, timeout=20_000) as wanted:
        qtbot.mouseClick(wizard.preview_button, Qt.MouseButton.LeftButton)
    (name,) = wanted.args
    with closing(real.synchronization.preview(name)) as preview:
        assert preview.plan.count(Action.CREATE_B) == len(PEOPLE)
        assert preview.plan.writes == len(PEOPLE)
    assert real.synchronization.run(name).outcome is Outcome.DONE
    text = (tmp_path / "shop" / "people.csv").read_text(encoding="utf-8")
    assert all(email in text for _, _, email, _ in PEOPLE)
    with closing(real.synchronization.preview(name)) as again:
        assert again.plan.writes == 0


def test_a_database_without_its_file_is_not_saved_and_the_field_says_why(
    qtbot: QtBot, real: Application, jobs: JobRunner
) -> None:
    wizard = open_endpoint_wizard(None, real, jobs)
    wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(wizard)
    qtbot.waitUntil(lambda: not wizard.is_busy, timeout=20_000)
    place = [info.name for info in real.endpoints.providers()].index("sql")
    wizard.kind_page.choices()[place].click()
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not wizard.is_busy, timeout=20_000)
    assert wizard.settings_page.inputs["file"].row.problem == "Choose the database file, or give its address."
    assert wizard.notice.text == "", "the same is not said twice"
    assert real.endpoints.list() == ()


def test_every_kind_of_system_says_what_it_is(qtbot: QtBot, real: Application, jobs: JobRunner) -> None:
    infos = real.endpoints.providers()
    assert all(info.explanation for info in infos)
    wizard = open_endpoint_wizard(None, real, jobs)
    qtbot.addWidget(wizard)
    qtbot.waitUntil(lambda: not wizard.is_busy, timeout=20_000)
    spoken = [choice.accessibleDescription() for choice in wizard.kind_page.choices()]
    assert all(words.startswith(info.explanation) for words, info in zip(spoken, infos, strict=True))
