"""One or two lines of text, with what is wrong shown beside the field."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_L, SPACE_S, SPACE_XL
from desktop_sync.ui.widgets.parts import button, label, restyle, row


class TextEntryDialog(QDialog):
    """`fields` are (label with mnemonic, first value). `check` gives a sentence for each field, empty where it is good.

    `entered` carries the tuple of texts.
    """

    entered = Signal(object)

    def __init__(
        self,
        title: str,
        fields: Sequence[tuple[str, str]],
        accept_text: str,
        check: Callable[[tuple[str, ...]], tuple[str, ...]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(420)
        self._check = check
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_S)
        layout.addWidget(label(title, "heading"))
        layout.addSpacing(SPACE_S)
        self.edits: list[QLineEdit] = []
        self.problems = []
        for shown, value in fields:
            edit = QLineEdit(value)
            edit.setAccessibleName(shown.replace("&", ""))
            edit.textChanged.connect(self._look)
            caption = label(shown, "secondary")
            caption.setBuddy(edit)
            wrong = label("", "problem", wraps=True)
            wrong.hide()
            layout.addWidget(caption)
            layout.addWidget(edit)
            layout.addWidget(wrong)
            self.edits.append(edit)
            self.problems.append(wrong)
        layout.addSpacing(SPACE_L)
        cancel = button(self.tr("&Cancel"))
        cancel.clicked.connect(self.reject)
        self.accept_button = button(accept_text, "primary")
        self.accept_button.setDefault(True)
        self.accept_button.clicked.connect(self._enter)
        layout.addLayout(row(0, cancel, self.accept_button))
        self.edits[0].selectAll()
        self._look()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(edit.text().strip() for edit in self.edits)

    @Slot()
    def _look(self) -> None:
        wrong = self._check(self.texts)
        for edit, shown, text in zip(self.edits, self.problems, wrong, strict=True):
            tells = bool(text) and edit.isModified()
            shown.setText(text)
            shown.setVisible(tells)
            restyle(edit, "problem", "true" if tells else "false")
        self.accept_button.setEnabled(not any(wrong))

    @Slot()
    def _enter(self) -> None:
        self.entered.emit(self.texts)
        self.accept()
