"""Every crash point of every scenario in every class of the capability ladder, in one process (RELIABILITY 5.1 L2).

A run is carried out once; at each of its steps the bytes of the ledger's files and the state of both systems are taken,
which is what a process that dies there leaves. Then a new program starts from each of these moments, settles, and is
checked: both systems agree on what they must agree on, each identity is there once, no value that a person wrote is
missing from systems and history, no intent is open, nothing is held, and one more run writes nothing.

A request that is being sent when the process dies has never arrived, or arrives late: both are tried.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.run import RunResult
from tests.crash.scenarios import BASE, Scenario
from tests.support.chaos_system import CLASSES, ChaosSystem, Profile
from tests.support.chaos_world import NAME, ChaosWorld, Moment, Template, make_chaos_world, take_moment, world_at


@dataclass
class Counts:
    """What was tried and what went wrong. `failures` names some of what did, for people."""

    scenarios: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    with_all_pairs: set[str] = field(default_factory=set)
    crash_runs: int = 0
    late_arrivals: int = 0
    lost: int = 0
    duplicated: int = 0
    losers_missing: int = 0
    unsettled: int = 0
    quiet_checks: int = 0
    noisy_checks: int = 0
    steps_seen: Counter[str] = field(default_factory=Counter)
    steps_crashed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def steps_missed(self) -> list[str]:
        return sorted(set(self.steps_seen) - set(self.steps_crashed))

    @property
    def is_good(self) -> bool:
        bad = self.lost + self.duplicated + self.losers_missing + self.unsettled + self.noisy_checks
        return not bad and not self.steps_missed


@dataclass
class Enumeration:
    """Works in `folder`, which had better be in memory. `quiet_every`: after which of the crash runs one more run is
    tried; every one after a late arrival is."""

    folder: Path
    quiet_every: int = 1
    counts: Counts = field(default_factory=Counts)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.template = Template(self.folder)

    def singles(self, scenario: Scenario, class_name: str, *, step: int = 1, first: int = 0) -> None:
        """Every `step`-th crash point of the scenario's run, from the `first`, and the first one at each step of a name
        at which nothing has died yet."""
        for moment in self._moments(scenario, class_name, first, step):
            self._crash(scenario, class_name, moment)

    def pairs(self, scenario: Scenario, class_name: str, *, step: int = 1, first: int = 0, outer_step: int = 1) -> None:
        """For every `outer_step`-th crash point of the run, every `step`-th one of the recovery from it; the `first` of
        both. What a crash point costs is mostly the recovery from it, so few of them with many steps are cheap."""
        if step == outer_step == 1:
            self.counts.with_all_pairs.add(scenario.name)
        for moment in self._moments(scenario, class_name, first, outer_step):
            world = self._restored(moment)
            for second in self._watched(world, first, step):
                self._crash(scenario, class_name, second, after=moment.step)

    def _moments(self, scenario: Scenario, class_name: str, first: int, step: int) -> list[Moment]:
        self.counts.scenarios.add(scenario.name)
        self.counts.classes.add(class_name.removesuffix("-not-unique"))
        return self._watched(self.edited(scenario, scenario.change(CLASSES[class_name])), first, step, scenario)

    def edited(self, scenario: Scenario, profile: Profile) -> ChaosWorld:
        """Both systems agreed, then people edited them."""
        world = make_chaos_world(self.template, self._place(), profile, profile, **scenario.rules)
        for number, (email, name) in enumerate(BASE.items(), 1):
            world.left.put("people", id=f"{number}", email=email, name=name)
            world.right.put("people", id=f"{100 + number}", email=email, name=name)
        first = world.run()
        assert not any(entity.failed for entity in first.entities), first
        scenario.edit(world.left, world.right)
        return world

    def act(self, world: ChaosWorld) -> RunResult | DesktopSyncError | None:
        """What the program is asked for, and asked for again after it died."""
        return world.try_run()

    def rest(self, world: ChaosWorld) -> None:
        """What may still be written down in the ledger, and not to a system, before a run leaves everything as it
        is."""

    def expected(self, world: ChaosWorld, scenario: Scenario, system: ChaosSystem) -> dict[str, str]:
        """What the system holds in the end, e-mail address → name."""
        return dict(scenario.agreed)

    def is_settled(self, world: ChaosWorld, result: RunResult | DesktopSyncError | None) -> bool:
        return is_settled(world, result)

    def _watched(self, world: ChaosWorld, first: int, step: int, scenario: Scenario | None = None) -> list[Moment]:
        """The moments of the next run at every `step`-th of its steps, from the `first`, and at the first step of each
        name at which nothing has died yet; the world is gone afterwards."""
        names: list[str] = []
        moments: list[Moment] = []

        def watch(name: str) -> None:
            is_new = not self.counts.steps_crashed[name] and name not in names
            if is_new or (len(names) >= first and (len(names) - first) % step == 0):
                moments.append(take_moment(world, name))
            names.append(name)

        if scenario is not None and scenario.faults is not None:
            scenario.faults(world.left, world.right)
        world.stepper.watch = watch
        self.act(world)
        world.stepper.watch = None
        self.counts.steps_seen.update(names)
        self._drop(world)
        return moments

    def _crash(self, scenario: Scenario, class_name: str, moment: Moment, after: str = "") -> None:
        ways = [False]
        if moment.left["in_flight"] is not None or moment.right["in_flight"] is not None:
            ways.append(True)
        for is_late in ways:
            self.counts.crash_runs += 1
            self.counts.late_arrivals += is_late
            self.counts.steps_crashed[moment.step] += 1
            told = f"{scenario.name}, {class_name}, {after + ' then ' if after else ''}{moment.step}"
            world = self._restored(moment, answer_is_late=is_late)
            self._recover(scenario, world, moment, told + (" with the answer late" if is_late else ""), is_late)
            self._drop(world)

    def _recover(self, scenario: Scenario, world: ChaosWorld, moment: Moment, told: str, is_late: bool) -> None:
        counts, tokens = self.counts, _tokens(world)
        results = [self.act(world)]
        world.clock.move(100)  # what is under way arrives
        if not self.is_settled(world, results[-1]):
            results.append(self.act(world))
        counts.steps_seen.update(world.stepper.names)
        expected = {system.name: self.expected(world, scenario, system) for system in (world.left, world.right)}
        problems = check(expected, world, tokens, counts)
        if not self.is_settled(world, results[-1]):
            counts.unsettled += 1
            problems.append(f"not settled: {results}")
        if is_late or counts.crash_runs % self.quiet_every == 0:
            counts.quiet_checks += 1
            writes = world.left.writes() + world.right.writes()
            self.rest(world)
            ledger = world.ledger_rows()
            world.try_run()
            changed = [name for name, rows in world.ledger_rows().items() if rows != ledger.get(name)]
            if changed or world.left.writes() + world.right.writes() != writes:
                counts.noisy_checks += 1
                problems.append(f"one more run wrote: {changed}")
        if problems:
            counts.failures.append(f"{told}: {'; '.join(problems)}")

    def _restored(self, moment: Moment, *, answer_is_late: bool = False) -> ChaosWorld:
        return world_at(moment, self._place(), answer_is_late=answer_is_late)

    def _place(self) -> Path:
        return self.folder / f"world {next(self._numbers)}"

    @staticmethod
    def _drop(world: ChaosWorld) -> None:
        world.abandon()
        shutil.rmtree(world.folder)


def check(expected: Mapping[str, dict[str, str]], world: ChaosWorld, tokens: set[str], counts: Counts) -> list[str]:
    """What is wrong with the world after a recovery, in words; counted, too. `expected`: by system, what it holds."""
    problems: list[str] = []
    for system in (world.left, world.right):
        rows = list(system.records("people").values())
        names = Counter(row["email"] for row in rows)
        if any(number > 1 for number in names.values()):
            counts.duplicated += 1
            problems.append(f"twice in {system.name}: {[email for email, number in names.items() if number > 1]}")
        found = {str(row["email"]): str(row["name"]) for row in rows}
        if found != expected[system.name]:
            counts.lost += 1
            problems.append(f"{system.name} has {found}")
        problems += system.violations
    missing = tokens - _tokens(world)
    if missing:
        kept = world.kept_values()
        gone = sorted(token for token in missing if not any(token in value for value in kept))
        counts.losers_missing += len(gone)
        problems += [f'"{token}" is nowhere any more' for token in gone]
    return problems


def _tokens(world: ChaosWorld) -> set[str]:
    """Every value that people see in both systems."""
    return {
        value
        for system in (world.left, world.right)
        for row in system.records("people").values()
        for field_name, value in row.items()
        if field_name in ("email", "name") and value is not None
    }


def is_settled(world: ChaosWorld, result: RunResult | DesktopSyncError | None) -> bool:
    return (
        isinstance(result, RunResult)
        and not any(entity.failed for entity in result.entities)
        and not world.ledger.open_batches(NAME)
        and not world.ledger.held_records(NAME)
    )
