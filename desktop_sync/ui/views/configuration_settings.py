"""What a configuration does, in sentences, what is wrong with it, and the way to change it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLayout, QMenu, QVBoxLayout, QWidget

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.configuration_text import paragraphs
from desktop_sync.services.views import Finding, Level
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.palette import SPACE_L, SPACE_S, Tone
from desktop_sync.ui.text.plain import tooltip
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.widgets.flow_layout import FlowLayout
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.page_scroll import PageScroll
from desktop_sync.ui.widgets.paragraphs import Paragraphs
from desktop_sync.ui.widgets.parts import button, card, label, row

Said = tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[Finding, ...]]


def _say(application: Application, configuration: SyncConfiguration) -> Said:
    return paragraphs(configuration), application.configurations.check(configuration)


class ConfigurationSettingsPage(PageScroll):
    """The buttons say what is wanted; the window does it."""

    edit_wanted = Signal()
    rename_wanted = Signal()
    export_wanted = Signal()
    delete_wanted = Signal()
    enable_wanted = Signal(bool)
    swap_wanted = Signal(str, str)
    """Carries the names of the two systems."""
    reset_wanted = Signal(str)
    """Carries the entity whose records are to be matched anew."""

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._enabled = True
        self._systems = ("", "")
        self.setAccessibleName(self.tr("Settings"))
        self.message = MessageBar(context.theme)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(SPACE_S)
        self.sentences = Paragraphs()
        self.edit_button = button(self.tr("Change in the &wizard…"), "primary")
        self.edit_button.clicked.connect(self.edit_wanted)
        self.rename_button = button(self.tr("&Rename…"))
        self.rename_button.clicked.connect(self.rename_wanted)
        self.export_button = button(self.tr("E&xport…"))
        self.export_button.clicked.connect(self.export_wanted)
        self.enable_button = button(self.tr("&Switch off"))
        self.enable_button.clicked.connect(self._switch)
        self.swap_button = button(self.tr("S&wap sides…"))
        self.swap_button.clicked.connect(self._ask_swap)
        self.reset_button = button(self.tr("&Match anew…"))
        self.reset_button.setToolTip(self.tr("Forget which records are pairs, and match them anew with the next run"))
        self.reset_button.clicked.connect(self._choose_entity)
        self.reset_menu = QMenu(self)
        self.reset_menu.setAccessibleName(self.tr("Whose records are to be matched anew"))
        self.reset_menu.triggered.connect(self._reset)
        self.delete_button = button(self.tr("&Delete…"), "danger")
        self.delete_button.clicked.connect(self.delete_wanted)
        self._version = label("", "caption")
        self._lay_out()
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show)
        self._read.failed.connect(self._failed)

    def _lay_out(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, SPACE_L, 0, SPACE_L)
        layout.setSpacing(SPACE_L)
        layout.addWidget(self.message)
        layout.addLayout(self._findings)
        head = row(label(self.tr("What it does"), "heading"), 0, self._version, self.edit_button, spacing=SPACE_L)
        layout.addWidget(card(head, self.sentences, spacing=SPACE_S))
        layout.addWidget(
            card(
                label(self.tr("This synchronization"), "heading"),
                self._deeds(),
            )
        )
        layout.addStretch(1)
        self.setWidget(page)

    def _deeds(self) -> QHBoxLayout:
        """In one line where there is room; what cannot be taken back stands apart."""
        flow = FlowLayout(spacing=SPACE_S)
        for deed in (self.rename_button, self.export_button, self.enable_button, self.reset_button, self.swap_button):
            flow.addWidget(deed)
        deeds = QHBoxLayout()
        deeds.setSpacing(SPACE_S)
        deeds.addLayout(flow, 1)
        deeds.addWidget(self.delete_button, 0, Qt.AlignmentFlag.AlignBottom)
        return deeds

    def show_content(self, content: PageContent) -> None:
        configuration = content.configuration
        self._enabled = configuration.enabled
        self._systems = (configuration.a, configuration.b)
        self._offer_swap(has_run=bool(content.runs))
        text = self.tr("&Switch off") if configuration.enabled else self.tr("&Switch on")
        self.enable_button.setText(text)
        self.enable_button.setAccessibleName(text.replace("&", ""))
        self.reset_menu.clear()
        for entity in configuration.entities:
            self.reset_menu.addAction(entity.name.replace("&", "&&")).setData(entity.name)
        self.reset_button.setEnabled(bool(configuration.entities))
        self._version.setText(self.tr("Version {0}").format(configuration.version))
        self._read.ask(partial(_say, self._context.application, configuration))

    @Slot()
    def _switch(self) -> None:
        self.enable_wanted.emit(not self._enabled)

    def _offer_swap(self, *, has_run: bool) -> None:
        """Until the first run; a preview is none."""
        a, b = self._systems
        said = self.tr("Show {1} first and {0} second").format(a, b)
        if has_run:
            said = self.tr("It has run, and what is known of its pairs is kept by side")
        self.swap_button.setEnabled(not has_run)
        self.swap_button.setToolTip(tooltip(said))
        self.swap_button.setAccessibleDescription(said)

    @Slot()
    def _ask_swap(self) -> None:
        self.swap_wanted.emit(*self._systems)

    @Slot()
    def _choose_entity(self) -> None:
        """Where there is one entity, it is that."""
        actions = self.reset_menu.actions()
        if len(actions) == 1:
            actions[0].trigger()
        else:
            self.reset_menu.popup(self.reset_button.mapToGlobal(self.reset_button.rect().bottomLeft()))

    @Slot(QAction)
    def _reset(self, action: QAction) -> None:
        self.reset_wanted.emit(action.data())

    @Slot(object)
    def _show(self, said: Said) -> None:
        about, findings = said
        self.message.clear()
        self.sentences.show_paragraphs(about)
        _empty(self._findings)
        for finding in findings:
            bar = MessageBar(self._context.theme)
            tone = {Level.ERROR: Tone.BAD, Level.WARNING: Tone.WARNING, Level.NOTE: Tone.NEUTRAL}[finding.level]
            bar.say(f"{finding.entity}: {finding.message}" if finding.entity else finding.message, tone)
            self._findings.addWidget(bar)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))


def _empty(layout: QLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
