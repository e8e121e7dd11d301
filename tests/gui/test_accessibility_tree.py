"""What a screen reader is given: the accessibility tree of every page, dialogue and step of a wizard, over the real
services and the sample project. Whatever a person can act on, and every column, has a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from desktop_sync.bootstrap import build_application
from desktop_sync.services.application import Application
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from desktop_sync.ui.wizards.endpoint.dialog import EndpointWizard

LONG_MS = 60_000
ROWS = 40
"""Children of one table that are looked at: titles and the first rows."""
_Role = QAccessible.Role
NAMED = {
    _Role.Button,
    _Role.ButtonMenu,
    _Role.CheckBox,
    _Role.ColumnHeader,
    _Role.ComboBox,
    _Role.Dialog,
    _Role.EditableText,
    _Role.List,
    _Role.ListItem,
    _Role.MenuItem,
    _Role.PageTab,
    _Role.ProgressBar,
    _Role.RadioButton,
    _Role.Slider,
    _Role.SpinBox,
    _Role.StatusBar,
    _Role.Table,
    _Role.Tree,
    _Role.Window,
}


def nameless(root: QWidget) -> list[str]:
    """The nameless parts below it that a person can act on or reads a column by, each with the way to it."""
    return [way for way, interface in _tree(QAccessible.queryAccessibleInterface(root), "") if not _named(interface)]


def _named(interface: QAccessibleInterface) -> bool:
    return interface.role() not in NAMED or bool(interface.text(QAccessible.Text.Name).strip())


def _tree(interface: QAccessibleInterface | None, way: str) -> Iterator[tuple[str, QAccessibleInterface]]:
    if interface is None or not interface.isValid() or interface.state().invisible:
        return
    part = interface.object()
    if isinstance(part, QTabBar):
        return  # Qt's own: its tabs are named by the pages; its arrows, which scroll it, are none of a screen reader's
    way = f"{way}/{interface.text(QAccessible.Text.Name)[:30] or type(part).__name__}:{interface.role().name}"
    yield way, interface
    for number in range(min(interface.childCount(), ROWS)):
        yield from _tree(interface.child(number), way)


def dialogs() -> list[QDialog]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]


Wait = Callable[[], None]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Application]:
    application = build_application(tmp_path / "home")
    yield application
    application.close()


@pytest.fixture
def window(real: Application, open_window: Callable[[Application], MainWindow]) -> MainWindow:
    return open_window(real)


@pytest.fixture
def wait(qtbot: QtBot, window: MainWindow) -> Wait:
    def until_idle() -> None:
        for _ in range(2):
            qtbot.wait(1)
            qtbot.waitUntil(lambda: not window._jobs.active, timeout=LONG_MS)

    return until_idle


@pytest.fixture
def sample(window: MainWindow, wait: Wait) -> ConfigurationPage:
    """The page of the sample, which has run once."""
    window.open_sample()
    wait()
    page = window.current_page
    assert page is not None
    page.start_preview()
    wait()
    assert page.preview_page is not None
    assert nameless(window) == []
    page.preview_page.area.view.selectRow(0)
    wait()
    assert nameless(window) == []
    page.preview_page.run_button.click()
    wait()
    assert page.preview_page is None
    return page


def close_all(wait: Wait) -> list[str]:
    """What is nameless in the dialogues that are open; they are closed."""
    found: list[str] = []
    opened = dialogs()
    assert opened
    for dialog in opened:
        found += nameless(dialog)
        dialog.done(0)
    wait()
    return found


def test_every_page_and_its_dialogues(window: MainWindow, sample: ConfigurationPage, wait: Wait) -> None:
    for key in sample.pages:
        sample.open_tab(key)
        wait()
        assert nameless(window) == [], key
    sample.open_tab("queue")
    wait()
    sample.queue.area.view.selectRow(0)
    for ask in (sample.queue.explain, sample.queue.show_history, sample.runs.start_undo):
        ask()
        wait()
        assert close_all(wait) == [], ask
    window.sidebar.endpoints_button.click()
    wait()
    assert nameless(window) == []
    window.right.endpoints.webhook_button.click()
    wait()
    assert close_all(wait) == []


def test_the_dialogues_of_the_menus(window: MainWindow, sample: ConfigurationPage, wait: Wait) -> None:
    name = sample.name
    for ask in (
        window.extras.show_preferences,
        window.extras.show_messages,
        window.extras.show_about,
        window.work.verify,
        lambda: window.actions_desk.ask_rename(name),
        lambda: window.actions_desk.ask_delete(name),
    ):
        ask()
        wait()
        assert close_all(wait) == []


def test_every_step_of_the_wizard(window: MainWindow, sample: ConfigurationPage, wait: Wait) -> None:
    window.wizards.edit_configuration(sample.name)
    wait()
    [wizard] = dialogs()
    assert isinstance(wizard, ConfigurationWizard)
    for place in range(len(wizard.pages)):
        wizard.go_to(place)
        wait()
        assert wizard._stack.currentIndex() == place
        assert nameless(wizard) == [], wizard.pages[place].title
    wizard.done(0)
    wait()


def test_the_form_of_every_kind_of_system(window: MainWindow, wait: Wait) -> None:
    window.wizards.new_endpoint()
    wait()
    [wizard] = dialogs()
    assert isinstance(wizard, EndpointWizard)
    assert nameless(wizard) == []
    kinds = wizard.kind_page.choices()
    assert len(kinds) > 1
    for kind in kinds:
        kind.click()
        wizard.go_next()
        wait()
        assert nameless(wizard) == [], kind.text()
        wizard.go_back()
    wizard.done(0)
    wait()


def test_a_nameless_part_would_be_found(window: MainWindow) -> None:
    made = QPushButton("", window)
    made.show()
    assert [way.rsplit("/", 1)[-1] for way in nameless(window)] == ["QPushButton:Button"]
