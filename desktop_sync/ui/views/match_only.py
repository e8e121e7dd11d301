"""The banner of a configuration that only matches, or that belongs to another ledger: why, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.binding_text import WHAT, WHY
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import BoundElsewhereError
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.widgets.message_bar import MessageBar


class MatchOnlyBanner(QWidget):
    """Hidden in the ordinary mode. `changed`: the mode is another now; `match_wanted`: a run is to match."""

    changed = Signal()
    match_wanted = Signal()
    failed = Signal(object)

    def __init__(self, context: WindowContext, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._name = name
        self.bar = MessageBar(context.theme, closable=False)
        self.match_button = self.bar.add_button(self.tr("&Match now"))
        self.confirm_button = self.bar.add_button(self.tr("&Confirm the match…"), "primary")
        self.take_over_button = self.bar.add_button(self.tr("&Take it over…"))
        self.match_button.clicked.connect(self.match_wanted)
        self.confirm_button.clicked.connect(self._ask_confirm)
        self.take_over_button.clicked.connect(self._ask_take_over)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        self.hide()

    def show_mode(self, why: MatchOnly | None, *, can_confirm: bool) -> None:
        """Why the configuration only matches, and whether a run has matched that a person can look at."""
        if why is None:
            self.hide()
            return
        self._offer(match=not can_confirm, confirm=can_confirm)
        what = self.tr("Look at Conflicts and Review, decide what you like there, then confirm.") if can_confirm else ""
        self.bar.say("\n".join(part for part in (WHY[why], WHAT, what) if part), Tone.WARNING)
        self.show()

    def show_foreign(self, error: BoundElsewhereError) -> None:
        """Another ledger has it; it can be taken over."""
        self._offer(take_over=True)
        what = self.tr("Let that program do it, or take it over: then records are only matched until you confirm.")
        self.bar.say(f"{sentence(error)}\n{what}", Tone.WARNING)
        self.show()

    def set_busy(self, is_busy: bool) -> None:
        """Nothing of this is possible while something is under way."""
        for one in (self.match_button, self.confirm_button, self.take_over_button):
            one.setEnabled(not is_busy)

    def _offer(self, *, match: bool = False, confirm: bool = False, take_over: bool = False) -> None:
        self.match_button.setVisible(match)
        self.confirm_button.setVisible(confirm)
        self.take_over_button.setVisible(take_over)

    @Slot()
    def _ask_confirm(self) -> None:
        dialog = AskDialog(
            self.tr("Confirm what was matched?"),
            self.tr(
                "From the next run on, {0} works by its rules again: records without a counterpart are created, what "
                "you left under Conflicts is decided by the rules, deletions are carried out. A preview shows it first."
            ).format(self._name),
            (("stay", self.tr("&Not yet"), ""), ("confirm", self.tr("&Confirm"), "primary")),
            self,
        )
        dialog.answered.connect(self._confirm)
        dialog.open()

    @Slot(str, bool)
    def _confirm(self, answer: str, _again: bool) -> None:
        if answer == "confirm":
            self._carry_out(partial(self._context.application.bindings.confirm_match, self._name))

    @Slot()
    def _ask_take_over(self) -> None:
        dialog = AskDialog(
            self.tr("Take {0} over?").format(self._name),
            self.tr(
                "It belongs to this ledger then, and the other one is refused from now on. Records are only matched at "
                "first: nothing is created, updated or deleted until you confirm."
            ),
            (("leave", self.tr("&Leave it"), ""), ("take", self.tr("&Take it over"), "primary")),
            self,
        )
        dialog.answered.connect(self._take_over)
        dialog.open()

    @Slot(str, bool)
    def _take_over(self, answer: str, _again: bool) -> None:
        if answer == "take":
            self._carry_out(partial(self._context.application.bindings.take_over, self._name))

    def _carry_out(self, work: Callable[[], object]) -> None:
        self.set_busy(True)
        job = self._context.jobs.start(work)
        job.finished.connect(self._done)
        job.failed.connect(self._refused)

    @Slot()
    def _done(self) -> None:
        self.set_busy(False)
        self.hide()
        self.changed.emit()

    @Slot(object)
    def _refused(self, error: object) -> None:
        self.set_busy(False)
        self.failed.emit(error)
