"""The decisions of SPEC §6 a second time: slow, obvious, and written from the text, not from the program."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FirstContactRule,
    Side,
)

AGAINST = {"a": "b", "b": "a"}


@dataclass(frozen=True)
class Verdict:
    """`what` in plain words; `to` is the side that is written; `loser` the side whose change gives way."""

    what: str
    to: str = ""
    loser: str = ""


def may_travel(entity: Entity, source: str) -> bool:
    if entity.direction is Direction.BOTH:
        return True
    return entity.direction is (Direction.A_TO_B if source == "a" else Direction.B_TO_A)


def outside(a: str, b: str) -> Verdict:
    """What takes no part: it is Filtered, and closed where a record of it is gone. Nothing is written."""
    return Verdict("close") if "deleted" in (a, b) else Verdict("filtered")


def verdict(entity: Entity, a: str, b: str, equal: bool, newer: str) -> Verdict:
    """`a` and `b`: "same", "changed" or "deleted"; `newer`: "a", "b" or "" where nobody knows."""
    if a == "same" and b == "same":
        return Verdict("nothing")
    if a == "deleted" and b == "deleted":
        return Verdict("close")
    if a == "changed" and b == "same":
        return Verdict("update", "b") if may_travel(entity, "a") else Verdict("nothing")
    if a == "same" and b == "changed":
        return Verdict("update", "a") if may_travel(entity, "b") else Verdict("nothing")
    if a == "changed" and b == "changed":
        if equal:
            return Verdict("adopt")
        if entity.conflict is ConflictRule.ASK:
            return Verdict("ask")
        return _keep(entity, _winner(entity, entity.conflict.value, newer), "adopt")
    gone = "a" if a == "deleted" else "b"
    left = AGAINST[gone]
    if "changed" in (a, b):
        if entity.edit_against_delete is EditAgainstDelete.ASK:
            return Verdict("ask")
        if entity.edit_against_delete is EditAgainstDelete.EDIT:
            return Verdict("create", gone, loser=gone) if may_travel(entity, left) else Verdict("close")
        return _deletion(entity, gone, loser=left)
    return _deletion(entity, gone, loser="")


def _deletion(entity: Entity, gone: str, loser: str) -> Verdict:
    rule = entity.delete.a if gone == "a" else entity.delete.b
    left = AGAINST[gone]
    if rule is DeleteRule.UNLINK:
        return Verdict("unlink")
    if rule is DeleteRule.RESTORE and may_travel(entity, left):
        return Verdict("create", gone)
    if rule is DeleteRule.DELETE and may_travel(entity, gone):
        return Verdict("delete", left, loser)
    if rule is DeleteRule.MARK and may_travel(entity, gone):
        return Verdict("mark", left, loser)
    return Verdict("close")


def first_contact(entity: Entity, equal: bool, newer: str) -> Verdict:
    if equal or entity.first_contact is FirstContactRule.FILL_EMPTY:
        return Verdict("link")
    if entity.first_contact is FirstContactRule.ASK:
        return Verdict("ask")
    return _keep(entity, _winner(entity, entity.first_contact.value, newer), "link")


def _winner(entity: Entity, rule: str, newer: str) -> str:
    if rule == "most-recent":
        return newer or ("a" if entity.primary is Side.A else "b")
    return rule


def _keep(entity: Entity, winner: str, otherwise: str) -> Verdict:
    loser = AGAINST[winner]
    if may_travel(entity, winner):
        return Verdict("update", loser, loser)
    return Verdict(otherwise, loser=loser)
