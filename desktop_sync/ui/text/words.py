"""Words for the enums of core, with the endpoints' names for the sides, and the tone each is shown in."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.status import Status
from desktop_sync.ui.palette import MarkColour, Tone


def tr(text: str) -> str:
    return QCoreApplication.translate("words", text)


def status_word(status: Status) -> str:
    words = {
        Status.PREPARED: tr("Prepared"),
        Status.PROCESSED: tr("Processed"),
        Status.FAILED: tr("Failed"),
        Status.ABORTED: tr("Aborted"),
        Status.SKIPPED: tr("Skipped"),
        Status.DELETED: tr("Deleted"),
        Status.INVALID: tr("Invalid"),
        Status.FILTERED: tr("Filtered"),
        Status.CONFLICT: tr("Conflict"),
        Status.REVIEW: tr("Review"),
    }
    return words[status]


STATUS_TONES = {
    Status.PREPARED: Tone.ACCENT,
    Status.PROCESSED: Tone.GOOD,
    Status.FAILED: Tone.BAD,
    Status.ABORTED: Tone.BAD,
    Status.SKIPPED: Tone.MUTED,
    Status.DELETED: Tone.MUTED,
    Status.INVALID: Tone.WARNING,
    Status.FILTERED: Tone.MUTED,
    Status.CONFLICT: Tone.WARNING,
    Status.REVIEW: Tone.WARNING,
}


def mark_word(colour: MarkColour) -> str:
    words = {
        MarkColour.RED: tr("Red"),
        MarkColour.ORANGE: tr("Orange"),
        MarkColour.YELLOW: tr("Yellow"),
        MarkColour.GREEN: tr("Green"),
        MarkColour.BLUE: tr("Blue"),
        MarkColour.PURPLE: tr("Purple"),
    }
    return words[colour]


def outcome_word(outcome: Outcome) -> str:
    words = {
        Outcome.RUNNING: tr("Running"),
        Outcome.DONE: tr("Done"),
        Outcome.PROBLEMS: tr("Needs attention"),
        Outcome.GUARD: tr("Stopped by a guard"),
        Outcome.FAILED: tr("Failed"),
        Outcome.CANCELLED: tr("Stopped"),
    }
    return words[outcome]


OUTCOME_TONES = {
    Outcome.RUNNING: Tone.ACCENT,
    Outcome.DONE: Tone.GOOD,
    Outcome.PROBLEMS: Tone.WARNING,
    Outcome.GUARD: Tone.WARNING,
    Outcome.FAILED: Tone.BAD,
    Outcome.CANCELLED: Tone.MUTED,
}


def trigger_word(trigger: Trigger) -> str:
    words = {
        Trigger.HAND: tr("By hand"),
        Trigger.SCHEDULE: tr("By schedule"),
        Trigger.COMMAND_LINE: tr("Command line"),
        Trigger.PUSH: tr("In real time"),
        Trigger.AFTER_RUN: tr("After another run"),
        Trigger.FILE: tr("A file arrived"),
        Trigger.HTTP: tr("Over HTTP"),
    }
    return words[trigger]


def kind_word(kind: RunKind) -> str:
    words = {
        RunKind.PREPARE: tr("Prepare"),
        RunKind.PROCESS: tr("Process"),
        RunKind.RUN: tr("Synchronize"),
        RunKind.UNDO: tr("Undo"),
        RunKind.SETTLE: tr("Settle"),
    }
    return words[kind]


class SideNames:
    """The endpoints' names of a configuration, and words that hold them."""

    __slots__ = ("a", "b")

    def __init__(self, a: str, b: str) -> None:
        self.a = a
        self.b = b

    def of(self, side: Side) -> str:
        return self.a if side is Side.A else self.b

    def action_phrase(self, action: Action) -> str:
        """ "Create in Shop". Short enough for a chip."""
        return _action_phrases()[action].format(self.of(action.target) if action.target else "")


def _action_phrases() -> dict[Action, str]:
    create, update, delete, mark = tr("Create in {0}"), tr("Update in {0}"), tr("Delete in {0}"), tr("Mark in {0}")
    return {
        Action.NONE: tr("Unchanged"),
        Action.CREATE_A: create,
        Action.CREATE_B: create,
        Action.UPDATE_A: update,
        Action.UPDATE_B: update,
        Action.DELETE_A: delete,
        Action.DELETE_B: delete,
        Action.MARK_A: mark,
        Action.MARK_B: mark,
        Action.LINK: tr("Link"),
        Action.ADOPT: tr("Already equal"),
        Action.CONFLICT: tr("Conflict"),
        Action.REVIEW: tr("Review"),
        Action.UNLINK: tr("Unlink"),
        Action.CLOSE: tr("Gone on both"),
        Action.INVALID: tr("Invalid"),
        Action.FILTERED: tr("Filtered"),
    }


def action_verb(action: Action) -> str:
    """One word, without the side: what the middle column of a preview says."""
    words = {
        Action.CREATE_A: tr("Create"),
        Action.UPDATE_A: tr("Update"),
        Action.DELETE_A: tr("Delete"),
        Action.MARK_A: tr("Mark"),
        Action.CREATE_B: tr("Create"),
        Action.UPDATE_B: tr("Update"),
        Action.DELETE_B: tr("Delete"),
        Action.MARK_B: tr("Mark"),
    }
    return words.get(action) or _action_phrases()[action]


ACTION_TONES = {
    Action.CREATE_A: Tone.GOOD,
    Action.CREATE_B: Tone.GOOD,
    Action.UPDATE_A: Tone.ACCENT,
    Action.UPDATE_B: Tone.ACCENT,
    Action.DELETE_A: Tone.BAD,
    Action.DELETE_B: Tone.BAD,
    Action.MARK_A: Tone.BAD,
    Action.MARK_B: Tone.BAD,
    Action.CONFLICT: Tone.WARNING,
    Action.REVIEW: Tone.WARNING,
    Action.INVALID: Tone.WARNING,
    Action.LINK: Tone.NEUTRAL,
    Action.ADOPT: Tone.NEUTRAL,
}


def rule_sentence(rule: Rule, names: SideNames) -> str:
    """Why, in a few words."""
    words = {
        Rule.NOTHING_CHANGED: tr("Nothing changed"),
        Rule.CHANGED_ONE_SIDE: tr("Changed on one side"),
        Rule.EQUAL_CHANGES: tr("Both changed to equal values"),
        Rule.MOST_RECENT: tr("The most recent change wins"),
        Rule.MOST_RECENT_TIE: tr("Changed at the same time: the primary system wins"),
        Rule.SIDE_WINS: tr("The rule says which system wins"),
        Rule.ASK: tr("Both changed: you decide"),
        Rule.DELETE_RULE: tr("Deleted on one side"),
        Rule.EDIT_WINS: tr("Changed on one side, deleted on the other: the change wins"),
        Rule.DELETE_WINS: tr("Changed on one side, deleted on the other: the deletion wins"),
        Rule.BOTH_DELETED: tr("Deleted on both sides"),
        Rule.DIRECTION: tr("The direction does not allow it"),
        Rule.NEW: tr("New, without a counterpart"),
        Rule.MATCHED: tr("Found by the identifying fields"),
        Rule.FIRST_CONTACT: tr("First contact"),
        Rule.FILL_EMPTY: tr("First contact: only empty fields are filled"),
        Rule.RESTORED: tr("Restored"),
        Rule.DECIDED: tr("You decided"),
        Rule.AMBIGUOUS_MATCH: tr("Several records could be the counterpart"),
        Rule.DUPLICATE: tr("The identifying fields occur more than once"),
        Rule.FILTER: tr("Left the filter"),
        Rule.UNUSABLE: tr("Cannot be synchronized"),
        Rule.RENAMED_KEY: tr("Its key changed"),
        Rule.OLDER_STATE: tr("One side was put back to an older state: you decide"),
        Rule.WRITE_LOOP: tr("{0} and {1} overwrite each other's value: you decide").format(names.a, names.b),
        Rule.MERGED: tr("Both changed: each field judged by itself"),
        Rule.UNRESOLVED_LOOKUP: tr("A record that it refers to is not synchronized yet"),
        Rule.MATCH_ONLY: tr("Only matching: it waits for you"),
        Rule.UNDONE: tr("An earlier run was undone"),
    }
    return words[rule]
