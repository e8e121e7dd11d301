"""Words of the explanation: actions, rules and statuses as sentences that name the systems."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Change, Rule
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import RunKind

Names = Mapping[Side, str]

_DONE = {
    "create": "created in {0}",
    "update": "updated in {0}",
    "delete": "deleted in {0}",
    "mark": "marked as deleted in {0}",
}
_QUIET = {
    Action.LINK: "linked; nothing was written",
    Action.ADOPT: "both sides taken as they were; nothing was written",
    Action.CONFLICT: "left as a conflict",
    Action.REVIEW: "left for review",
    Action.UNLINK: "unlinked",
    Action.CLOSE: "closed: nothing to do in the other system",
    Action.INVALID: "cannot be synchronized",
    Action.FILTERED: "left out by the filter",
}
_WILL = {
    "create": "be created in {0}",
    "update": "be updated in {0}",
    "delete": "be deleted in {0}",
    "mark": "be marked as deleted in {0}",
}
_WILL_QUIET = {
    Action.LINK: "be linked, without a write",
    Action.ADOPT: "be taken as it stands on both sides, without a write",
    Action.CONFLICT: "become a conflict that waits for your decision",
    Action.REVIEW: "wait for review",
    Action.UNLINK: "be unlinked",
    Action.CLOSE: "be closed: nothing is to be done in the other system",
    Action.INVALID: "be set to Invalid",
    Action.FILTERED: "be set to Filtered",
}
_RULES = {
    Rule.NOTHING_CHANGED: "nothing changed since the last synchronization",
    Rule.CHANGED_ONE_SIDE: "it changed on one side only",
    Rule.EQUAL_CHANGES: "both sides changed to equal values",
    Rule.MOST_RECENT: "both sides changed, and the most recent change wins",
    Rule.MOST_RECENT_TIE: "both sides changed, nothing tells which did so last, and the primary system wins",
    Rule.SIDE_WINS: "both sides changed, and the rule names the system that wins",
    Rule.ASK: "both sides changed, and the rule is that you decide",
    Rule.DELETE_RULE: "it was deleted on one side, and the delete rule of that direction holds",
    Rule.EDIT_WINS: "it was deleted on one side and changed on the other, and the change wins",
    Rule.DELETE_WINS: "it was deleted on one side and changed on the other, and the deletion wins",
    Rule.BOTH_DELETED: "it was deleted on both sides",
    Rule.DIRECTION: "the direction of the configuration does not let it go further",
    Rule.NEW: "it is new and has no counterpart",
    Rule.MATCHED: "the identifying fields agree",
    Rule.FIRST_CONTACT: "the two records met for the first time and differ, and the rule of first contact holds",
    Rule.FILL_EMPTY: "the two records met for the first time, and only empty fields are filled",
    Rule.RESTORED: "it is there again after it had been deleted",
    Rule.DECIDED: "a person decided it",
    Rule.AMBIGUOUS_MATCH: "more than one record could be its counterpart",
    Rule.DUPLICATE: "its identifying values occur more than once",
    Rule.FILTER: "it does not meet the filter",
    Rule.UNUSABLE: "a value cannot be used",
    Rule.RENAMED_KEY: "it has a new id, and its identifying fields are those of the record that is gone",
    Rule.UNRESOLVED_LOOKUP: "a record that it refers to is not synchronized",
    Rule.OLDER_STATE: "the system that tells it was put back to an older state",
    Rule.WRITE_LOOP: "two programs keep overwriting each other's value",
    Rule.UNDONE: "an earlier run was undone",
    Rule.MERGED: "both sides changed, and each field was judged by itself",
    Rule.MATCH_ONLY: "this configuration only matches until you confirm what was matched",
}
_RUNS = {
    RunKind.PREPARE: "prepare",
    RunKind.PROCESS: "process",
    RunKind.RUN: "run",
    RunKind.UNDO: "undo",
    RunKind.SETTLE: "settling",
}


def done_words(action: Action, names: Names) -> str:
    """What was done: "updated in Shop"."""
    target = action.target
    if target is None:
        return _QUIET.get(action, action.name.lower().replace("_", " "))
    return _DONE[action.name.split("_")[0].lower()].format(names[target])


def will_words(action: Action, names: Names) -> str:
    """What a run would do, after "it would": "be updated in Shop"."""
    target = action.target
    if target is None:
        return _WILL_QUIET.get(action, "stay as it is")
    return _WILL[action.name.split("_")[0].lower()].format(names[target])


def rule_words(rule: Rule) -> str:
    """Why, as a clause."""
    return _RULES.get(rule, rule.name.lower().replace("_", " "))


def verdict_words(field: FieldChange, names: Names) -> str:
    """Of a field that both sides changed: whose value was kept, why, and which one lost, as a clause."""
    verdict = field.verdict
    if verdict is None:
        return ""
    winner, loser = verdict.winner, verdict.winner.other
    values = {Side.A: field.a, Side.B: field.b}
    times = {Side.A: verdict.a_changed_at, Side.B: verdict.b_changed_at}
    at = times[loser]
    when = f", changed {at.isoformat(sep=' ', timespec='seconds')}" if at is not None else ""
    lost = "no value" if values[loser] is None else f'"{values[loser]}"'
    return f"{names[winner]} won ({rule_words(verdict.rule)}), and {lost} of {names[loser]} lost{when}"


def run_words(kind: RunKind, run_id: int) -> str:
    """ "run 7", "undo 8"."""
    return f"{_RUNS[kind]} {run_id}"


def change_words(change: Change, endpoint: str) -> str:
    """How a side stands against the baseline, as a clause."""
    return {
        Change.SAME: f"{endpoint} is as it was after the last synchronization",
        Change.CHANGED: f"{endpoint} changed since the last synchronization",
        Change.DELETED: f"the record is gone from {endpoint}",
    }[change]
