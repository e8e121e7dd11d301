"""Records that were deleted on one side while the other side has something new that refers to them (SPEC §6).

A reference is part of the record that it points to: a new or changed one counts like a change of that record. So the
deletion is a delete against a change, and goes by the entity's rule for that: the record is made again (change wins),
or a person decides, or the deletion wins. Then neither side can do what the other one did: what refers to the record
cannot be sent where it is not, and the record cannot be deleted while something refers to it. Both wait, each names
the other, and go on by themselves when one of them is put right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import EditAgainstDelete, Side
from desktop_sync.core.decision import Action, Change, Rule, create, delete, mark, update
from desktop_sync.core.field_flow import creates_in
from desktop_sync.engine import outcome_query
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout, Sending
from desktop_sync.engine.plan_input import PlanInput, pair_table, plan_table
from desktop_sync.engine.references import follows_sql
from desktop_sync.engine.workbench import Workbench


def keep_needed(bench: Workbench, planned: Sequence[PlanInput]) -> frozenset[int]:
    """The plans of all entities are such that nothing is sent that refers to a record which is not there; the numbers
    of the layouts whose plans are others now. Costs nothing where nothing was deleted."""
    changed: set[int] = set()
    links = [link for given in reversed(planned) for link in _links(given, planned)]
    # A record that is made again may refer to one that was deleted too, and so on; so may one that is held back be
    # referred to.
    while made := {link.parent.layout.number for link in links if _make_again(bench, link)}:
        changed |= made
    while held := set().union(*(_hold_back(bench, link) for link in links)):
        changed |= held
    while waiting := {link.parent.layout.number for link in links if _wait_too(bench, link)}:
        changed |= waiting
    changed |= {link.child.layout.number for link in links if _hold_back_stale(bench, link)}
    for given in planned:
        if given.is_lookup:
            _forget_gone(bench, given.layout)
    return frozenset(changed)


@dataclass(frozen=True, slots=True)
class _Link:
    """Records of `child`, sent from `source`, refer to records of `parent` by the value `sent` of the field
    `label`."""

    child: PlanInput
    parent: PlanInput
    source: Side
    sending: Sending
    label: str

    @property
    def sent(self) -> str:
        return self.sending.name

    @property
    def target(self) -> Side:
        return self.source.other

    @property
    def may_win(self) -> bool:
        """Whether the record is made again where it was deleted."""
        entity = self.parent.layout.entity
        wins = entity.edit_against_delete is EditAgainstDelete.EDIT
        return wins and creates_in(entity, self.target)

    def named(self, layout: Layout, record_id: str) -> str:
        """A record of the source as a clause for people, as SQL."""
        return f"{literal(f'{layout.of(self.source).endpoint}, {layout.entity.name}, record ')} || {record_id}"


def _links(child: PlanInput, planned: Sequence[PlanInput]) -> list[_Link]:
    by_name = {given.layout.entity.name: given for given in planned}
    return [
        _Link(child, by_name[sending.mapping.lookup], source, sending, sending.mapping.field_of(source))
        for source in Side
        for sending in child.layout.of(source).sendings
        if sending.mapping.lookup in by_name
    ]


def _refers(bench: Workbench, link: _Link) -> str:
    """A SELECT of number (of the parent's row), parent_id, child_number and child_id: what is to be written, and the
    record that it refers to, which is gone there and is not made again. Empty where there is none."""
    target, child, parent = link.target, link.child.layout, link.parent.layout
    writes = [create(target), update(target)]
    counted = outcome_query.counts(bench, child)
    if not any(counted.get(action) for action in writes):
        return ""
    gone = f"change_{target.value} = {Change.DELETED:d} AND change_{link.source.value} <> {Change.DELETED:d}"
    where = f"{gone} AND action <> {create(target):d} AND a_id IS NOT NULL AND b_id IS NOT NULL"
    lost = f"SELECT * FROM {plan_table(parent)} WHERE {where}"
    if not bench.has_rows(f"({lost})"):
        return ""
    me, kinds = link.source.value, ", ".join(f"{action:d}" for action in writes)
    follows = follows_sql(bench, link.child, link.source, link.sending, "c")
    rows = f"{plan_table(child)} c WHERE (c.action IN ({kinds}) OR {follows}) AND NOT c.excluded"
    kept = kept_values(link.child.read_of(link.source), condition=f"rid IN (SELECT c.{me}_id FROM {rows})")
    return (
        f"SELECT p.number, p.{me}_id AS parent_id, c.number AS child_number, c.{me}_id AS child_id, p.excluded, "
        f"p.action, p.rule FROM ({lost}) p JOIN ({kept}) s ON s.{link.sent} = p.{me}_id "
        f"JOIN (SELECT * FROM {rows}) c ON c.{me}_id = s.rid"
    )


def _make_again(bench: Workbench, link: _Link) -> bool:
    """Records that are needed, and whose deletion loses, are created again; whether there were any."""
    refers = _refers(bench, link) if link.may_win else ""
    if not refers:
        return False
    plan, source = plan_table(link.parent.layout), link.source
    kinds = f"{delete(source):d}, {mark(source):d}, {Action.CLOSE:d}, {Action.UNLINK:d}"
    # One that waits may be there after all; one that was outside the filter is no business of this plan.
    needed = (
        f"SELECT number, min(child_id) AS child_id FROM ({refers}) WHERE NOT excluded AND action IN ({kinds}) "
        f"AND rule IN ({Rule.DELETE_RULE:d}, {Rule.DIRECTION:d}) GROUP BY number"
    )
    if not bench.has_rows(f"({needed})"):
        return False
    said = f"{link.named(link.child.layout, 'n.child_id')} || ' refers to it'"
    bench.execute(
        f"UPDATE {plan} SET action = {create(link.target):d}, rule = {Rule.EDIT_WINS:d}, winner = '{source.value}', "
        f"detail = {said} FROM ({needed}) n WHERE n.number = {plan}.number"
    )
    return True


def _hold_back(bench: Workbench, link: _Link) -> set[int]:
    """What refers to a record that is gone and stays so is not written, and says what to do; where that record would
    be deleted on this side too, it waits as well, or a person is asked. The layouts whose plans changed."""
    refers = _refers(bench, link)
    if not refers:
        return set()
    bench.execute(f"CREATE OR REPLACE TABLE refers AS {refers}")
    if not bench.has_rows("refers"):
        return set()
    child, owner = plan_table(link.child.layout), link.parent.layout
    parent, me = plan_table(owner), link.source
    there, here = owner.of(link.target).endpoint, owner.of(me).endpoint
    what = literal(f", to which it refers, was deleted in {there}; restore that record in {there}, or change the ")
    bench.execute(
        f"UPDATE {child} SET action = {Action.INVALID:d}, rule = {Rule.UNRESOLVED_LOOKUP:d}, winner = NULL, "
        "is_fill = false, writes_both = false, "
        f"detail = {literal(link.label + ': ')} || {link.named(owner, 'r.parent_id')} || {what} || "
        f"{literal(f'reference in {here}')} FROM refers r WHERE r.child_number = {child}.number"
    )
    said = f"{link.named(link.child.layout, 'n.child_id')} || ' refers to it'"
    waiting = (
        "FROM (SELECT number, min(child_id) AS child_id FROM refers GROUP BY number) n "
        f"WHERE n.number = {parent}.number AND action IN ({delete(me):d}, {mark(me):d}) AND NOT {parent}.excluded"
    )
    if owner.entity.edit_against_delete is EditAgainstDelete.ASK:
        asked = f"action = {Action.CONFLICT:d}, rule = {Rule.ASK:d}, winner = NULL, detail = {said}"
        bench.execute(f"UPDATE {parent} SET {asked} {waiting} AND rule <> {Rule.DECIDED:d}")
    bench.execute(f"UPDATE {parent} SET excluded = true, detail = 'it waits: ' || {said} {waiting}")
    return {link.child.layout.number, owner.number}


def _wait_too(bench: Workbench, link: _Link) -> bool:
    """What a record refers to whose own deletion waits is not deleted before it; whether there was any."""
    child, parent, side, me = link.child.layout, link.parent.layout, link.source, link.source.value
    if not outcome_query.counts(bench, parent).get(delete(side)):
        return False
    waiting = f"excluded AND action IN ({delete(side):d}, {mark(side):d})"
    if not bench.has_rows(plan_table(child), waiting):
        return False
    kept = kept_values(
        link.child.read_of(side), condition=f"rid IN (SELECT {me}_id FROM {plan_table(child)} WHERE {waiting})"
    )
    needed = (
        f"SELECT p.number, min(s.rid) AS child_id FROM {plan_table(parent)} p JOIN ({kept}) s "
        f"ON s.{link.sent} = p.{me}_id WHERE p.action = {delete(side):d} AND NOT p.excluded GROUP BY p.number"
    )
    if not bench.has_rows(f"({needed})"):
        return False
    said = f"'it waits: ' || {link.named(child, 'n.child_id')} || ' refers to it'"
    plan = plan_table(parent)
    bench.execute(
        f"UPDATE {plan} SET excluded = true, detail = {said} FROM ({needed}) n WHERE n.number = {plan}.number"
    )
    return True


def _hold_back_stale(bench: Workbench, link: _Link) -> bool:
    """What refers to a record that is gone on its own side, and is made again there under a new id, is not written;
    whether there was any. Where circles are broken, it is found out once it was created."""
    child, parent, me = link.child.layout, link.parent.layout, link.source
    if link.child.comes_later(parent.entity.name) or not outcome_query.counts(bench, parent).get(create(me)):
        return False
    stale = (
        f"SELECT {me.value}_id FROM {plan_table(parent)} WHERE action = {create(me):d} AND NOT excluded "
        f"AND record_id IS NOT NULL AND {me.value}_id IS NOT NULL"
    )
    kinds = f"{create(link.target):d}, {update(link.target):d}"
    written = f"SELECT {me.value}_id FROM {plan_table(child)} WHERE action IN ({kinds}) AND NOT excluded"
    kept = kept_values(link.child.read_of(me), condition=f"rid IN ({written})")
    refers = f"SELECT rid, {link.sent} AS parent_id FROM ({kept}) WHERE {link.sent} IN ({stale})"
    if not bench.has_rows(f"({refers})"):
        return False
    named = link.named(parent, "r.parent_id")
    what = literal(", to which it refers, was deleted there and is made again under another id; change the reference")
    bench.execute(
        f"UPDATE {plan_table(child)} SET action = {Action.INVALID:d}, rule = {Rule.UNRESOLVED_LOOKUP:d}, "
        f"winner = NULL, is_fill = false, writes_both = false, detail = {literal(link.label + ': ')} || {named} || "
        f"{what} FROM ({refers}) r WHERE r.rid = {plan_table(child)}.{me.value}_id AND action IN ({kinds})"
    )
    return True


def _forget_gone(bench: Workbench, layout: Layout) -> None:
    """The old id of a record that is made again translates no reference: the new one does, once it is there."""
    counted = outcome_query.counts(bench, layout)
    if any(counted.get(create(side)) for side in Side):
        creates = ", ".join(f"{create(side):d}" for side in Side)
        bench.execute(
            f"DELETE FROM {pair_table(layout)} WHERE record_id IN (SELECT record_id FROM {plan_table(layout)} "
            f"WHERE action IN ({creates}) AND NOT excluded AND record_id IS NOT NULL)"
        )
