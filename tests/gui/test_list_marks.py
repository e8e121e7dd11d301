"""Colours and hidden synchronizations in the list at the left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog
from desktop_sync.ui.list_marks import NO_MARK, ListMarks, Mark
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.palette import DARK, LIGHT, Colours, MarkColour
from desktop_sync.ui.views.configuration_list import LINE_ROLE
from desktop_sync.ui.views.sidebar import Sidebar
from tests.gui.fake_application import FakeApplication
from tests.gui.test_accessibility import contrast

Settle = Callable[[], None]
OpenWindow = Callable[[FakeApplication], MainWindow]


def seen(sidebar: Sidebar) -> list[str]:
    """The rows that a person sees."""
    return [state.name for row, state in enumerate(sidebar.model.states) if not sidebar.list.isRowHidden(row)]


def menu_of(sidebar: Sidebar, name: str) -> QMenu:
    """The context menu of that row."""
    sidebar.choose(name)
    state = sidebar.current_state
    assert state is not None
    return sidebar.menu_for(state)


def entry(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if action.text().replace("&", "") == text)


def hide(sidebar: Sidebar, name: str) -> None:
    menu = menu_of(sidebar, name)
    entry(menu, "Hide from the list").trigger()


def spoken(sidebar: Sidebar, name: str) -> str:
    return str(sidebar.model.index(sidebar.model.row_of(name)).data(Qt.ItemDataRole.AccessibleTextRole))


def test_a_colour_is_chosen_in_the_menu_said_in_words_and_remembered(
    open_window: OpenWindow, application: FakeApplication
) -> None:
    sidebar = open_window(application).sidebar
    menu = menu_of(sidebar, "Customers")
    colours = entry(menu, "Colour").menu()
    assert isinstance(colours, QMenu)
    assert entry(colours, "None").isChecked()
    entry(colours, "Green").trigger()
    assert "Colour: Green" in spoken(sidebar, "Customers")
    later = open_window(application).sidebar
    assert later.marks.of("Customers") == Mark(MarkColour.GREEN)
    menu = menu_of(later, "Customers")
    colours = entry(menu, "Colour").menu()
    assert isinstance(colours, QMenu)
    assert entry(colours, "Green").isChecked()
    entry(colours, "None").trigger()
    assert "Colour" not in spoken(later, "Customers")


def test_the_colour_is_painted_beside_the_name(window: MainWindow) -> None:
    listing = window.sidebar.list
    rect = listing.visualRect(window.sidebar.model.index(window.sidebar.model.row_of("Customers")))
    place = QPoint(rect.left() + 8 + 4, rect.center().y())
    before = listing.viewport().grab().toImage().pixelColor(place).name()
    window.sidebar.marks.paint("Customers", MarkColour.BLUE)
    assert before != LIGHT.marks[MarkColour.BLUE]
    assert listing.viewport().grab().toImage().pixelColor(place).name() == LIGHT.marks[MarkColour.BLUE]


def test_what_is_hidden_is_left_out_until_a_person_looks_at_it_and_shows_it_again(
    qtbot: QtBot, open_window: OpenWindow, application: FakeApplication, settle: Settle
) -> None:
    window = open_window(application)
    sidebar = window.sidebar
    assert not sidebar.hidden_button.isVisible()
    hide(sidebar, "Contacts")
    assert "Contacts" not in seen(sidebar)
    assert sidebar.current == "Customers", "the page of what is seen is shown instead"
    assert sidebar.hidden_button.text() == "Show hidde&n (1)"
    window.refresh()
    settle()
    assert "Contacts" not in seen(sidebar)
    sidebar = open_window(application).sidebar
    assert "Contacts" not in seen(sidebar)
    qtbot.mouseClick(sidebar.hidden_button, Qt.MouseButton.LeftButton)
    row = sidebar.model.index(sidebar.model.row_of("Contacts"))
    assert row.data(LINE_ROLE) == "Hidden  ·  Switched off"
    menu = menu_of(sidebar, "Contacts")
    entry(menu, "Show in the list").trigger()
    assert not sidebar.hidden_button.isVisible()
    assert "Contacts" in seen(sidebar)
    assert sidebar.current == "Contacts"


def test_a_hidden_one_that_needs_a_person_is_not_silent(window: MainWindow) -> None:
    hide(window.sidebar, "Contacts")
    assert window.sidebar.hidden_button.toolTip() == "1 hidden"
    hide(window.sidebar, "Customers")
    assert window.sidebar.hidden_button.toolTip() == "2 hidden, needing attention: 1"
    assert window.sidebar.hidden_button.accessibleDescription() == "2 hidden, needing attention: 1"
    window.show_decisions()
    assert window.sidebar.current == "Customers"
    assert "Customers" in seen(window.sidebar)


def test_where_all_are_hidden_all_are_seen(window: MainWindow) -> None:
    for state in window.sidebar.model.states:
        window.sidebar.marks.hide(state.name)
    assert len(seen(window.sidebar)) == len(window.sidebar.model.states)
    assert not window.sidebar.hidden_button.isVisible()


def test_a_mark_goes_with_a_new_name_and_ends_with_its_configuration(window: MainWindow, settle: Settle) -> None:
    marks = window.sidebar.marks
    marks.paint("Customers", MarkColour.RED)
    window.actions_desk.ask_rename("Customers")
    dialog = window.findChild(TextEntryDialog)
    assert dialog is not None
    dialog.edits[0].setText("Clients")
    dialog.accept_button.click()
    settle()
    assert marks.of("Clients") == Mark(MarkColour.RED)
    assert marks.of("Customers") == NO_MARK
    window.actions_desk.ask_delete("Clients")
    question = window.findChild(AskDialog)
    assert question is not None
    next(button for button in question.findChildren(QPushButton) if button.text() == "&Delete").click()
    settle()
    assert marks.of("Clients") == NO_MARK


def test_a_configuration_that_went_while_the_window_was_closed_leaves_no_mark(
    open_window: OpenWindow, application: FakeApplication, memory: WindowMemory
) -> None:
    ListMarks(memory).hide("An old one")
    ListMarks(memory).hide("Contacts")
    window = open_window(application)
    assert set(window.sidebar.marks.all) == {"Contacts"}
    assert set(ListMarks(memory).all) == {"Contacts"}


@pytest.mark.parametrize("text", ["{", "[]", '{"A": 1}', '{"A": {"colour": "plaid", "hidden": 7}}'])
def test_marks_that_cannot_be_read_are_none(memory: WindowMemory, text: str) -> None:
    memory.set_text("list/marks", text)
    assert dict(ListMarks(memory).all) == {}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_all_colours_are_seen_on_the_list(colours: Colours) -> None:
    for name, colour in colours.marks.items():
        for ground in (colours.sidebar, colours.selection, colours.hover):
            assert contrast(colour, ground) >= 3, (name, ground)
