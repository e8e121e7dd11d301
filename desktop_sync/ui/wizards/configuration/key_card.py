"""By which fields a record is known, where the system itself does not say it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from desktop_sync.core.configuration import Entity, PerSide, Side
from desktop_sync.core.structure import Structure
from desktop_sync.ui.palette import SPACE_L, Tone
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import column, label, row
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.notice import Notice

Key = tuple[str, ...]


def is_open(entity: Entity, structure: Structure | None, side: Side) -> bool:
    """Whether a person may say it: an id that is only proposed, or none, or one that was named before."""
    if structure is None:
        return bool(entity.key.of(side))
    proposed = (field.is_typed for field in structure.fields if field.name in structure.key)
    return bool(entity.key.of(side)) or not structure.key or not all(proposed)


class KeyCard(QFrame):
    """`edited` carries the id fields of both sides after a choice. Hidden where both systems declare them."""

    edited = Signal(object)

    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self.setProperty("kind", "card")
        self.boxes: dict[Side, ChoiceBox[Key]] = {side: ChoiceBox() for side in Side}
        self.rows = {side: FieldRow("", box) for side, box in self.boxes.items()}
        for box in self.boxes.values():
            box.activated.connect(self._chosen)
        ids = row(*self.rows.values(), spacing=SPACE_L)
        words = self.tr(
            "The pairs are remembered by it. Choose a field that is different in every record and stays what it is: a "
            "record with another id is another record."
        )
        heading = label(self.tr("What a record is known by"), "strong")
        self.changed_note = Notice()
        self._first: dict[str, PerSide[Key]] = {}
        self.setLayout(column(heading, label(words, "caption", wraps=True), ids, self.changed_note, margins=SPACE_L))

    def show_entity(self, entity: Entity) -> None:
        """The choices are those of the entity's structures."""
        shown = False
        before = self._first.setdefault(entity.name, entity.key)
        for side, box in self.boxes.items():
            structure, key = self._holder.structure(side), entity.key.of(side)
            self.rows[side].setVisible(is_open(entity, structure, side))
            shown = shown or is_open(entity, structure, side)
            self.rows[side].retitle(self.tr("Id of a record in {0}").format(self._holder.name(side)), "")
            items: list[tuple[str, Key]] = [(self._unnamed(entity, structure, side), ())]
            items += [(name, (name,)) for name in (structure.field_names if structure is not None else ())]
            offered = {value for _, value in items}
            named = dict.fromkeys((before.of(side), key))  # also several fields together, which a file can say
            items += [(", ".join(one), one) for one in named if one not in offered]
            box.offer(items)
            box.choose(key)
        self.setVisible(shown)
        text = self.tr(
            "To a synchronization that has run, records with other ids are others. Match them anew after saving."
        )
        is_other = bool(self._holder.setup.original) and entity.key != before
        self.changed_note.say(text if is_other else "", Tone.WARNING)

    def _unnamed(self, entity: Entity, structure: Structure | None, side: Side) -> str:
        """What is taken where nobody names a field."""
        if structure is not None and structure.key:
            return self.tr("(as found: {0})").format(", ".join(structure.key))
        names = [mapping.field_of(side) for mapping in entity.identifying if mapping.field_of(side)]
        return self.tr("(what identifies it: {0})").format(", ".join(names)) if names else self.tr("(choose)")

    @Slot()
    def _chosen(self) -> None:
        self.edited.emit(PerSide(self.boxes[Side.A].value or (), self.boxes[Side.B].value or ()))
