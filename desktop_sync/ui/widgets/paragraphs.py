"""Sentences under headings, each line to be read whole and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.parts import label

SENTENCE_WIDTH = 420
"""Pixels: else the least height of a sentence is that of a narrow column."""


class Paragraphs(QWidget):
    """Lines are kept from one text to the next, so that nothing flickers while a person types elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[QLabel] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE_S)

    @property
    def text(self) -> str:
        return "\n".join(line.text() for line in self._lines if not line.isHidden())

    def show_paragraphs(self, paragraphs: Sequence[tuple[str, Sequence[str]]]) -> None:
        """(heading, sentences) in that order; where none has a heading of its own, nothing is titled."""
        wanted: list[tuple[str, str]] = []
        is_titled = any(heading for heading, _ in paragraphs)
        for heading, sentences in paragraphs:
            wanted += [(heading or self.tr("All of it"), "section")] if is_titled else []
            wanted += [(sentence, "") for sentence in sentences]
        if [line.property("kind") or "" for line in self._lines] != [kind for _, kind in wanted]:
            self._make([kind for _, kind in wanted])
        for line, (text, _) in zip(self._lines, wanted, strict=True):
            line.setText(text)

    def _make(self, kinds: Sequence[str]) -> None:
        for line in self._lines:
            self._layout.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []
        for place, kind in enumerate(kinds):
            line = label("", kind, wraps=True, selectable=True)
            line.setMinimumWidth(SENTENCE_WIDTH)
            if kind and place:
                line.setContentsMargins(0, SPACE_M, 0, 0)
            self._lines.append(line)
            self._layout.addWidget(line)
