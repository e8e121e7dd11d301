"""A service's webhook is set up in the window, its key only ever shown while it is being made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit

from desktop_sync.core.configuration import SecretReference, Webhook
from desktop_sync.ui.dialogs.webhook import WebhookDialog
from desktop_sync.ui.main_window import MainWindow
from tests.gui.fake_application import FakeApplication
from tests.gui.test_accessibility import nameless

Settle = Callable[[], None]


@pytest.fixture
def dialog(window: MainWindow, application: FakeApplication, settle: Settle) -> WebhookDialog:
    window.sidebar.endpoints_button.click()
    settle()
    page = window.right.endpoints
    names = [row.endpoint.name for row in page.rows.rows]
    page.view.selectRow(names.index("Shop"))
    page.webhook_button.click()
    found = page.findChild(WebhookDialog)
    assert found is not None
    return found


def test_a_webhook_is_made_with_a_key_that_is_shown_once(
    window: MainWindow, dialog: WebhookDialog, application: FakeApplication, settle: Settle
) -> None:
    assert not dialog.key_row.isEnabled()
    dialog.takes.click()
    dialog.save_button.click()
    settle()
    assert "needs a key" in dialog.key_row.problem
    dialog.make.click()
    assert dialog.key.echoMode() is QLineEdit.EchoMode.Normal
    assert not dialog.key_row.problem
    dialog.structure.setText("type")
    dialog.save_button.click()
    settle()
    assert application.endpoints.all["Shop"].webhook == Webhook(SecretReference("Shop webhook"), "type", "")
    assert application.webhooks.keys == {"Shop": application.webhooks.new_key()}
    window.right.endpoints.webhook_button.click()
    again = window.right.endpoints.findChildren(WebhookDialog)[-1]
    assert again.key.text() == ""
    assert again.takes.isChecked()
    again.takes.click()
    again.save_button.click()
    settle()
    assert application.endpoints.all["Shop"].webhook is None


def test_every_control_has_a_name(dialog: WebhookDialog) -> None:
    assert nameless(dialog) == []


def test_whoever_enters_a_key_is_told_where_it_is_kept(dialog: WebhookDialog, settle: Settle) -> None:
    settle()
    said = [label.text() for label in dialog.key_row.findChildren(QLabel)]
    assert "Secrets are kept in memory only. The key is never shown again." in said
