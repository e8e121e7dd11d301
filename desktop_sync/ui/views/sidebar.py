"""The left side of the window: the configurations, and the way to the endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu, QSizePolicy, QVBoxLayout, QWidget

from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_list import ConfigurationDelegate, ConfigurationListModel
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

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self.endpoints_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.endpoints_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.endpoints_button.clicked.connect(self._show_endpoints)
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
        layout.addWidget(line())
        layout.addLayout(row(SPACE_S, self.endpoints_button, SPACE_S, spacing=0))

    def _make_actions(self) -> None:
        self._rename = self._action(self.tr("&Rename…"), "F2")
        self._duplicate = self._action(self.tr("D&uplicate…"), "")
        self._enable = self._action(self.tr("&Switch off"), "")
        self._export = self._action(self.tr("&Export…"), "")
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
        self.model.show(states)
        if self.current != before and not self.endpoints_button.isChecked():
            self.choose(before if self.model.row_of(before) >= 0 else states[0].name if states else "")

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
        row_number = self.model.row_of(name)
        if row_number >= 0:
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
        if state is None or not self.list.indexAt(at).isValid():
            return
        self._enable.setText(self.tr("&Switch off") if state.is_enabled else self.tr("&Switch on"))
        menu = QMenu(self)
        menu.addActions([self._rename, self._duplicate, self._enable, self._export])
        menu.addSeparator()
        menu.addAction(self._delete)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list.viewport().mapToGlobal(at))

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
        self.endpoints_button.setIconSize(QSize(18, 18))
        self.list.viewport().update()
