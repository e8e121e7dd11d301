"""Which entities follow changes as soon as they are seen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop_sync.core.configuration import Entity, RealTime, SyncConfiguration
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.parts import label


class RealTimeBox(QWidget):
    """A line for each entity. `changed` follows a person's choice."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices: dict[str, ChoiceBox[RealTime]] = {}
        self.costs: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_M)
        self._grid.setVerticalSpacing(SPACE_S)
        self._grid.setColumnStretch(2, 1)

    def fill(self, configuration: SyncConfiguration) -> None:
        """The lines are those of the configuration's entities."""
        if list(self.choices) != [entity.name for entity in configuration.entities]:
            self._make_lines(configuration)
        for entity in configuration.entities:
            self.choices[entity.name].choose(entity.real_time)
            self.costs[entity.name].setText(self._cost(configuration, entity))

    def entered(self) -> Mapping[str, RealTime]:
        return {name: choice.value or RealTime.OFF for name, choice in self.choices.items()}

    def _make_lines(self, configuration: SyncConfiguration) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.choices.clear()
        self.costs.clear()
        for number, entity in enumerate(configuration.entities):
            choice: ChoiceBox[RealTime] = ChoiceBox(self.tr("{0}: in real time").format(entity.name))
            choice.offer(
                [
                    (self.tr("Off"), RealTime.OFF),
                    (self.tr("Put changes into the queue"), RealTime.PREPARE),
                    (self.tr("Carry changes over"), RealTime.PREPARE_AND_PROCESS),
                ]
            )
            choice.setMinimumContentsLength(20)
            choice.activated.connect(self.changed)
            self.choices[entity.name] = choice
            self._grid.addWidget(label(entity.name), number, 0)
            self._grid.addWidget(choice, number, 1)
            cost = label("", "caption", wraps=True)
            cost.setMinimumWidth(160)
            self.costs[entity.name] = cost
            self._grid.addWidget(cost, number, 2)

    def _cost(self, configuration: SyncConfiguration, entity: Entity) -> str:
        """What a change makes it read."""
        sides = ((entity.modified.a, configuration.a), (entity.modified.b, configuration.b))
        whole = [name for stamp, name in sides if not stamp]
        if not whole:
            return self.tr("Only what was modified is read.")
        return self.tr("After each change in {0} all of it is compared.").format(self.tr(" and ").join(whole))
