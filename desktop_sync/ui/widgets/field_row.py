"""An input with its label above, a word of help, and what is wrong with it right below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_XS
from desktop_sync.ui.widgets.parts import label, restyle


class FieldRow(QWidget):
    """`caption` may hold a mnemonic; screen readers get it without. The input is what Alt and the letter reach."""

    def __init__(
        self, caption: str, field: QWidget, help_text: str = "", *, focus: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.field = field
        self._target = focus or field
        self._caption = label(caption, "secondary")
        self._caption.setBuddy(self._target)
        self._caption.setVisible(bool(caption))  # a check box has its words beside it
        self._help = label(help_text, "caption", wraps=True)
        self._help.setVisible(bool(help_text))
        self._problem = label("", "problem", wraps=True)
        self._problem.hide()
        self._target.setAccessibleName(plain_caption(caption))
        self._target.setAccessibleDescription(help_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_XS)
        for part in (self._caption, field, self._problem, self._help):
            layout.addWidget(part, 0, Qt.AlignmentFlag(0))

    @property
    def problem(self) -> str:
        return "" if self._problem.isHidden() else self._problem.text()

    def say(self, problem: str) -> None:
        """What is wrong with the input, or nothing."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        restyle(self._target, "problem", "true" if problem else "false")
        self._target.setAccessibleDescription(problem or self._help.text())

    def retitle(self, caption: str, placeholder_help: str) -> None:
        """Another label, and a description for screen readers; nothing else moves."""
        self._caption.setText(caption.replace("&", "&&"))
        self._caption.setVisible(bool(caption))
        self._target.setAccessibleName(caption)
        if not self.problem:
            self._target.setAccessibleDescription(placeholder_help)

    def explain(self, help_text: str) -> None:
        self._help.setText(help_text)
        self._help.setVisible(bool(help_text))


def plain_caption(caption: str) -> str:
    """The caption without its mnemonic."""
    return caption.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("*: ")
