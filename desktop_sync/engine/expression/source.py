"""The text of an expression together with the place that an error about it names."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.errors import NOWHERE, ExpressionError, Place


@dataclass(frozen=True, slots=True)
class Source:
    """An expression as the user wrote it, the place it belongs to and the setting that holds it."""

    text: str
    place: Place = NOWHERE
    path: str = ""

    def error(self, problem: str, position: int | None = None) -> ExpressionError:
        """An ExpressionError about this text; `position` is a 0-based offset into it."""
        return ExpressionError(problem, self.text, position, self.place, self.path)
