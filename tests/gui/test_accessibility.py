"""Every control says what it is, to eyes, ears and keyboards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction, QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop_sync.ui.dialogs.about import AboutDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.palette import DARK, LIGHT, Colours, Tone
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.explanation import ExplanationDialog
from desktop_sync.ui.views.step_dialog import StepDialog
from tests.gui import test_accessibility_tree

Settle = Callable[[], None]
CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, QTabWidget, QAbstractSpinBox)


def nameless(root: QWidget) -> list[str]:
    """Controls whose accessible name is empty; parts that Qt itself puts into its widgets are Qt's."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        own = not widget.objectName().startswith("qt_") and "lineedit" not in widget.objectName().lower()
        if isinstance(widget, CONTROLS) and own and not _is_inner(widget):
            interface = QAccessible.queryAccessibleInterface(widget)
            if interface is not None and not interface.text(QAccessible.Text.Name).strip():
                found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    return found


def _is_inner(widget: QWidget) -> bool:
    parent = widget.parent()
    if isinstance(parent, (QAbstractSpinBox, QComboBox, QLineEdit)):
        return True
    kinds = ("QTabBar", "QComboBoxPrivateContainer", "QStatusBar", "PagedView", "ListView", "QMenuBar")
    return parent is not None and parent.metaObject().className() in kinds


def test_no_control_of_any_page_is_nameless(window: MainWindow, page: ConfigurationPage, settle: Settle) -> None:
    for key in page.pages:
        page.open_tab(key)
        settle()
    page.start_preview()
    settle()
    assert page.preview_page is not None
    assert nameless(window) == []


def test_the_tree_of_pages_with_decisions_and_of_every_kind_of_step_has_names(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    window.sidebar.marks.hide("Contacts")
    for key in ("overview", "queue", "conflicts", "review", "runs"):
        page.open_tab(key)
        settle()
        assert test_accessibility_tree.nameless(window) == [], key
    page.open_tab("steps")
    settle()
    menu = page.steps.add_button.menu()
    for action in [one for one in menu.actions() if not one.isSeparator()]:
        action.trigger()
        settle()
        [dialog] = [one for one in window.findChildren(StepDialog) if one.isVisible()]
        assert test_accessibility_tree.nameless(dialog) == [], action.text()
        dialog.done(0)
        settle()


def test_a_nameless_control_would_be_found(window: MainWindow) -> None:
    QPushButton("", window)
    assert len(nameless(window)) == 1


def test_every_push_button_of_a_page_has_a_mnemonic(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    for key in page.pages:
        page.open_tab(key)
        settle()
    exempt = {"Keep the CRM values", "Keep the Shop values"}  # they are named by the systems
    without = [
        button.text()
        for button in window.findChildren(QPushButton)
        if button.text() and "&" not in button.text() and button.text() not in exempt
    ]
    assert without == []


def test_dialogs_have_names_and_close_with_escape(window: MainWindow, settle: Settle) -> None:
    window.extras.show_about()
    window.actions_desk.ask_delete("Customers")
    window.actions_desk.ask_rename("Customers")
    dialogs = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
    assert len(dialogs) == 3
    assert any(isinstance(dialog, AboutDialog) for dialog in dialogs)
    for dialog in dialogs:
        assert dialog.accessibleName()
        assert nameless(dialog) == []
        dialog.reject()
        assert not dialog.isVisible()


def luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    made = QColor(colour)
    return 0.2126 * linear(made.redF()) + 0.7152 * linear(made.greenF()) + 0.0722 * linear(made.blueF())


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_pairs(c: Colours) -> Iterator[tuple[str, str, str, float]]:
    for ground in (c.window, c.sidebar, c.surface, c.selection, c.raised):
        yield "text", c.text, ground, 7
        yield "secondary", c.secondary, ground, 4.5
    for ground in (c.window, c.surface, c.raised):
        yield "disabled", c.disabled, ground, 3
        yield "link", c.link, ground, 4.5
    for tone in Tone:
        yield f"badge {tone.value}", c.soft[tone][1], c.soft[tone][0], 4.5
        for ground in (c.surface, c.selection):
            yield f"figure {tone.value}", c.soft[tone][1], ground, 4.5
    yield "accent button", c.on_accent, c.accent, 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_all_text_is_readable(colours: Colours) -> None:
    weak = [
        (name, round(contrast(fore, ground), 2), fore, ground)
        for name, fore, ground, least in text_pairs(colours)
        if contrast(fore, ground) < least
    ]
    assert weak == []


def test_no_key_of_the_menu_bar_is_one_of_a_page_too(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    page.start_preview()
    settle()
    own = {action for menu in window.menuBar().actions() for action in menu.menu().actions()}
    taken = {key.toString() for action in own for key in action.shortcuts()}
    others = [action for action in window.findChildren(QAction) if action not in own]
    twice = {key.toString() for action in others for key in action.shortcuts()} & taken
    assert twice == set(), "Qt carries out neither of two that have one key"


def test_ctrl_e_explains_the_record_under_the_cursor(
    qtbot: QtBot, window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    page.open_tab("queue")
    settle()
    window.activateWindow()
    view = page.queue.area.view
    view.selectRow(0)
    view.setFocus()
    settle()
    qtbot.keyClick(view, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = next(one for one in page.queue.findChildren(QDialog) if isinstance(one, ExplanationDialog))
    settle()
    dialog.close()
