"""A question with named answers. Opened, never executed; the answer comes as a signal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_M, SPACE_S, SPACE_XL
from desktop_sync.ui.widgets.parts import button, label


class AskDialog(QDialog):
    """`answers` are (key, text, kind); the first is what Enter does. Esc and closing answer with an empty key."""

    answered = Signal(str, bool)

    def __init__(
        self,
        title: str,
        text: str,
        answers: Sequence[tuple[str, str, str]],
        parent: QWidget | None = None,
        *,
        again: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._key = ""
        self._again = QCheckBox(again)
        self._again.setVisible(bool(again))
        self._again.setAccessibleName(again.replace("&", "") or self.tr("Do not ask again"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(title, "heading"))
        body = label(text, "secondary", wraps=True)
        body.setMinimumWidth(400)
        body.setMaximumWidth(520)
        layout.addWidget(body)
        layout.addWidget(self._again)
        layout.addSpacing(SPACE_S)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addStretch(1)
        first: QWidget = self
        for key, shown, kind in reversed(answers):
            made = button(shown, kind)
            made.setObjectName(key)
            made.setDefault(key == answers[0][0])
            made.clicked.connect(self._answer)
            buttons.addWidget(made)
            if key == answers[0][0]:
                first = made
        layout.addLayout(buttons)
        self.setAccessibleName(title)
        self.finished.connect(self._say)
        first.setFocus()

    @Slot()
    def _answer(self) -> None:
        clicked = self.sender()
        if isinstance(clicked, QPushButton):
            self._key = clicked.objectName()
        self.accept()

    @Slot()
    def _say(self) -> None:
        self.answered.emit(self._key, self._again.isChecked())
