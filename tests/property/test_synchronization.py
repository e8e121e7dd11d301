"""Random people edit two systems, and the engine keeps them the same: nothing lost, doubled or deleted unasked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_sync.core.configuration import ConflictRule, DeleteRule, EditAgainstDelete, Entity, PerSide, Side
from desktop_sync.core.status import Status
from tests.support.decision_oracle import first_contact, verdict
from tests.support.worlds import World, make_world, person_entity

NAMES = ("ann", "bob", "eve", "joe")
CITIES = ("Wien", "Graz", "Linz")
SIDES = ("a", "b")

EXAMPLES = settings().max_examples
"""Of the chosen profile; each example here is several runs of the whole engine."""

# A deed: the side, whose record, and the new city; None deletes the record.
DEEDS = st.lists(
    st.tuples(st.sampled_from(SIDES), st.sampled_from(NAMES), st.sampled_from((*CITIES, None))), max_size=6
)
POLICIES = st.builds(
    lambda conflict, against, rule_a, rule_b, primary: person_entity(
        conflict=conflict, edit_against_delete=against, delete=PerSide(rule_a, rule_b), primary=primary
    ),
    st.sampled_from((ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B)),
    st.sampled_from((EditAgainstDelete.EDIT, EditAgainstDelete.DELETE)),
    st.sampled_from((DeleteRule.DELETE, DeleteRule.RESTORE)),
    st.sampled_from((DeleteRule.DELETE, DeleteRule.RESTORE)),
    st.sampled_from(Side),
)


@dataclass
class Model:
    """What each side should hold, by name, and what both agreed on last. The oracle decides."""

    entity: Entity
    now: dict[str, dict[str, str]] = field(default_factory=lambda: {"a": {}, "b": {}})
    agreed: dict[str, str] = field(default_factory=dict)
    losers: set[tuple[str, str]] = field(default_factory=set)
    anew: dict[str, set[str]] = field(default_factory=lambda: {"a": set(), "b": set()})

    def run(self) -> None:
        for name in sorted({*self.now["a"], *self.now["b"], *self.agreed}):
            if not any(name in self.now[side] and name not in self.anew[side] for side in SIDES):
                # Nothing is left of what both agreed on: whoever is there now was made anew.
                self.agreed.pop(name, None)
                if not any(name in self.now[side] for side in SIDES):
                    continue
            a, b = self.now["a"].get(name), self.now["b"].get(name)
            if name in self.agreed:
                found = verdict(self.entity, self._change(name, a), self._change(name, b), a == b, "")
            elif a is not None and b is not None:
                found = first_contact(self.entity, a == b, "")
            else:
                source = "a" if a is not None else "b"
                self.now["b" if source == "a" else "a"][name] = self.now[source][name]
                self.agreed[name] = self.now[source][name]
                continue
            self._carry_out(name, found.what, found.to, found.loser)
        self.anew = {"a": set(), "b": set()}

    def _change(self, name: str, value: str | None) -> str:
        if value is None:
            return "deleted"
        return "same" if value == self.agreed[name] else "changed"

    def _carry_out(self, name: str, what: str, to: str, loser: str) -> None:
        if loser and name in self.now[loser]:
            self.losers.add((name, self.now[loser][name]))
        if what in ("update", "create"):
            self.now[to][name] = self.now["b" if to == "a" else "a"][name]
        elif what == "delete":
            del self.now[to][name]
        kept = self.now["a"].get(name)
        assert kept == self.now["b"].get(name), (name, what)
        if kept is None:
            self.agreed.pop(name, None)
        else:
            self.agreed[name] = kept


@contextmanager
def a_world(entity: Entity) -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="property-"))
    world = make_world(folder, entity)
    try:
        yield world
    finally:
        world.app.close()
        shutil.rmtree(folder)


class People:
    """Does the deeds in the world and in the model alike. Ids that people give out go down, those of sync go up."""

    def __init__(self, world: World, model: Model) -> None:
        self.world, self.model, self.next_id = world, model, {"a": 1000, "b": 1000}

    def do(self, side: str, name: str, city: str | None) -> None:
        held = self.model.now[side]
        email, town = ("Email", "City") if side == "a" else ("email", "city")
        key = "Id" if side == "a" else "id"
        found = [row for row in self.world.rows(side, key, email) if row[1] == name]
        if city is None:
            if found:
                self.world.delete(side, found[0][0])
                del held[name]
            return
        if found:
            self.world.edit(side, found[0][0], **{town: city})
        else:
            self.next_id[side] -= 1
            self.world.put(side, **{key: self.next_id[side], email: name, town: city})
            self.model.anew[side].add(name)
        held[name] = city


@pytest.mark.scenario("C14")
@settings(max_examples=EXAMPLES // 6, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES, st.lists(DEEDS, min_size=1, max_size=3))
def test_both_sides_hold_what_the_specification_says_after_every_run(
    entity: Entity, rounds: list[list[tuple[str, str, str | None]]]
) -> None:
    with a_world(entity) as world:
        model = Model(entity)
        people = People(world, model)
        for deeds in rounds:
            for deed in deeds:
                people.do(*deed)
            world.run()
            model.run()
            # No duplicates, nothing lost, nothing deleted that the specification does not delete.
            assert world.rows("a", "Email", "City") == sorted(model.now["a"].items())
            assert world.rows("b", "email", "city") == sorted(model.now["b"].items())
            paired = [one for one in world.records() if one.status is Status.PROCESSED]
            assert len(paired) == len(model.now["a"])
            world.assert_quiet()
        kept = {
            (field.a, field.b)
            for conflict in world.app.records.conflicts("Sync", only_open=False)
            for field in conflict.fields
            if field.label == "City"
        }
        for name, city in model.losers:
            assert any(city in pair for pair in kept), (name, city, kept)


@settings(max_examples=EXAMPLES // 10, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DEEDS, min_size=1, max_size=3), st.sampled_from(("prepare", "preview")))
def test_two_steps_come_to_the_same_as_one(rounds: list[list[tuple[str, str, str | None]]], way: str) -> None:
    entity = person_entity(conflict=ConflictRule.A)
    with a_world(entity) as one, a_world(entity) as two:
        people = [People(one, Model(entity)), People(two, Model(entity))]
        for deeds in rounds:
            for deed in deeds:
                for each in people:
                    each.do(*deed)
            one.run()
            if way == "prepare":
                two.app.synchronization.prepare("Sync")
                two.app.synchronization.process("Sync")
            else:
                two.run(preview=two.app.synchronization.preview("Sync"))
            for each in people:
                each.model.run()
            for side, names in (("a", ("Email", "City")), ("b", ("email", "city"))):
                assert one.rows(side, *names) == two.rows(side, *names)
            assert sorted(one.statuses()) == sorted(two.statuses())
            assert len(one.app.records.conflicts("Sync", only_open=False)) == len(
                two.app.records.conflicts("Sync", only_open=False)
            )
