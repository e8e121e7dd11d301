"""What holds on every page of the wizards: names, mnemonics, small screens, both schemes, the keyboard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop_sync.core.setup_flow import PAGES, Page
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.theme import Theme, ThemeChoice
from desktop_sync.ui.wizards import open_configuration_wizard, open_endpoint_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from desktop_sync.ui.wizards.frame import WizardFrame
from tests.support.shop_and_crm import Scene, customers

CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractItemView, QLineEdit)


def visible_controls(wizard: QWidget) -> list[QWidget]:
    controls = [w for w in wizard.findChildren(QWidget) if isinstance(w, CONTROLS) and w.isVisible()]
    inner = (QComboBox, QAbstractSpinBox)
    return [
        w for w in controls if not isinstance(w.parentWidget(), inner) and w.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]


def said(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


@pytest.fixture
def at_page(qtbot: QtBot, application: Any, jobs: JobRunner, settle: Callable[..., None], theme: Theme) -> Any:
    def opened(page: Page) -> ConfigurationWizard:
        wizard = open_configuration_wizard(None, application, jobs, customers())
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(wizard)
        settle(wizard)
        while wizard.setup.page is not page:
            wizard.go_next()
            settle(wizard)
        return wizard

    return opened


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(page: Page, at_page: Any) -> None:
    wizard = at_page(page)
    nameless = [type(w).__name__ for w in visible_controls(wizard) if not said(w).strip()]
    assert nameless == []


@pytest.mark.parametrize("page", PAGES)
def test_no_two_controls_of_a_page_share_a_mnemonic(page: Page, at_page: Any) -> None:
    wizard = at_page(page)
    texts = [w.text() for w in wizard.findChildren(QAbstractButton) if w.isVisible()]
    texts += [w.text() for w in wizard.findChildren(QLabel) if w.isVisible() and w.buddy() is not None]
    if page is Page.MAPPING:
        tabs = wizard.mapping_page.detail.tabs
        texts += [tabs.tabText(place) for place in range(tabs.count())]
    letters = [found[1].lower() for text in texts if (found := re.search(r"(?<!&)&([^&])", text))]
    assert [letter for letter, count in Counter(letters).items() if count > 1] == []


def test_what_keeps_one_from_going_on_is_scrolled_into_view(at_page: Any, qtbot: QtBot) -> None:
    wizard = at_page(Page.ENTITIES)
    for entity in reversed(range(len(wizard.setup.configuration.entities))):
        wizard.holder.put(wizard.setup.without_entity(entity))
    wizard.resize(QSize(910, 480))
    qtbot.waitUntil(lambda: wizard.height() <= 480)
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    findings = wizard.entities_page.findings
    area = wizard._stack.currentWidget()
    assert isinstance(area, QScrollArea)
    assert findings.texts

    def is_seen() -> bool:
        bottom = findings.mapTo(area.viewport(), findings.rect().bottomLeft()).y()
        return 0 <= bottom <= area.viewport().height()

    qtbot.waitUntil(is_seen)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_small_screen_or_scrolls_down_only(page: Page, at_page: Any, qtbot: QtBot) -> None:
    wizard = at_page(page)
    wizard.resize(QSize(910, 480))  # 1366 by 768 at 150 %, less the frame
    qtbot.waitUntil(lambda: wizard.width() <= 910 and wizard.height() <= 480)
    area = wizard._stack.currentWidget()
    assert isinstance(area, QScrollArea)
    assert area.horizontalScrollBar().maximum() == 0
    for button in wizard.buttons():
        if button.isVisible():
            assert wizard.rect().contains(button.mapTo(wizard, button.rect().bottomRight()))


@pytest.mark.parametrize("page", PAGES)
def test_text_can_be_read_in_both_schemes(page: Page, at_page: Any, theme: Theme, qtbot: QtBot) -> None:
    wizard = at_page(page)
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme.choose(choice)
        image = wizard.grab().toImage()
        corner = image.pixelColor(image.width() - 3, 3).lightness()
        assert (corner < 60) is (choice is ThemeChoice.DARK)
        lightness = [image.pixelColor(x, 30).lightness() for x in range(200, 420)]
        assert max(abs(value - corner) for value in lightness) > 120  # the title stands out


def test_the_tab_key_reaches_next_from_the_first_field(at_page: Any, qtbot: QtBot) -> None:
    wizard = at_page(Page.ENDPOINTS)
    wizard.activateWindow()
    wizard.endpoints_page.boxes[next(iter(wizard.endpoints_page.boxes))].setFocus()
    for _ in range(40):
        focused = wizard.focusWidget()
        if focused is wizard.next_button:
            break
        qtbot.keyClick(focused or wizard, Qt.Key.Key_Tab)
    assert wizard.focusWidget() is wizard.next_button


def test_escape_closes_without_saving(at_page: Any, scene: Scene, qtbot: QtBot) -> None:
    wizard = at_page(Page.SUMMARY)
    qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    assert not wizard.isVisible()
    assert scene.configurations.list() == ()


def test_the_endpoint_form_names_its_controls(
    qtbot: QtBot, scene: Scene, application: Any, jobs: JobRunner, theme: Theme
) -> None:
    wizard: WizardFrame = open_endpoint_wizard(None, application, jobs, scene.endpoints.get("CRM"))
    wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(wizard)
    qtbot.waitUntil(lambda: wizard.next_button.isEnabled())
    assert [type(w).__name__ for w in visible_controls(wizard) if not said(w).strip()] == []
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert wizard.height() <= area.height()
