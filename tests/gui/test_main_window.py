"""The main window, used as a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import AuthenticationError, Place
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.unattended import Due
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog
from desktop_sync.ui.dialogs.verification import VerificationDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.theme import Theme, ThemeChoice
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.runs import RunsPage
from tests.gui.fake_application import NOW, FakeApplication

Settle = Callable[[], None]
OpenWindow = Callable[[FakeApplication], MainWindow]


def names(window: MainWindow) -> list[str]:
    return [state.name for state in window.sidebar.model.states]


def test_an_empty_home_says_what_to_do_next(open_window: OpenWindow, tmp_path: Path, settle: Settle) -> None:
    window = open_window(FakeApplication(tmp_path))
    assert window.right.currentWidget() is window.right.empty
    texts = [label.text() for label in window.right.empty.findChildren(QLabel)]
    assert "Nothing is synchronized yet" in texts


def test_the_sample_project_is_one_click_away(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, settle: Settle
) -> None:
    window = open_window(FakeApplication(tmp_path))
    sample = next(
        button for button in window.right.empty.findChildren(QPushButton) if "sample" in button.accessibleName()
    )
    qtbot.mouseClick(sample, Qt.MouseButton.LeftButton)
    settle()
    assert window.sidebar.current == "Customers"
    assert window.current_page is not None


def test_the_list_says_state_and_last_run_also_to_a_screen_reader(window: MainWindow) -> None:
    assert names(window) == ["Customers", "Orders archive", "Contacts", "Price list"]
    spoken = window.sidebar.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "CRM ⇄ Shop" in spoken
    assert "Needs attention" in spoken
    assert window.sidebar.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole).endswith("Switched off")


def test_a_run_shows_progress_and_what_came_of_it(
    qtbot: QtBot, page: ConfigurationPage, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.gate.clear()
    qtbot.mouseClick(page.header.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Reading customers" in page.progress._title.text(), timeout=5000)
    assert not page.header.run_button.isEnabled()
    assert "1,800 of 5,000" in page.progress._figures.text()
    application.synchronization.gate.set()
    settle()
    assert page.progress.isHidden()
    assert page.message.text == "Done. Both sides are the same."
    assert page.header.run_button.isEnabled()


def test_stop_is_acknowledged_at_once_and_is_no_error(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.gate.clear()
    page.start_run()
    qtbot.waitUntil(lambda: page.progress.isVisible(), timeout=5000)
    qtbot.mouseClick(page.progress.stop_button, Qt.MouseButton.LeftButton)
    assert page.progress._title.text() == "Stop requested…"
    assert not page.progress.stop_button.isEnabled()
    settle()
    assert page.message.text == "Stopped. Nothing more is written."


def test_the_same_configuration_is_not_started_twice(
    page: ConfigurationPage, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.gate.clear()
    assert window.board.run("Customers")
    assert not window.board.carry_out(Due("Customers", RunKind.RUN, Trigger.SCHEDULE, NOW))
    assert not window.board.preview("Customers")
    application.synchronization.gate.set()
    settle()
    assert len(application.synchronization.started) == 1


def test_an_error_is_a_sentence_on_the_page_with_what_to_do(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_error = AuthenticationError("the password is wrong", Place("CRM"))
    page.start_run()
    settle()
    assert page.message.text.startswith("CRM: the password is wrong.")
    assert len(page.message.text) > len("CRM: the password is wrong.")


def test_a_guard_says_that_nothing_was_written_and_leads_to_the_plan(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    finding = GuardFinding(Guard.EMPTY_SIDE, "customers", Side.B, 0, 1279, 1)
    application.synchronization.next_findings = (finding,)
    page.start_run()
    settle()
    assert page.message.text.startswith("Nothing was written.")
    qtbot.mouseClick(page.message.guard_button, Qt.MouseButton.LeftButton)
    settle()
    assert page.preview_page is not None
    assert "Shop" in page.preview_page.guards.text


def test_the_first_run_of_a_configuration_shows_its_preview(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    window.sidebar.choose("Price list")
    settle()
    page = window.current_page
    assert page is not None
    page.start_run()
    settle()
    assert application.synchronization.started == []
    assert page.preview_page is not None


def test_the_first_run_after_an_edit_shows_its_preview_with_what_waits(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    edited = application.configurations.all["Customers"]
    application.configurations.all["Customers"] = replace(edited, version=edited.version + 1)
    application.synchronization.next_notes = ("customers: 14 deletions wait for the next run.",)
    page.refresh()
    settle()
    page.start_run()
    settle()
    assert application.synchronization.started == []
    assert page.preview_page is not None
    assert page.preview_page.notes.text == "customers: 14 deletions wait for the next run."


def test_an_edit_needs_no_preview_where_that_guard_is_off(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    edited = application.configurations.all["Customers"]
    guards = replace(edited.guards, edited=False)
    application.configurations.all["Customers"] = replace(edited, version=edited.version + 1, guards=guards)
    page.refresh()
    settle()
    page.start_run()
    settle()
    assert len(application.synchronization.started) == 1


def test_what_a_run_tells_stands_above_the_page(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_notes = ("The clock of Shop jumped back by 1 h.",)
    page.start_run()
    settle()
    assert page.message.text == "Done.\nThe clock of Shop jumped back by 1 h."
    page.open_tab("runs")
    settle()
    runs = page.pages["runs"]
    assert isinstance(runs, RunsPage)
    assert runs.said.text == "The clock of Shop jumped back by 1 h."


def test_renaming_refuses_a_name_that_is_taken_beside_the_field(
    qtbot: QtBot, window: MainWindow, settle: Settle
) -> None:
    window.actions_desk.ask_rename("Customers")
    dialog = window.findChild(TextEntryDialog)
    assert dialog is not None
    dialog.edits[0].clear()
    qtbot.keyClicks(dialog.edits[0], "Contacts")
    assert not dialog.problems[0].isHidden()
    assert not dialog.accept_button.isEnabled()
    dialog.edits[0].clear()
    qtbot.keyClicks(dialog.edits[0], "Clients")
    assert dialog.problems[0].isHidden()
    qtbot.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    settle()
    assert "Clients" in names(window)
    assert window.sidebar.current == "Clients"


def test_a_duplicate_is_switched_off(window: MainWindow, settle: Settle, application: FakeApplication) -> None:
    window.actions_desk.ask_duplicate("Customers")
    dialog = window.findChild(TextEntryDialog)
    assert dialog is not None
    dialog.accept_button.click()
    settle()
    copy = application.configurations.get("Customers copy")
    assert not copy.enabled
    assert copy.entities == application.configurations.get("Customers").entities


def test_matching_anew_asks_says_what_it_means_and_keeps_the_pairs_by_default(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    configurations = application.configurations
    page = window.right.currentWidget()
    assert isinstance(page, ConfigurationPage)
    page.open_tab("settings")
    settle()
    entities = [one.name for one in configurations.get(page.name).entities]
    assert [action.data() for action in page.settings.reset_menu.actions()] == entities
    asked = []
    for answer in ("", "keep", "reset"):
        page.settings.reset_menu.actions()[0].trigger()
        dialog = next(dialog for dialog in window.findChildren(AskDialog) if dialog.isVisible())
        said = " ".join(one.text() for one in dialog.findChildren(QLabel))
        assert f"Match the records of {entities[0]} anew?" in said
        assert "Nothing is written to either system now." in said
        buttons = {one.objectName(): one for one in dialog.findChildren(QPushButton)}
        assert buttons["keep"].isDefault()
        if answer:
            qtbot.mouseClick(buttons[answer], Qt.MouseButton.LeftButton)
        else:
            dialog.close()
        settle()
        asked.append(list(configurations.reset))
    assert asked == [[], [], [(page.name, entities[0])]]


def test_deleting_asks_and_keeps_by_default(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    window.actions_desk.ask_delete("Contacts")
    dialog = window.findChild(AskDialog)
    assert dialog is not None
    dialog.close()
    settle()
    assert "Contacts" in application.configurations.all
    window.actions_desk.ask_delete("Contacts")
    dialog = next(dialog for dialog in window.findChildren(AskDialog) if dialog.isVisible())
    delete = next(button for button in dialog.findChildren(QPushButton) if button.objectName() == "delete")
    assert not delete.isDefault()
    qtbot.mouseClick(delete, Qt.MouseButton.LeftButton)
    settle()
    assert "Contacts" not in application.configurations.all
    assert "Contacts" not in names(window)


def test_switching_off_is_seen_in_the_list(window: MainWindow, settle: Settle, application: FakeApplication) -> None:
    window.actions_desk.enable("Customers", False)
    settle()
    assert not application.configurations.get("Customers").enabled
    assert "Switched off" in window.sidebar.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_sides_can_be_swapped_until_the_first_run_after_a_question(
    qtbot: QtBot, window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("settings")
    settle()
    assert not page.settings.swap_button.isEnabled()
    assert page.settings.swap_button.accessibleDescription().startswith("It has run")
    window.sidebar.choose("Price list")
    settle()
    fresh = window.current_page
    assert fresh is not None
    fresh.start_preview()
    settle()
    fresh.open_tab("settings")
    settle()
    qtbot.mouseClick(fresh.settings.swap_button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(AskDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Swap ERP and Shop in Price list?"
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "&Swap").click()
    settle()
    kept = application.configurations.get("Price list")
    assert (kept.a, kept.b) == ("Shop", "ERP")
    assert window.statusBar().currentMessage() == "Shop comes first now, then ERP"
    later = window.current_page
    assert later is not None
    assert later is not fresh, "its pages name the sides in the new order, and the preview is gone"
    assert later.preview_page is None


def test_an_import_says_which_passwords_are_missing(window: MainWindow, settle: Settle, tmp_path: Path) -> None:
    path = tmp_path / "definitions.toml"
    path.write_text("format = 1", encoding="utf-8")
    window.actions_desk.import_from(str(path))
    settle()
    assert "CRM password" in window.statusBar().currentMessage()


def test_an_import_of_nonsense_is_a_sentence(window: MainWindow, settle: Settle, tmp_path: Path) -> None:
    path = tmp_path / "definitions.toml"
    path.write_text("nonsense", encoding="utf-8")
    window.actions_desk.import_from(str(path))
    settle()
    assert "not a Desktop Sync configuration" in window.statusBar().currentMessage()


def test_an_export_is_a_file(window: MainWindow, settle: Settle, tmp_path: Path) -> None:
    window.actions_desk._name = "Customers"
    window.actions_desk.export(str(tmp_path / "out.toml"))
    settle()
    assert (tmp_path / "out.toml").read_text(encoding="utf-8").endswith("Customers")


def test_the_endpoints_are_listed_with_what_uses_them_and_can_be_tested(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    qtbot.mouseClick(window.sidebar.endpoints_button, Qt.MouseButton.LeftButton)
    settle()
    rows = window.right.endpoints.rows.rows
    assert {row.endpoint.name: row.used_by for row in rows}["Warehouse"] == ("Orders archive",)
    assert all("SecretReference" not in row.where for row in rows)
    qtbot.mouseClick(window.right.endpoints.test_button, Qt.MouseButton.LeftButton)
    settle()
    assert window.right.endpoints.message.text.startswith("CRM answers: 2 structures, 10,404 records")
    application.endpoints.refuses = True
    qtbot.mouseClick(window.right.endpoints.test_button, Qt.MouseButton.LeftButton)
    settle()
    assert "the folder is not there" in window.right.endpoints.message.text


def test_an_endpoint_in_use_is_not_deleted(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    window.sidebar._show_endpoints()
    settle()
    qtbot.mouseClick(window.right.endpoints.delete_button, Qt.MouseButton.LeftButton)
    assert "is used by" in window.right.endpoints.message.text
    assert window.right.endpoints.findChild(AskDialog) is None


def test_a_verification_is_shown_with_its_figures(window: MainWindow, page: ConfigurationPage, settle: Settle) -> None:
    window.work.verify()
    settle()
    assert window.findChild(VerificationDialog) is not None


def test_the_theme_changes_without_a_restart_and_is_remembered(
    window: MainWindow, theme: Theme, memory: WindowMemory
) -> None:
    light = theme.colours
    window.menus.themes[ThemeChoice.DARK].trigger()
    assert theme.colours.is_dark
    assert theme.colours is not light
    assert memory.text("window/theme") == "dark"
    window.menus.themes[ThemeChoice.LIGHT].trigger()
    assert theme.colours is light


def test_closing_without_a_tray_quits_at_once_when_nothing_runs(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.tray.is_there
    with qtbot.waitSignal(window.quit_wanted, timeout=5000):
        window.close()


def test_closing_while_something_runs_asks_first(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.gate.clear()
    window.board.run("Customers")
    with qtbot.assertNotEmitted(window.quit_wanted):
        window.close()
    dialog = window.findChild(AskDialog)
    assert dialog is not None
    assert window.isVisible()
    dialog.close()
    application.synchronization.gate.set()
    settle()


def test_the_chosen_configuration_and_the_splitter_are_remembered(
    open_window: OpenWindow, application: FakeApplication, settle: Settle
) -> None:
    first = open_window(application)
    first.sidebar.choose("Orders archive")
    first.splitter.setSizes([333, 1000])
    first.remember()
    width = first.splitter.sizes()[0]
    second = open_window(application)
    assert second.sidebar.current == "Orders archive"
    assert second.splitter.sizes()[0] == width


def test_a_small_screen_is_enough(window: MainWindow, page: ConfigurationPage, settle: Settle) -> None:
    for key in page.pages:
        page.open_tab(key)
        settle()
        assert window.minimumSizeHint().width() <= 1366
        assert window.minimumSizeHint().height() <= 740


def test_opening_that_fails_says_why(qtbot: QtBot, window: MainWindow) -> None:
    from desktop_sync.core.errors import LedgerError

    window.show_opening_error(LedgerError("it is locked", "ledger.sqlite"))
    assert not window.sidebar.isEnabled(), "there is nothing that its buttons could do"
    assert "ledger.sqlite" in window.right.opening._text.text()


def test_a_run_is_paused_and_goes_on(
    window: MainWindow, page: ConfigurationPage, application: FakeApplication, qtbot: QtBot, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    window.board.run("Customers")
    qtbot.waitUntil(lambda: page.progress.isVisible() and page.progress.pause_button.isVisible())
    page.progress.pause_button.click()
    qtbot.waitUntil(lambda: page.progress._title.text().startswith("Paused"))
    assert page.progress._figures.text() == "1,800 of 5,000"
    assert page.progress.pause_button.text() == "Contin&ue"
    assert window.menus.pause_action.text() == "Contin&ue"
    window.menus.pause_action.trigger()
    qtbot.waitUntil(lambda: page.progress._title.text().startswith("Synchronizing"))
    page.progress.pause_button.click()
    qtbot.waitUntil(lambda: page.progress._title.text().startswith("Paused"))
    page.progress.stop_button.click()  # also while it is paused
    settle()
    assert window.board.active == ()
