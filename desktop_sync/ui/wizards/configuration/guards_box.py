"""The limits that stop a run before it writes."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from desktop_sync.core.configuration import GuardLimits
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import label


class _Limit(QWidget):
    """A limit that can be switched off: a box, and a number with its unit."""

    changed = Signal()

    def __init__(self, text: str, suffix: str, largest: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QCheckBox(text)
        self.number = NumberBox(0, largest)
        self.number.setSuffix(suffix)
        self.number.setFixedWidth(150)
        self.number.setAccessibleName(text)
        self.box.toggled.connect(self._toggled)
        self.number.valueChanged.connect(self._edited)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.number)

    @property
    def value(self) -> int | None:
        return self.number.value() if self.box.isChecked() else None

    def show_value(self, value: int | None) -> None:
        self.box.blockSignals(True)
        self.number.blockSignals(True)
        self.box.setChecked(value is not None)
        if value is not None:
            self.number.setValue(value)
        self.number.setEnabled(value is not None)
        self.box.blockSignals(False)
        self.number.blockSignals(False)

    @Slot(bool)
    def _toggled(self, is_on: bool) -> None:
        self.number.setEnabled(is_on)
        self.changed.emit()

    @Slot()
    def _edited(self) -> None:
        self.changed.emit()


class GuardsBox(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = GuardLimits()
        percent = self.tr(" %")
        self.deletes_share = _Limit(self.tr("It would delete more than this share of the records"), percent, 100)
        self.deletes_number = _Limit(self.tr("It would delete more records than"), "", 10_000_000)
        self.creates = _Limit(self.tr("It would create more than this share (not in the first run)"), percent, 100)
        self.updates = _Limit(self.tr("It would change more than this share (not in the first run)"), percent, 100)
        self.shrunk = _Limit(self.tr("A side has shrunk to this share of what it held"), percent, 100)
        self.empty_side = QCheckBox(self.tr("A side reads empty although records were linked there"))
        self.all_changed = QCheckBox(self.tr("Every record has changed at once"))
        self.identity = QCheckBox(self.tr("It is another database, folder or service than last time"))
        self.edited = QCheckBox(self.tr("The mapping or a filter was edited: deletions wait in the first run"))
        self.older_state = QCheckBox(self.tr("A side was put back to an older state: ask about what it tells"))
        self.write_loop = QCheckBox(self.tr("Two programs overwrite a record in turn: stop it and ask"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        for limit in (self.deletes_share, self.deletes_number, self.creates, self.updates, self.shrunk):
            limit.changed.connect(self.changed)
            layout.addWidget(limit)
        for box in (self.empty_side, self.all_changed, self.identity):
            box.toggled.connect(self._toggled)
            layout.addWidget(box)
        layout.addSpacing(SPACE_M)
        layout.addWidget(label(self.tr("Single records wait while the others go on"), "secondary"))
        for box in (self.edited, self.older_state, self.write_loop):
            box.toggled.connect(self._toggled)
            layout.addWidget(box)

    @property
    def guards(self) -> GuardLimits:
        shown = self._shown
        return GuardLimits(
            deletes_share=_share(self.deletes_share.value, shown.deletes_share),
            deletes_number=self.deletes_number.value,
            empty_side=self.empty_side.isChecked(),
            shrunk_share=_share(self.shrunk.value, shown.shrunk_share),
            creates_share=_share(self.creates.value, shown.creates_share),
            updates_share=_share(self.updates.value, shown.updates_share),
            all_changed=self.all_changed.isChecked(),
            identity=self.identity.isChecked(),
            edited=self.edited.isChecked(),
            older_state=self.older_state.isChecked(),
            write_loop=self.write_loop.isChecked(),
        )

    def show_guards(self, guards: GuardLimits) -> None:
        if guards == self.guards:
            return
        self._shown = guards
        for limit, share in (
            (self.deletes_share, guards.deletes_share),
            (self.creates, guards.creates_share),
            (self.updates, guards.updates_share),
            (self.shrunk, guards.shrunk_share),
        ):
            limit.show_value(None if share is None else _percent(share))
        self.deletes_number.show_value(guards.deletes_number)
        for box, is_on in (
            (self.empty_side, guards.empty_side),
            (self.all_changed, guards.all_changed),
            (self.identity, guards.identity),
            (self.edited, guards.edited),
            (self.older_state, guards.older_state),
            (self.write_loop, guards.write_loop),
        ):
            box.blockSignals(True)
            box.setChecked(is_on)
            box.blockSignals(False)

    @Slot(bool)
    def _toggled(self, is_on: bool) -> None:
        self.changed.emit()


def _percent(share: float) -> int:
    return round(share * 100)


def _share(percent: int | None, shown: float | None) -> float | None:
    """The share that was shown where nobody changed its number: a file may say it finer than whole per cents."""
    if percent is None:
        return None
    return shown if shown is not None and _percent(shown) == percent else percent / 100
