"""What the window told can be read afterwards, by kind, and copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop_sync.core.errors import EndpointError, Place
from desktop_sync.core.run import EntityResult, Outcome, RunResult, Trigger
from desktop_sync.ui.dialogs.messages import MessagesDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.message_log import KEPT, MessageLog
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.preferences import CLOSE_CHOICE
from tests.gui.test_accessibility import nameless

Settle = Callable[[], None]
FAILED = EntityResult("customers", 10, 10, {}, 1, 1.0, problems=("CRM, record 7: the phone is too long",))


def open_messages(window: MainWindow) -> MessagesDialog:
    window.menus.messages_wanted.emit()
    (dialog,) = window.findChildren(MessagesDialog)
    return dialog


def test_runs_errors_and_news_are_kept_with_their_kind(window: MainWindow, settle: Settle) -> None:
    window.say("Customers is saved")
    window.say_error(EndpointError("the folder is not there", Place("Shop")))
    window.board.run_ended.emit("Orders", RunResult(1, "Orders", Outcome.PROBLEMS, (FAILED,)), Trigger.SCHEDULE)
    settle()
    dialog = open_messages(window)
    kinds = {(one.tone, one.text.splitlines()[0]) for one in dialog.rows.rows}
    assert (Tone.NEUTRAL, "Customers is saved") in kinds
    assert (Tone.WARNING, "Orders: Needs attention") in kinds
    assert any(tone is Tone.BAD and "the folder is not there" in text for tone, text in kinds)
    run = next(place for place, one in enumerate(dialog.rows.rows) if one.text.startswith("Orders"))
    dialog.view.selectRow(run)
    assert "the phone is too long" in dialog.text.toPlainText()
    assert nameless(dialog) == []


def test_kinds_are_chosen_with_their_counts_and_copied(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    window.say("one")
    window.say_error(EndpointError("two is gone", Place("Shop")))
    dialog = open_messages(window)
    qtbot.mouseClick(dialog.chips.chip(Tone.BAD.name), Qt.MouseButton.LeftButton)
    assert [one.tone for one in dialog.rows.rows] == [Tone.BAD]
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "two is gone" in copied
    assert "\tError\t" in copied
    assert "one" not in copied.replace("gone", "")


def test_a_message_that_comes_while_the_list_is_open_is_shown(window: MainWindow) -> None:
    dialog = open_messages(window)
    before = dialog.rows.rowCount()
    window.say("news")
    assert dialog.rows.rowCount() == before + 1
    assert dialog.text.toPlainText() == "news"


def test_only_the_last_messages_are_kept(qtbot: QtBot) -> None:
    log = MessageLog()
    for number in range(KEPT + 5):
        log.tell(str(number))
    assert len(log.messages) == KEPT
    assert log.messages[0].text == str(KEPT + 4)


def test_hidden_questions_are_counted_and_come_back(window: MainWindow, memory: WindowMemory) -> None:
    window.menus.view_menu.aboutToShow.emit()
    assert not window.menus.ask_again.isEnabled()
    memory.set_text(CLOSE_CHOICE, "quit")
    window.menus.view_menu.aboutToShow.emit()
    assert window.menus.ask_again.text().endswith("(1)")
    window.menus.ask_again.trigger()
    window.menus.view_menu.aboutToShow.emit()
    assert not window.menus.ask_again.isEnabled()


def test_the_tray_leads_to_the_messages(window: MainWindow) -> None:
    window.hide()
    window.tray.messages_action.trigger()
    assert window.isVisible()
    assert len(window.findChildren(MessagesDialog)) == 1
