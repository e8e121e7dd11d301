"""What a person marked in the list of synchronizations: a colour, and what is hidden. It is about the window only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.palette import MarkColour

_KEY = "list/marks"


@dataclass(frozen=True, slots=True)
class Mark:
    """`colour` is None where there is none."""

    colour: MarkColour | None = None
    is_hidden: bool = False


NO_MARK = Mark()


class ListMarks(QObject):
    """Marks by the configuration's name, remembered from start to start. `changed` comes after each change."""

    changed = Signal()

    def __init__(self, memory: WindowMemory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self._marks = _read(memory.text(_KEY))

    def of(self, name: str) -> Mark:
        return self._marks.get(name, NO_MARK)

    @property
    def all(self) -> Mapping[str, Mark]:
        return self._marks

    def paint(self, name: str, colour: MarkColour | None) -> None:
        """The configuration has that colour from now on, or none."""
        self._set(name, replace(self.of(name), colour=colour))

    def hide(self, name: str, is_hidden: bool = True) -> None:
        """The configuration is hidden from now on, or seen again."""
        self._set(name, replace(self.of(name), is_hidden=is_hidden))

    @Slot(str, str)
    def rename(self, name: str, new_name: str) -> None:
        """What was marked stays marked under its new name."""
        if name in self._marks:
            self._marks[new_name] = self._marks.pop(name)
            self._keep()

    def forget_all_but(self, names: Iterable[str]) -> None:
        """Another configuration that gets the name of one that is gone begins without a mark."""
        kept = {name: self._marks[name] for name in names if name in self._marks}
        if len(kept) < len(self._marks):
            self._marks = kept
            self._keep()

    @Slot(str)
    def forget(self, name: str) -> None:
        self._set(name, NO_MARK)

    def _set(self, name: str, mark: Mark) -> None:
        if mark == self.of(name):
            return
        if mark == NO_MARK:
            del self._marks[name]
        else:
            self._marks[name] = mark
        self._keep()

    def _keep(self) -> None:
        said = {
            name: {"colour": mark.colour.value if mark.colour else "", "hidden": mark.is_hidden}
            for name, mark in sorted(self._marks.items())
        }
        self._memory.set_text(_KEY, json.dumps(said) if said else "")
        self.changed.emit()


def _read(text: str) -> dict[str, Mark]:
    """What cannot be read counts as not marked."""
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(said, dict):
        return {}
    marks = {name: _mark(entry) for name, entry in said.items() if isinstance(entry, dict)}
    return {name: mark for name, mark in marks.items() if mark != NO_MARK}


def _mark(entry: dict[object, object]) -> Mark:
    colour = next((one for one in MarkColour if one.value == entry.get("colour")), None)
    return Mark(colour, entry.get("hidden") is True)
