"""What a page says about the run that just ended, with the way to what a person can do about it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import PipelineStep
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import guard_sentence, records
from desktop_sync.ui.text.step_words import open_step_text
from desktop_sync.ui.text.times import counted
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.widgets.message_bar import MessageBar

_WAITING = (Action.CONFLICT, Action.REVIEW)
SHOWN_NOTES = 5
"""Sentences of a run that stand above its page; the page of the run has all of them."""


def _with_notes(text: str, result: RunResult) -> str:
    """What a run tells besides its counts: entities that stopped, and the first few of its other sentences."""
    stopped = [said for entity in result.entities if not entity.failed for said in entity.problems]
    notes = [*(note for entity in result.entities for note in entity.notes), *result.notes]
    return "\n".join((text, *stopped, *notes[:SHOWN_NOTES]))


class RunNews(MessageBar):
    """A message bar that offers the plan that a guard keeps, or the records that failed, to be seen or tried again."""

    step_wanted = Signal(str)

    def __init__(self, theme: Theme, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._names = names
        self.guard_button = self.add_button(self.tr("Look at the &plan"))
        self.guard_button.hide()
        self.failed_button = self.add_button(self.tr("Show &failed records"))
        self.failed_button.hide()
        self.again_button = self.add_button(self.tr("&Try them again"))
        self.again_button.setToolTip(self.tr("Just the records that failed, now; else the next run tries them again"))
        self.again_button.hide()
        self.step_button = self.add_button("")
        self.step_button.setAccessibleName(self.tr("Open the step"))
        self.step_button.clicked.connect(self._open_step)
        self.step_button.hide()
        self._step = ""

    def say(self, text: str, tone: Tone = Tone.BAD) -> None:
        """A message without an offer."""
        self._say(text, tone)

    def _say(self, text: str, tone: Tone, *, offers_plan: bool = False, offers_failed: bool = False) -> None:
        self.guard_button.setVisible(offers_plan)
        self.failed_button.setVisible(offers_failed)
        self.again_button.setVisible(offers_failed)
        self.step_button.hide()
        super().say(text, tone)

    def offer_step(self, step: PipelineStep | None) -> None:
        """The step of the user's own that the message is about can be opened from it."""
        self.step_button.setVisible(step is not None)
        if step is not None:
            self._step = step.name
            self.step_button.setText(open_step_text(step.name))
            self.step_button.setAccessibleName(self.step_button.text().replace("&", ""))

    @Slot()
    def _open_step(self) -> None:
        self.step_wanted.emit(self._step)

    def tell_guard(self, findings: tuple[GuardFinding, ...]) -> None:
        """A guard stopped the run; the plan is offered."""
        lines = [guard_sentence(finding, self._names) for finding in findings]
        head = self.tr("Nothing was written. A guard stopped the run:")
        self._say("\n".join([head, *lines]), Tone.WARNING, offers_plan=True)

    def tell(self, result: RunResult, done: str = "") -> None:
        """How a run ended. `done`: what to say where all went well."""
        if result.outcome is Outcome.GUARD:
            self.tell_guard(result.findings)
        elif result.outcome is Outcome.FAILED:
            self.say(result.error or self.tr("The run failed."))
        elif result.outcome is Outcome.CANCELLED:
            self.say(self.tr("Stopped. What was written is recorded; the next run does the rest."), Tone.NEUTRAL)
        elif result.outcome is Outcome.PROBLEMS:
            failed = sum(entity.failed for entity in result.entities)
            waiting = sum(
                count for one in result.entities for action, count in one.actions.items() if action in _WAITING
            )
            text = self.tr("Done, but records wait for your decision.")
            if waiting:
                text = counted(
                    waiting,
                    self.tr("Done. {0} record waits for your decision."),
                    self.tr("Done. {0} records wait for your decision."),
                )
            if result.only_matched:
                text = self.tr("Matched. Nothing was written.")
            elif failed:
                text = self.tr("Done, but {0} could not be synchronized.").format(records(failed))
            self._say(_with_notes(text, result), Tone.WARNING, offers_failed=failed > 0)
        else:
            waits = bool(result.notes) or any(entity.notes for entity in result.entities)
            plain = self.tr("Done.") if waits else self.tr("Done. Both sides are the same.")
            self.say(_with_notes(done or plain, result), Tone.GOOD)
