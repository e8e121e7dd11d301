"""The menu bar: File, View, Run, Help."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from desktop_sync.ui.bridge.run_board import WhenDone
from desktop_sync.ui.theme import ThemeChoice


class MenuBar(QObject):
    """Its signals say what is wanted; the window does it."""

    new_wanted = Signal()
    new_endpoint_wanted = Signal()
    import_wanted = Signal()
    export_wanted = Signal()
    preferences_wanted = Signal()
    close_wanted = Signal()
    quit_wanted = Signal()
    refresh_wanted = Signal()
    preview_wanted = Signal()
    run_wanted = Signal()
    verify_wanted = Signal()
    stop_wanted = Signal()
    pause_wanted = Signal()
    when_done_wanted = Signal(object)
    sample_wanted = Signal()
    ask_again_wanted = Signal()
    messages_wanted = Signal()
    about_wanted = Signal()
    theme_chosen = Signal(object)
    list_wanted = Signal(bool)
    endpoints_wanted = Signal()

    def __init__(self, window: QMainWindow, choice: ThemeChoice) -> None:
        super().__init__(window)
        self._window = window
        self._needs_application: list[QAction] = []
        self._needs_choice: list[QAction] = []
        bar = window.menuBar()
        bar.setAccessibleName(self.tr("Menu bar"))
        self._file(bar.addMenu(self.tr("&File")))
        self._view(bar.addMenu(self.tr("&View")), choice)
        self._run(bar.addMenu(self.tr("&Run")))
        self._help(bar.addMenu(self.tr("&Help")))
        self.enable(has_application=False, has_choice=False, is_running=False)

    def enable_pause(self, *, can_pause: bool, is_pausing: bool) -> None:
        """Whether what is under way can be paused, and whether it is."""
        self.pause_action.setEnabled(can_pause)
        self.pause_action.setText(self.tr("Contin&ue") if is_pausing else self.tr("Pa&use"))

    def enable(self, *, has_application: bool, has_choice: bool, is_running: bool) -> None:
        """Entries that cannot do anything now are disabled."""
        for action in self._needs_application:
            action.setEnabled(has_application)
        for action in self._needs_choice:
            action.setEnabled(has_choice and not is_running)
        self.stop_action.setEnabled(has_choice and is_running)
        self.done_menu.setEnabled(has_choice and is_running)

    def show_wish(self, when_done: WhenDone) -> None:
        """That is what will be done at the end of what is under way."""
        self.wishes[when_done].setChecked(True)

    def show_theme(self, choice: ThemeChoice) -> None:
        """That one is ticked."""
        self.themes[choice].setChecked(True)

    def show_hidden(self, count: int) -> None:
        """How many questions a person chose not to see again."""
        text = self.tr("&Ask hidden questions again ({0})").format(count) if count else self.tr("No hidden questions")
        self.ask_again.setText(text)
        self.ask_again.setEnabled(count > 0)

    def _add(self, menu: QMenu, text: str, shortcut: str | QKeySequence.StandardKey = "") -> QAction:
        action = menu.addAction(text)
        if shortcut != "":
            action.setShortcut(QKeySequence(shortcut))
        return action

    def _file(self, menu: QMenu) -> None:
        new = self._add(menu, self.tr("&New synchronization…"), QKeySequence.StandardKey.New)
        new.triggered.connect(self.new_wanted)
        endpoint = self._add(menu, self.tr("New &endpoint…"), "Ctrl+Shift+N")
        endpoint.triggered.connect(self.new_endpoint_wanted)
        menu.addSeparator()
        importing = self._add(menu, self.tr("&Import…"), "Ctrl+I")
        importing.triggered.connect(self.import_wanted)
        exporting = self._add(menu, self.tr("E&xport all…"), "Ctrl+Shift+S")
        exporting.triggered.connect(self.export_wanted)
        self._needs_application += [new, endpoint, importing, exporting]
        menu.addSeparator()
        self._add(menu, self.tr("&Preferences…"), "Ctrl+,").triggered.connect(self.preferences_wanted)
        menu.addSeparator()
        self._add(menu, self.tr("&Close window"), "Ctrl+W").triggered.connect(self.close_wanted)
        self._add(menu, self.tr("&Quit"), "Ctrl+Q").triggered.connect(self.quit_wanted)

    def _view(self, menu: QMenu, choice: ThemeChoice) -> None:
        theme = menu.addMenu(self.tr("&Theme"))
        group = QActionGroup(self)
        texts = {
            ThemeChoice.SYSTEM: self.tr("As the &system"),
            ThemeChoice.LIGHT: self.tr("&Light"),
            ThemeChoice.DARK: self.tr("&Dark"),
        }
        self.themes: dict[ThemeChoice, QAction] = {}
        for which, text in texts.items():
            action = theme.addAction(text)
            action.setCheckable(True)
            action.setChecked(which is choice)
            action.setData(which.value)
            group.addAction(action)
            action.triggered.connect(self._theme)
            self.themes[which] = action
        self.list_action = self._add(menu, self.tr("&List of synchronizations"), "F9")
        self.list_action.setCheckable(True)
        self.list_action.toggled.connect(self.list_wanted)
        endpoints = self._add(menu, self.tr("&Endpoints"), "Ctrl+Shift+E")
        endpoints.triggered.connect(self.endpoints_wanted)
        refresh = self._add(menu, self.tr("&Refresh"), "F5")
        refresh.triggered.connect(self.refresh_wanted)
        self._add(menu, self.tr("&Messages…"), "Ctrl+L").triggered.connect(self.messages_wanted)
        menu.addSeparator()
        self.ask_again = self._add(menu, self.tr("&Ask hidden questions again"))
        self.ask_again.triggered.connect(self.ask_again_wanted)
        self.view_menu = menu
        self._needs_application += [refresh, endpoints]

    def _run(self, menu: QMenu) -> None:
        preview = self._add(menu, self.tr("&Preview"), "Ctrl+P")
        preview.triggered.connect(self.preview_wanted)
        run = self._add(menu, self.tr("&Sync now"), "Ctrl+R")
        run.triggered.connect(self.run_wanted)
        verify = self._add(menu, self.tr("&Verify that both sides agree"))
        verify.triggered.connect(self.verify_wanted)
        menu.addSeparator()
        self.pause_action = self._add(menu, self.tr("Pa&use"), "Ctrl+Shift+.")
        self.pause_action.triggered.connect(self.pause_wanted)
        self.stop_action = self._add(menu, self.tr("S&top"), "Ctrl+.")
        self.stop_action.triggered.connect(self.stop_wanted)
        self.done_menu = menu.addMenu(self.tr("When it is &done"))
        group = QActionGroup(self)
        self.wishes: dict[WhenDone, QAction] = {}
        for wish, text in (
            (WhenDone.NOTHING, self.tr("&Nothing")),
            (WhenDone.TELL, self.tr("&Tell me")),
            (WhenDone.QUIT, self.tr("&Quit, where all went well")),
        ):
            action = self.done_menu.addAction(text)
            action.setCheckable(True)
            action.setData(wish.value)
            action.triggered.connect(self._wish)
            group.addAction(action)
            self.wishes[wish] = action
        self._needs_choice += [preview, run, verify]

    def _help(self, menu: QMenu) -> None:
        sample = self._add(menu, self.tr("Open the &sample project"))
        sample.triggered.connect(self.sample_wanted)
        self._needs_application.append(sample)
        self._add(menu, self.tr("&About Desktop Sync")).triggered.connect(self.about_wanted)

    @Slot()
    def _wish(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.when_done_wanted.emit(WhenDone(action.data()))

    @Slot()
    def _theme(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.theme_chosen.emit(ThemeChoice(action.data()))
