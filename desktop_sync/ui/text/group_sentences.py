"""What is said about a sync group: configurations that share records."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.run import Outcome
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.words import outcome_word


def tr(text: str) -> str:
    return QCoreApplication.translate("GroupSentences", text)


def group_sentence(result: GroupResult) -> tuple[str, Tone]:
    """What running a group came to, and in which tone it is said."""
    passes = tr("one pass") if result.passes == 1 else tr("{0} passes").format(result.passes)
    stopped = [one for one in result.results if one.outcome not in (Outcome.DONE, Outcome.PROBLEMS)]
    if result.outcome is Outcome.CANCELLED:
        return tr("Stopped. What was written is recorded; the next run does the rest."), Tone.NEUTRAL
    failed = [one for one in stopped if one.outcome is Outcome.FAILED]
    if failed and len(failed) == len(stopped):
        names = ", ".join(one.configuration for one in failed)
        text = tr("{0} could not run; the others of the group did.").format(names)
        return "\n".join([text, *dict.fromkeys(one.error for one in failed if one.error)]), Tone.WARNING
    if stopped:
        last = stopped[-1]
        text = tr("{0} ended the run of the group: {1}").format(last.configuration, outcome_word(last.outcome))
        return (f"{text}\n{last.error}" if last.error else text), Tone.WARNING
    if result.left:
        names = ", ".join(result.left)
        text = tr("The group did not come to rest in {0}. {1} would write again: look at what keeps changing there.")
        return text.format(passes, names), Tone.WARNING
    members = len(result.group.members) - len(result.skipped)
    text = tr("Done. The {0} synchronizations of the group came to rest after {1}.").format(members, passes)
    if result.skipped:
        text += " " + tr("Left out, being switched off: {0}.").format(", ".join(result.skipped))
    if result.outcome is Outcome.PROBLEMS:
        return text + " " + tr("Some records failed or wait for your decision."), Tone.WARNING
    return text, Tone.GOOD


def first_run_needed(names: Sequence[str]) -> str:
    """Why the group cannot run yet."""
    text = tr("First run {0} by itself once: the first run shows what it will do before anything is written.")
    return text.format(", ".join(names))
