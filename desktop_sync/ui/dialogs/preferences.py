"""The preferences of the window. What is chosen holds at once, so that a person sees what it does."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QVBoxLayout, QWidget

from desktop_sync.ui.dialogs.history_card import HistoryCard
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_XL
from desktop_sync.ui.preferences import HIGHEST_PORT, LOWEST_PORT, MOST_STALE_DAYS, STALE_DAYS, Closing, Preferences
from desktop_sync.ui.theme import ThemeChoice
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import button, card, column, label, row
from desktop_sync.ui.widgets.screen import TallArea, fitting

WIDTH = 520


class PreferencesDialog(QDialog):
    """`changed` carries the new Preferences after each choice."""

    changed = Signal(object)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None, *, has_tray: bool = True) -> None:
        """`has_tray`: without one, what is about it cannot be chosen."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preferences"))
        self.setAccessibleName(self.windowTitle())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences = preferences
        self._make_inputs(preferences)
        self.history = HistoryCard()
        self.history.changed_size.connect(self._fit)
        self._for_tray = (self.closing, self.start, self.notify)
        for control in self._for_tray:
            control.setEnabled(has_tray)
        close = button(self.tr("&Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        cards = QWidget()
        cards.setObjectName("page")
        cards.setLayout(
            column(
                self._look_card(), self._tray_card(has_tray), self.history, self._programs_card(), 0, spacing=SPACE_L
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_L)
        layout.setSpacing(SPACE_L)
        title = label(self.windowTitle(), "title")
        layout.addWidget(title)
        layout.addWidget(TallArea(cards, 0, self.windowTitle()), 1)
        layout.addLayout(row(0, close))
        self._cards = cards
        self._around = 6 * SPACE_L + title.sizeHint().height() + close.sizeHint().height()
        self._fit()

    def _fit(self) -> None:
        """As high as what is in it, where the screen has room."""
        inside = self._cards.layout()
        if inside is not None:
            inside.activate()
            height = inside.totalHeightForWidth(WIDTH - 2 * SPACE_XL - SPACE_L)
            self.resize(fitting(QSize(WIDTH, height + self._around)))

    def _make_inputs(self, preferences: Preferences) -> None:
        self.theme: ChoiceBox[ThemeChoice] = ChoiceBox()
        self.theme.offer(
            [
                (self.tr("As the system"), ThemeChoice.SYSTEM),
                (self.tr("Light"), ThemeChoice.LIGHT),
                (self.tr("Dark"), ThemeChoice.DARK),
            ]
        )
        self.theme.choose(preferences.theme)
        self.rows: ChoiceBox[bool] = ChoiceBox()
        self.rows.offer([(self.tr("Comfortable"), False), (self.tr("Compact"), True)])
        self.rows.choose(preferences.is_compact)
        self.closing: ChoiceBox[Closing] = ChoiceBox()
        self.closing.offer(
            [
                (self.tr("Ask each time"), Closing.ASK),
                (self.tr("Keep running in the background"), Closing.BACKGROUND),
                (self.tr("Quit"), Closing.QUIT),
            ]
        )
        self.closing.choose(preferences.closing)
        for box in (self.theme, self.rows, self.closing):
            box.activated.connect(self._edited)
        self.start = QCheckBox(self.tr("&Start in the tray, without the window"))
        self.start.setChecked(preferences.starts_in_tray)
        self.notify = QCheckBox(self.tr("&Notify me when a run needs me"))
        self.notify.setChecked(preferences.notifies)
        for flag in (self.start, self.notify):
            flag.toggled.connect(self._edited)
        self.stale = QCheckBox(self.tr("&Highlight what did not run for"))
        self.stale.setChecked(preferences.stale_days > 0)
        self.stale.toggled.connect(self._edited)
        self.stale_days = NumberBox(1, MOST_STALE_DAYS)
        self.stale_days.setValue(preferences.stale_days or STALE_DAYS)
        self.stale_days.setAccessibleName(self.tr("Days without a run"))
        self.stale_days.setFixedWidth(90)
        self.stale_days.setEnabled(self.stale.isChecked())
        self.stale_days.valueChanged.connect(self._edited)
        self.listens = QCheckBox(self.tr("&Listen on port"))
        self.listens.setChecked(preferences.listens)
        self.listens.toggled.connect(self._edited)
        self.listen_port = NumberBox(LOWEST_PORT, HIGHEST_PORT)
        self.listen_port.setValue(preferences.listen_port)
        self.listen_port.setAccessibleName(self.tr("Port to listen on"))
        self.listen_port.setFixedWidth(110)
        self.listen_port.setEnabled(not preferences.listens)  # one that is listened on is first let go
        self.listen_port.valueChanged.connect(self._edited)

    def _look_card(self) -> QWidget:
        return card(
            label(self.tr("Look"), "heading"),
            row(FieldRow(self.tr("&Theme"), self.theme), FieldRow(self.tr("&Rows of tables"), self.rows)),
            row(self.stale, self.stale_days, label(self.tr("days")), 0, spacing=SPACE_M),
            spacing=SPACE_M,
        )

    def _tray_card(self, has_tray: bool) -> QWidget:
        missing = label(
            self.tr("This desktop has no tray, so the window stays or the program ends."), "caption", wraps=True
        )
        missing.setVisible(not has_tray)
        return card(
            label(self.tr("In the background"), "heading"),
            FieldRow(self.tr("When the &window is closed"), self.closing),
            self.start,
            self.notify,
            missing,
            spacing=SPACE_M,
        )

    def _programs_card(self) -> QWidget:
        self.listening = label("", "caption", wraps=True)
        self.listening.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.listening.hide()
        return card(
            label(self.tr("Other programs"), "heading"),
            label(
                self.tr("Programs of this computer may start runs and tell of changes. Nobody else can reach it."),
                "caption",
                wraps=True,
            ),
            row(self.listens, self.listen_port, 0, spacing=SPACE_M),
            self.listening,
            spacing=SPACE_M,
        )

    @Slot(str)
    def show_listening(self, words: str) -> None:
        """How it stands with other programs, in words; empty where there is nothing to say."""
        self.listening.setText(words)
        self.listening.setVisible(bool(words))
        self._fit()

    @property
    def preferences(self) -> Preferences:
        """As the inputs say."""
        before = self._preferences
        return replace(
            before,
            theme=self.theme.value or before.theme,
            is_compact=bool(self.rows.value),
            closing=before.closing if self.closing.value is None else self.closing.value,
            starts_in_tray=self.start.isChecked(),
            notifies=self.notify.isChecked(),
            stale_days=self.stale_days.value() if self.stale.isChecked() else 0,
            listens=self.listens.isChecked(),
            listen_port=self.listen_port.value(),
        )

    @Slot()
    def _edited(self) -> None:
        self.stale_days.setEnabled(self.stale.isChecked())
        self.listen_port.setEnabled(not self.listens.isChecked())
        self._preferences = self.preferences
        self.changed.emit(self._preferences)
