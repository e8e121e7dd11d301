"""A script of random deeds, runs and crashes from one seed, without hypothesis: for playing the same one twice."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from desktop_sync.core.configuration import ConflictRule, EditAgainstDelete
from tests.property.machine import Synchronizations
from tests.support.chaos_system import CLASSES
from tests.support.machine_changes import Change, Drift
from tests.support.machine_deeds import BATCH_FAULTS, WRITE_FAULTS
from tests.support.machine_definitions import KEYS, Policy

STEPS = 18
DEEDS = (
    *("write", "write", "write", "phone", "phone", "delete", "rename", "wait", "edit", "crash", "trouble"),
    *("push", "system", "ledger", "definition", "schema", "clock", "lid", "another system", "ignores"),
)


def play(chance: random.Random) -> list[object]:
    """What every system was asked for, and all rows of the ledger."""
    machine = Synchronizations()
    profiles = [
        replace(
            CLASSES[name],
            page_size=chance.choice((0, 2)),
            clock_shift=timedelta(0),
            stamp_field="changed",
            counts_changes=True,
        )
        for name in chance.choices(sorted(CLASSES), k=3)
    ]
    machine.set_up(
        profiles,
        chance.random() < 0.3,
        [_policy(chance), _policy(chance)],
        [(0, "k1"), (1, "k2")],
    )
    try:
        for _ in range(STEPS):
            _deed(machine, chance)
        machine.check_now()
        world = machine.world
        assert world is not None
        return [(name, system.log) for name, system in world.systems.items()] + [world.ledger_content()]
    finally:
        if machine.world is not None:
            machine.world.close()


def _policy(chance: random.Random) -> Policy:
    conflict = chance.choice((ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B))
    return Policy(conflict, chance.choice(tuple(EditAgainstDelete)[:2]))


def _deed(machine: Synchronizations, chance: random.Random) -> None:
    system, key, which = chance.randrange(3), chance.choice(KEYS), chance.randrange(2)
    match chance.choice(DEEDS):
        case "write":
            machine.write(system, key)
        case "phone":
            machine.edit_phone(system, key)
        case "delete":
            machine.delete(system, key)
        case "rename":
            machine.rename(system, key, chance.choice(KEYS))
        case "wait":
            machine.wait(chance.choice((1, 600)))
        case "edit":
            machine.run(which, edit=chance.random(), system=system, key=key)
        case "crash":
            machine.run(which, crash=chance.random(), key=key)
        case "clock":
            machine.jump(chance.choice((-3600, 3600)))
        case "lid":
            machine.suspend(7200)
        case "another system":
            machine.put_another_system_in_place(system)
        case "ignores":
            machine.begin_to_ignore_conditions(system)
        case "push":
            machine.push(chance.choice(("deliver", "echo")))
        case "system":
            machine.put_system_back(system, chance.random())
        case "ledger":
            machine.put_ledger_back(chance.random())
        case "definition":
            machine.change_definition(chance.choice(tuple(Change)))
        case "schema":
            machine.change_schema(system, chance.choice(tuple(Drift)))
        case _:
            kinds = {"write_kind": chance.choice(WRITE_FAULTS), "batch_kind": chance.choice(BATCH_FAULTS)}
            machine.run(which, fault="write", side=system % 2, key=key, **kinds)
