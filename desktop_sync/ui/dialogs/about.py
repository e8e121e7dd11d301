"""What this program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from desktop_sync import __version__
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_XL
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.parts import button, column, label, row


class AboutDialog(QDialog):
    def __init__(self, theme: Theme, home: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Desktop Sync"))
        self.setAccessibleName(self.windowTitle())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        picture = QLabel()
        picture.setPixmap(theme.pixmap("desktop-sync", size=56))
        picture.setAccessibleName(self.tr("Desktop Sync"))
        text = label(
            self.tr(
                "Keeps records in two systems the same: databases and files, on your own machine, "
                "with a preview before and a history after. No record passes through anybody's cloud."
            ),
            wraps=True,
        )
        text.setFixedWidth(360)
        close = button(self.tr("&Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_L)
        words = column(
            label(self.tr("Desktop Sync"), "title"),
            label(self.tr("Version {0}").format(__version__), "secondary", selectable=True),
            text,
            label(self.tr("Your definitions and history are kept in {0}").format(home), "caption", selectable=True),
            spacing=SPACE_M,
        )
        body = row(words, spacing=SPACE_L)
        body.insertWidget(0, picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(body)
        layout.addLayout(row(0, close))
