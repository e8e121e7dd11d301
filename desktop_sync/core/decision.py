"""The decision table of SPEC §6 as data: (takes part, change on A, change on B, equal, newer) → action.

`decide` is the rule for one case; `decision_table` is the whole table of an entity, which the engine joins.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    EditAgainstDelete,
    Entity,
    FirstContactRule,
    Side,
)
from desktop_sync.core.field_flow import creates_in


class Change(enum.IntEnum):
    """What happened to one side of a peer since the baseline, after normal form."""

    SAME = 0
    CHANGED = 1
    DELETED = 2


class Newer(enum.IntEnum):
    """Which side a person changed last. TIE also stands for stamps that are missing or not comparable."""

    TIE = 0
    A = 1
    B = 2


class Action(enum.IntEnum):
    """What a plan does with one record. Numbers are stored and never change."""

    NONE = 0
    CREATE_A = 1
    CREATE_B = 2
    UPDATE_A = 3
    UPDATE_B = 4
    DELETE_A = 5
    DELETE_B = 6
    LINK = 7  # two records become peers; nothing is written to them
    ADOPT = 8  # both sides as they are become the baseline; nothing is written to them
    CONFLICT = 9
    REVIEW = 10
    MARK_A = 11
    MARK_B = 12
    UNLINK = 13
    CLOSE = 14  # the record is gone and nothing is to be done in the other endpoint: status Deleted
    INVALID = 15
    FILTERED = 16

    @property
    def target(self) -> Side | None:
        """The side that the action writes to."""
        return _TARGETS.get(self)

    @property
    def key(self) -> str:
        """The name in files and JSON."""
        return self.name.lower()


_TARGETS = {
    Action.CREATE_A: Side.A,
    Action.UPDATE_A: Side.A,
    Action.DELETE_A: Side.A,
    Action.MARK_A: Side.A,
    Action.CREATE_B: Side.B,
    Action.UPDATE_B: Side.B,
    Action.DELETE_B: Side.B,
    Action.MARK_B: Side.B,
}


class Rule(enum.IntEnum):
    """Why an action was chosen; shown in previews, conflicts and explanations. Numbers are stored and never change."""

    NOTHING_CHANGED = 0
    CHANGED_ONE_SIDE = 1
    EQUAL_CHANGES = 2
    MOST_RECENT = 3
    MOST_RECENT_TIE = 4
    SIDE_WINS = 5
    ASK = 6
    DELETE_RULE = 7
    EDIT_WINS = 8
    DELETE_WINS = 9
    BOTH_DELETED = 10
    DIRECTION = 11
    NEW = 12
    MATCHED = 13
    FIRST_CONTACT = 14
    FILL_EMPTY = 15
    RESTORED = 16
    DECIDED = 17
    AMBIGUOUS_MATCH = 18
    DUPLICATE = 19
    FILTER = 20
    UNUSABLE = 21
    RENAMED_KEY = 22
    UNRESOLVED_LOOKUP = 23
    OLDER_STATE = 24  # the side that tells it was put back to an older state: a person decides
    WRITE_LOOP = 25  # two programs overwrite each other's value: a person decides
    MATCH_ONLY = 26
    MERGED = 30  # each field from the side that the rule says; the other side follows as CHANGED_ONE_SIDE
    UNDONE = 40


@dataclass(frozen=True, slots=True)
class Decision:
    """`conflict_winner` is set where two different changes met, also when a rule settled it (SPEC §6)."""

    action: Action
    rule: Rule
    conflict_winner: Side | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the decision table: a situation and what is decided in it."""

    change_a: Change
    change_b: Change
    equal: bool
    newer: Newer
    decision: Decision
    takes_part: bool = True


_UPDATE = {Side.A: Action.UPDATE_A, Side.B: Action.UPDATE_B}
_CREATE = {Side.A: Action.CREATE_A, Side.B: Action.CREATE_B}
_DELETE = {Side.A: Action.DELETE_A, Side.B: Action.DELETE_B}
_MARK = {Side.A: Action.MARK_A, Side.B: Action.MARK_B}


def update(side: Side) -> Action:
    return _UPDATE[side]


def create(side: Side) -> Action:
    return _CREATE[side]


def delete(side: Side) -> Action:
    return _DELETE[side]


def mark(side: Side) -> Action:
    return _MARK[side]


def decide(
    entity: Entity, change_a: Change, change_b: Change, equal: bool, newer: Newer, *, takes_part: bool = True
) -> Decision:
    """The decision for a peer. `equal`: A mapped to B is B, after normal form (only asked where both changed).
    `takes_part`: no record of it is outside the filter, or was when it was last seen and is now gone (SPEC §5)."""
    if not takes_part:
        return _outside(change_a, change_b)
    match change_a, change_b:
        case Change.SAME, Change.SAME:
            return Decision(Action.NONE, Rule.NOTHING_CHANGED)
        case Change.CHANGED, Change.SAME:
            return _flow(entity, Side.A, Rule.CHANGED_ONE_SIDE)
        case Change.SAME, Change.CHANGED:
            return _flow(entity, Side.B, Rule.CHANGED_ONE_SIDE)
        case Change.CHANGED, Change.CHANGED:
            return Decision(Action.ADOPT, Rule.EQUAL_CHANGES) if equal else _conflict(entity, newer)
        case Change.DELETED, Change.DELETED:
            return Decision(Action.CLOSE, Rule.BOTH_DELETED)
        case Change.DELETED, other:
            return _deleted(entity, Side.A, other)
        case other, _:
            return _deleted(entity, Side.B, other)


def _outside(change_a: Change, change_b: Change) -> Decision:
    """What takes no part causes no write, and no delete above all."""
    match change_a, change_b:
        case Change.DELETED, Change.DELETED:
            return Decision(Action.CLOSE, Rule.BOTH_DELETED)
        case (Change.DELETED, _) | (_, Change.DELETED):
            return Decision(Action.CLOSE, Rule.FILTER)
        case _:
            return Decision(Action.FILTERED, Rule.FILTER)


def _flow(entity: Entity, source: Side, rule: Rule) -> Decision:
    if entity.direction.flows_from(source):
        return Decision(_UPDATE[source.other], rule)
    return Decision(Action.NONE, Rule.DIRECTION)


def most_recent(entity: Entity, newer: Newer) -> tuple[Side, Rule]:
    """Who wins by stamp; ties go to the primary system (SPEC §6)."""
    if newer is Newer.TIE:
        return entity.primary, Rule.MOST_RECENT_TIE
    return (Side.A if newer is Newer.A else Side.B), Rule.MOST_RECENT


def _conflict(entity: Entity, newer: Newer) -> Decision:
    if entity.conflict is ConflictRule.ASK:
        return Decision(Action.CONFLICT, Rule.ASK)
    if entity.conflict is ConflictRule.MOST_RECENT:
        winner, rule = most_recent(entity, newer)
    else:
        winner, rule = (Side.A if entity.conflict is ConflictRule.A else Side.B), Rule.SIDE_WINS
    return win(entity, winner, rule)


def win(entity: Entity, winner: Side, rule: Rule) -> Decision:
    """The winner's record goes to the other side, or stays where it is if the direction allows no write."""
    if entity.direction.flows_from(winner):
        return Decision(_UPDATE[winner.other], rule, winner)
    return Decision(Action.ADOPT, rule, winner)


def _deleted(entity: Entity, gone: Side, other: Change) -> Decision:
    if other is Change.CHANGED:
        if entity.edit_against_delete is EditAgainstDelete.ASK:
            return Decision(Action.CONFLICT, Rule.ASK)
        if entity.edit_against_delete is EditAgainstDelete.EDIT:
            if creates_in(entity, gone):
                return Decision(_CREATE[gone], Rule.EDIT_WINS, gone.other)
            return Decision(Action.CLOSE, Rule.DIRECTION)
        return _by_delete_rule(entity, gone, Rule.DELETE_WINS, gone)
    return _by_delete_rule(entity, gone, Rule.DELETE_RULE, None)


def _by_delete_rule(entity: Entity, gone: Side, rule: Rule, winner: Side | None) -> Decision:
    chosen = entity.delete.of(gone)
    if chosen is DeleteRule.RESTORE:
        if creates_in(entity, gone):
            return Decision(_CREATE[gone], Rule.RESTORED)
        return Decision(Action.CLOSE, Rule.DIRECTION)
    if chosen is DeleteRule.IGNORE:
        return Decision(Action.CLOSE, rule)
    if chosen is DeleteRule.UNLINK:
        return Decision(Action.UNLINK, rule)
    if not entity.direction.flows_from(gone):
        return Decision(Action.CLOSE, Rule.DIRECTION)
    return Decision((_DELETE if chosen is DeleteRule.DELETE else _MARK)[gone.other], rule, winner)


def decide_first_contact(entity: Entity, equal: bool, newer: Newer) -> Decision:
    """The decision for two records that were just matched (SPEC §6: new, one match). FILL_EMPTY is a LINK with
    that rule."""
    if equal:
        return Decision(Action.LINK, Rule.MATCHED)
    match entity.first_contact:
        case FirstContactRule.ASK:
            return Decision(Action.CONFLICT, Rule.ASK)
        case FirstContactRule.FILL_EMPTY:
            return Decision(Action.LINK, Rule.FILL_EMPTY)
        case FirstContactRule.MOST_RECENT:
            winner = most_recent(entity, newer)[0]
        case FirstContactRule.A:
            winner = Side.A
        case FirstContactRule.B:
            winner = Side.B
    if entity.direction.flows_from(winner):
        return Decision(_UPDATE[winner.other], Rule.FIRST_CONTACT, winner)
    return Decision(Action.LINK, Rule.FIRST_CONTACT, winner)


def decision_table(entity: Entity) -> tuple[Case, ...]:
    """Every case of a peer, each once: 108 rows."""
    return tuple(
        Case(
            change_a,
            change_b,
            equal,
            newer,
            decide(entity, change_a, change_b, equal, newer, takes_part=takes_part),
            takes_part,
        )
        for takes_part in (True, False)
        for change_a in Change
        for change_b in Change
        for equal in (False, True)
        for newer in Newer
    )


def first_contact_table(entity: Entity) -> tuple[Case, ...]:
    """Every case of two records that were just matched: 6 rows, with both changes CHANGED."""
    return tuple(
        Case(Change.CHANGED, Change.CHANGED, equal, newer, decide_first_contact(entity, equal, newer))
        for equal in (False, True)
        for newer in Newer
    )
