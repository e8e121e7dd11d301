"""Everything that the window told, by kind, to be read in full and copied."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_sync.ui.message_log import Message, MessageLog
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_XL, Tone
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.chips import ChipRow
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import fitting

KINDS = (Tone.NEUTRAL, Tone.WARNING, Tone.BAD)


class MessagesDialog(QDialog):
    """Follows the log while it is open. `home` is where the program keeps its data."""

    def __init__(self, theme: Theme, log: MessageLog, home: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Messages"))
        self.setAccessibleName(self.windowTitle())
        self.resize(fitting(QSize(820, 520)))
        self._log = log
        self._home = home
        self.chips = ChipRow(self.tr("Kinds of messages"), exclusive=False)
        self.chips.changed.connect(self._show)
        self.rows = ListTableModel[Message](self._columns(), self)
        self.view = ListView(self.rows, theme, self.tr("Messages, newest first"))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.selectionModel().currentRowChanged.connect(self._show_text)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setMaximumHeight(120)
        self.text.setAccessibleName(self.tr("The chosen message in full"))
        self._lay_out()
        log.told.connect(self._show)
        self._show()

    def _words(self) -> dict[Tone, str]:
        return {
            Tone.NEUTRAL: self.tr("Information"),
            Tone.WARNING: self.tr("Warning"),
            Tone.BAD: self.tr("Error"),
        }

    def _columns(self) -> tuple[Column[Message], ...]:
        words, now = self._words(), self._log.now()
        return (
            Column("at", self.tr("When"), lambda one: full_time(one.at, now), 110),
            Column("kind", self.tr("Kind"), lambda one: words[one.tone], 110, tone=lambda one: one.tone),
            Column("text", self.tr("Message"), lambda one: one.text, 480),
        )

    def _lay_out(self) -> None:
        self.copy_button = button(self.tr("&Copy all"))
        self.copy_button.clicked.connect(self.copy_all)
        folder = button(self.tr("Open the &data folder"))
        folder.clicked.connect(self._open_folder)
        folder.setEnabled(bool(self._home))
        close = button(self.tr("C&lose"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(self.tr("Messages since the program was started"), "heading"))
        layout.addWidget(self.chips)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.text)
        layout.addLayout(row(self.copy_button, folder, 0, close))

    @Slot()
    def _show(self) -> None:
        messages = self._log.messages
        words = self._words()
        counts = {kind: sum(one.tone is kind for one in messages) for kind in KINDS}
        self.chips.show_chips([(kind.name, words[kind], counts[kind]) for kind in KINDS])
        chosen = self.chips.chosen or tuple(kind.name for kind in KINDS)
        self.rows.show([one for one in messages if one.tone.name in chosen])
        self.copy_button.setEnabled(bool(self.rows.rows))
        if self.rows.rows:
            self.view.selectRow(0)
        self._show_text()

    @Slot()
    def _show_text(self) -> None:
        place = self.view.currentIndex().row()
        self.text.setPlainText(self.rows.rows[place].text if 0 <= place < len(self.rows.rows) else "")

    @Slot()
    def copy_all(self) -> None:
        """All messages of the chosen kinds come to the clipboard as text."""
        words = self._words()
        lines = [f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}\t{words[one.tone]}\t{one.text}" for one in self.rows.rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    @Slot()
    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._home))
