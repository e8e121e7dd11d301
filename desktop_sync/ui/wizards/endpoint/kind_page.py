"""First page: what kind of system it is, and what that kind cannot do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QRadioButton, QVBoxLayout, QWidget

from desktop_sync.services.views import ProviderInfo
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.parts import label
from desktop_sync.ui.wizards.frame import WizardPage


class KindPage(WizardPage):
    """`chosen` carries a provider's name."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Kind of system"), self.tr("What kind of system do you want to connect?"), parent)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._clicked)
        self._infos: tuple[ProviderInfo, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(4, SPACE_S, 4, 4)
        self._layout.setSpacing(SPACE_M)
        self._layout.addStretch(1)

    def show_providers(self, infos: Sequence[ProviderInfo], chosen: str) -> None:
        """A card for each kind."""
        is_first = not self._infos
        if is_first:
            self._infos = tuple(infos)
            for number, info in enumerate(self._infos):
                card = self._card(number, info)
                self._layout.insertWidget(number, card)
                card.setVisible(True)  # at once and not in the next turn: what is not seen takes no focus
        for number, info in enumerate(self._infos):
            self._group.button(number).setChecked(info.name == chosen)
        if is_first and self.isVisible():
            self.enter()  # the kinds came after the page did

    def choices(self) -> tuple[QRadioButton, ...]:
        return tuple(button for button in self._group.buttons() if isinstance(button, QRadioButton))

    def enter(self) -> None:
        for button in (*self.choices(), self._group.checkedButton()):
            if button is not None and (button.isChecked() or self._group.checkedButton() is None):
                button.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _card(self, number: int, info: ProviderInfo) -> QWidget:
        frame = QFrame()
        frame.setProperty("kind", "card")
        radio = QRadioButton(info.label.replace("&", "&&"))
        radio.setIconSize(QSize(18, 18))
        radio.setAccessibleName(info.label)
        radio.setAccessibleDescription(" ".join((info.explanation, *info.limits)).strip())
        font = radio.font()
        font.setBold(True)
        radio.setFont(font)
        self._group.addButton(radio, number)
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(SPACE_S)
        layout.addWidget(radio)
        if info.explanation:
            what = label(info.explanation, wraps=True)
            what.setIndent(26)
            layout.addWidget(what)
        for sentence in info.limits:
            words = label(sentence, "caption", wraps=True)
            words.setIndent(26)
            layout.addWidget(words)
        return frame

    @Slot(int)
    def _clicked(self, number: int) -> None:
        self.chosen.emit(self._infos[number].name)
