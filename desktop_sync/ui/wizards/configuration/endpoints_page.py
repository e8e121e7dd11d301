"""First page: the name, and the two endpoints."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Endpoint, Side
from desktop_sync.core.finding import Level
from desktop_sync.core.setup_flow import Page
from desktop_sync.services.views import ProviderInfo
from desktop_sync.ui.palette import SPACE_L, SPACE_S
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.wizards.configuration.holder import SetupHolder
from desktop_sync.ui.wizards.frame import WizardPage


class EndpointsPage(WizardPage):
    """`new_wanted` carries the side for which a new endpoint is to be made."""

    new_wanted = Signal(object)

    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Endpoints"), self.tr("Which two systems hold records that should be the same?"), parent
        )
        self._holder = holder
        self._endpoints: tuple[Endpoint, ...] = ()
        self._infos: dict[str, ProviderInfo] = {}
        self._touched = False
        self.name_edit = QLineEdit()
        self.name_row = FieldRow(self.tr("N&ame *"), self.name_edit, self.tr("For example “Customers”."))
        self.name_edit.textEdited.connect(self._name_edited)
        self.boxes: dict[Side, ChoiceBox[str]] = {}
        self.rows: dict[Side, FieldRow] = {}
        self.new_buttons = {
            Side.A: button(self.tr("New endpoint…"), name=self.tr("New first endpoint")),
            Side.B: button(self.tr("New endpoint…"), name=self.tr("New second endpoint")),
        }
        self._limits = {side: label("", "caption", wraps=True) for side in Side}
        self.new_buttons[Side.A].clicked.connect(self._new_a)
        self.new_buttons[Side.B].clicked.connect(self._new_b)
        grid = QGridLayout()
        grid.setSpacing(SPACE_L)
        captions = {Side.A: self.tr("&First endpoint *"), Side.B: self.tr("S&econd endpoint *")}
        for place, side in enumerate(Side):
            box: ChoiceBox[str] = ChoiceBox()
            box.setPlaceholderText(self.tr("Choose…"))
            box.activated.connect(self._chosen)
            self.boxes[side] = box
            self.rows[side] = FieldRow(captions[side], box)
            made = card(self.rows[side], row(self.new_buttons[side], 0), self._limits[side], 0)
            grid.addWidget(made, 0, place)
            grid.setColumnStretch(place, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, SPACE_S, 4, 4)
        layout.setSpacing(SPACE_L)
        layout.addLayout(grid)
        layout.addWidget(self.name_row)
        layout.addStretch(1)
        holder.changed.connect(self.refresh)

    def show_endpoints(self, endpoints: tuple[Endpoint, ...], infos: tuple[ProviderInfo, ...]) -> None:
        self._endpoints = endpoints
        self._infos = {info.name: info for info in infos}
        for box in self.boxes.values():
            box.offer([(self._title(endpoint), endpoint.name) for endpoint in endpoints])
        if self.isVisible() and not self._touched:
            self.enter()  # the endpoints came after the page did: what is missing now is something else
        else:
            self.refresh()

    def enter(self) -> None:
        self.refresh()
        target: QWidget = self.name_edit
        for side in reversed(tuple(Side)):
            if not self._holder.name(side):
                target = self.boxes[side] if self._endpoints else self.new_buttons[side]
        target.setFocus(Qt.FocusReason.TabFocusReason)

    def show_problems(self) -> None:
        """All that is missing is said, whether it was touched or not."""
        self._touched = True
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        setup = self._holder.setup
        if self.name_edit.text().strip() != setup.configuration.name:
            self.name_edit.setText(setup.configuration.name)
        errors = {f.path: f.message for f in setup.findings(Page.ENDPOINTS) if f.level is Level.ERROR}
        has_name = bool(setup.configuration.name) or self._touched
        self.name_row.say(errors.get("name", "") if has_name else "")
        for side, box in self.boxes.items():
            name = setup.configuration.endpoint_of(side)
            box.choose(name)
            self.rows[side].say(errors.get(side.value, "") if self._touched else "")
            endpoint = next((item for item in self._endpoints if item.name == name), None)
            info = self._infos.get(endpoint.provider) if endpoint is not None else None
            self._limits[side].setText("\n".join(f"•  {limit}" for limit in info.limits) if info is not None else "")

    def _title(self, endpoint: Endpoint) -> str:
        info = self._infos.get(endpoint.provider)
        return f"{endpoint.name}   ({info.label if info is not None else endpoint.provider})"

    @Slot()
    def _name_edited(self) -> None:
        self._touched = True
        self._holder.change(lambda setup: setup.named(self.name_edit.text()))

    @Slot()
    def _chosen(self) -> None:
        for side, box in self.boxes.items():
            chosen = box.value
            if chosen is not None and chosen != self._holder.name(side):
                self._holder.put(self._holder.setup.with_endpoint(side, chosen))

    @Slot()
    def _new_a(self) -> None:
        self.new_wanted.emit(Side.A)

    @Slot()
    def _new_b(self) -> None:
        self.new_wanted.emit(Side.B)
