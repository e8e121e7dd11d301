"""The left side of the window: the configurations, and the way to the endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu, QSizePolicy, QVBoxLayout, QWidget

from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.list_marks import ListMarks
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, MarkColour, Tone
from desktop_sync.ui.text.words import mark_word
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_list import ConfigurationDelegate, ConfigurationListModel, state_icon
from desktop_sync.ui.widgets.parts import label, line, row, tool_button


class Sidebar(QWidget):
    """`chosen` comes when a person, or `choose`, picks a configuration. The other signals carry its name."""

    chosen = Signal(str)
    new_wanted = Signal()
    endpoints_wanted = Signal()
    rename_wanted = Signal(str)
    duplicate_wanted = Signal(str)
    enable_wanted = Signal(str, bool)
    export_wanted = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self, theme: Theme, marks: ListMarks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.marks = marks
        marks.setParent(self)
        marks.changed.connect(self._show_marks)
        self._has_states = False
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(220)
        self.setMaximumWidth(420)
        self._theme = theme
        self.model = ConfigurationListModel(self)
        self.list = QListView()
        self.list.setObjectName("configurations")
        self.list.setAccessibleName(self.tr("Synchronizations"))
        self.list.setModel(self.model)
        self.list.setItemDelegate(ConfigurationDelegate(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self.new_button = tool_button("", "icon", tip=self.tr("New synchronization"))
        self.new_button.clicked.connect(self.new_wanted)
        self.endpoints_button = tool_button(self.tr("&Endpoints"), "nav", checkable=True)
        self.endpoints_button.setText(f" {self.endpoints_button.text()}")  # the style leaves the icon hardly any room
        self.endpoints_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.endpoints_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.endpoints_button.clicked.connect(self._show_endpoints)
        self.hidden_button = tool_button("", "nav", checkable=True)
        self.hidden_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.hidden_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hidden_button.toggled.connect(self._show_marks)
        self.hidden_button.hide()
        self._lay_out()
        self._make_actions()
        theme.changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE_M, 0, SPACE_S)
        layout.setSpacing(SPACE_S)
        head = row(SPACE_L, label(self.tr("Synchronizations"), "section"), 0, self.new_button, SPACE_S, spacing=0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        layout.addLayout(row(SPACE_S, self.hidden_button, SPACE_S, spacing=0))
        layout.addWidget(line())
        layout.addLayout(row(SPACE_S, self.endpoints_button, SPACE_S, spacing=0))

    def _make_actions(self) -> None:
        self._rename = self._action(self.tr("&Rename…"), "F2")
        self._duplicate = self._action(self.tr("D&uplicate…"), "")
        self._enable = self._action(self.tr("&Switch off"), "")
        self._export = self._action(self.tr("&Export…"), "")
        self._hide = self._action(self.tr("&Hide from the list"), "")
        self._hide.triggered.connect(self._toggle_hidden)
        self._delete = self._action(self.tr("&Delete…"), "Del")
        self._rename.triggered.connect(self._ask_rename)
        self._duplicate.triggered.connect(self._ask_duplicate)
        self._enable.triggered.connect(self._ask_enable)
        self._export.triggered.connect(self._ask_export)
        self._delete.triggered.connect(self._ask_delete)

    def _action(self, text: str, shortcut: str) -> QAction:
        action = QAction(text, self.list)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.list.addAction(action)
        return action

    # What the window says

    def show_states(self, states: Sequence[ConfigurationState]) -> None:
        """The list is that; what was chosen stays chosen if it is still there, else the first one is."""
        before = self.current
        if not self._has_states:
            self.marks.forget_all_but([state.name for state in states])
            self._has_states = True
        self.model.show(states)
        self._show_marks()
        if self.current != before and not self.endpoints_button.isChecked():
            self.choose(before if self.model.row_of(before) >= 0 else self.first_seen)

    def begin_at(self, name: str) -> None:
        """That one is current where it is there and seen, else the first one that is."""
        row_number = self.model.row_of(name)
        self.choose(name if row_number >= 0 and not self.list.isRowHidden(row_number) else self.first_seen)

    @property
    def first_seen(self) -> str:
        """The first configuration that is not hidden; the first one where all are; empty where there is none."""
        states = self.model.states
        seen = next((row for row in range(len(states)) if not self.list.isRowHidden(row)), 0)
        return states[seen].name if states else ""

    @Slot()
    def _show_marks(self) -> None:
        """Colours are painted, and what is hidden is left out, unless a person looks at that too or all are."""
        self.model.show_marks(self.marks.all)
        states = self.model.states
        hidden = [state for state in states if self.marks.of(state.name).is_hidden]
        shows_all = self.hidden_button.isChecked() or len(hidden) == len(states)
        for row_number, state in enumerate(states):
            self.list.setRowHidden(row_number, state in hidden and not shows_all)
        self.hidden_button.setVisible(0 < len(hidden) < len(states))
        needy = sum(state_icon(state)[1] in (Tone.WARNING, Tone.BAD) for state in hidden)
        self.hidden_button.setText(self.tr("Show hidde&n ({0})").format(len(hidden)))
        said = self.tr("{0} hidden").format(len(hidden))
        if needy:
            said = self.tr("{0}, needing attention: {1}").format(said, needy)
        self.hidden_button.setToolTip(said)
        self.hidden_button.setAccessibleName(self.hidden_button.text().replace("&", ""))
        self.hidden_button.setAccessibleDescription(said)
        colours = self._theme.colours
        icon = self._theme.icon("alert", colours.tone(Tone.WARNING)) if needy else self._theme.icon("preview")
        self.hidden_button.setIcon(icon)

    def highlight(self, stale_days: int) -> None:
        """What did not run for so many days is highlighted; with 0, nothing is."""
        self.model.highlight(stale_days)

    def show_running(self, progress: Mapping[str, ProgressState]) -> None:
        self.model.show_running(progress)

    @property
    def current(self) -> str:
        """The chosen configuration, or empty."""
        state = self.current_state
        return state.name if state is not None else ""

    @property
    def current_state(self) -> ConfigurationState | None:
        index = self.list.currentIndex()
        return self.model.states[index.row()] if index.isValid() else None

    def choose(self, name: str) -> None:
        """That one is current. Where it is hidden, what is hidden is shown: it was asked for by other ways."""
        row_number = self.model.row_of(name)
        if row_number >= 0:
            if self.list.isRowHidden(row_number):
                self.hidden_button.setChecked(True)
            self.list.setCurrentIndex(self.model.index(row_number))

    # What the person does

    @Slot()
    def _current_changed(self) -> None:
        name = self.current
        if name:
            self.endpoints_button.setChecked(False)
            self.chosen.emit(name)

    @Slot()
    def _show_endpoints(self) -> None:
        self.endpoints_button.setChecked(True)
        self.list.selectionModel().setCurrentIndex(self.model.index(-1), QItemSelectionModel.SelectionFlag.Clear)
        self.endpoints_wanted.emit()

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        state = self.current_state
        if state is not None and self.list.indexAt(at).isValid():
            menu = self.menu_for(state)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(at))

    def menu_for(self, state: ConfigurationState) -> QMenu:
        """What can be done with the current one."""
        self._enable.setText(self.tr("&Switch off") if state.is_enabled else self.tr("&Switch on"))
        menu = QMenu(self)
        is_hidden = self.marks.of(state.name).is_hidden
        self._hide.setText(self.tr("S&how in the list") if is_hidden else self.tr("&Hide from the list"))
        menu.addActions([self._rename, self._duplicate, self._enable, self._export])
        menu.addSeparator()
        menu.addMenu(self._colour_menu(menu, state.name))
        menu.addAction(self._hide)
        menu.addSeparator()
        menu.addAction(self._delete)
        return menu

    def _colour_menu(self, parent: QMenu, name: str) -> QMenu:
        menu = QMenu(self.tr("&Colour"), parent)
        group = QActionGroup(menu)
        chosen = self.marks.of(name).colour
        for colour in (None, *MarkColour):
            action = menu.addAction(self.tr("None") if colour is None else mark_word(colour))
            tint = self._theme.colours.text if colour is None else self._theme.colours.marks[colour]
            if colour is chosen or colour is not None:  # with icons, a menu shows no tick of its own
                action.setIcon(self._theme.icon("check" if colour is chosen else "dot", tint))
            action.setCheckable(True)
            action.setChecked(colour is chosen)
            action.triggered.connect(partial(self.marks.paint, name, colour))
            group.addAction(action)
        return menu

    @Slot()
    def _toggle_hidden(self) -> None:
        """Another one is chosen where the one that was is no more seen."""
        name = self.current
        if not name:
            return
        self.marks.hide(name, not self.marks.of(name).is_hidden)
        if self.list.isRowHidden(self.model.row_of(name)):
            self.choose(self.first_seen)

    @Slot()
    def _ask_rename(self) -> None:
        if self.current:
            self.rename_wanted.emit(self.current)

    @Slot()
    def _ask_duplicate(self) -> None:
        if self.current:
            self.duplicate_wanted.emit(self.current)

    @Slot()
    def _ask_enable(self) -> None:
        state = self.current_state
        if state is not None:
            self.enable_wanted.emit(state.name, not state.is_enabled)

    @Slot()
    def _ask_export(self) -> None:
        if self.current:
            self.export_wanted.emit(self.current)

    @Slot()
    def _ask_delete(self) -> None:
        if self.current:
            self.delete_wanted.emit(self.current)

    @Slot()
    def _dress(self) -> None:
        self.new_button.setIcon(self._theme.icon("plus"))
        self.endpoints_button.setIcon(self._theme.icon("endpoints"))
        for nav in (self.endpoints_button, self.hidden_button):
            nav.setIconSize(QSize(18, 18))
        self._show_marks()
        self.list.viewport().update()
