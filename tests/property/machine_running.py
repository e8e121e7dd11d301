"""What every machine of tests/property has, whatever is done to it: its world, how a configuration runs there, and what
must hold after each run and at each check.

`Counted` is what all machines of a process came to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from desktop_sync.core.configuration import Direction
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.run import Outcome, RunResult
from tests.support.chaos_system import Profile
from tests.support.chaos_world import Crash
from tests.support.machine_deeds import KEY, SYSTEM
from tests.support.machine_definitions import FIELDS, PEOPLE, POLICIES, PROFILES, CalmSystem, Definition, Policy
from tests.support.machine_invariants import check
from tests.support.machine_known import Known
from tests.support.machine_moments import sent_against_guards
from tests.support.machine_people import People
from tests.support.machine_restores import Backups
from tests.support.machine_world import MachineWorld, TrueClock, WorldClock

USUAL_STEPS = 20

Counted: Counter[str] = Counter()


class Running(RuleBasedStateMachine):
    """Two systems and one configuration, or three systems and two configurations that share the one in the middle."""

    latest: ClassVar[Running | None] = None
    """The machine that was made last."""

    def __init__(self) -> None:
        super().__init__()
        Running.latest = self
        self.script: list[tuple[str, dict[str, object]]] = []
        """What was called, with which arguments: to be called again by whoever looks for the cause of a failure."""
        self.world: MachineWorld | None = None
        self.lengths: dict[str, int] = {}
        self.runs_since_check = 0
        self.writes_seen = 0
        self.said: list[str] = []
        self.carried_out: dict[str, Definition] = {}
        """What each configuration was at the end of its last run."""
        self.matching: set[str] = set()
        """Those that only match until a person confirms."""
        self.paired: set[str] = set()
        """Those that had peers after their last run."""

    @initialize(
        profiles=st.lists(PROFILES, min_size=3, max_size=3),
        has_hub=st.sampled_from((False, False, True)),
        policies=st.lists(POLICIES, min_size=2, max_size=2),
        at_first=st.lists(st.tuples(SYSTEM, KEY), max_size=4, unique=True),
        remembers=st.sampled_from((False, False, True)),
        gives_again=st.just(False),  # what the program still falls short of: ARCHITECTURE, State
    )
    def set_up(
        self,
        profiles: list[Profile],
        has_hub: bool,
        policies: list[Policy],
        at_first: list[tuple[int, str]],
        remembers: bool = False,
        gives_again: bool = False,
    ) -> None:
        self.script.append(("set_up", {name: value for name, value in locals().items() if name != "self"}))
        clock = WorldClock()
        if has_hub:
            policies = [replace(policy, direction=Direction.BOTH) for policy in policies]
        definition = Definition(tuple(one.that_converges() for one in (policies if has_hub else policies[:1])))
        configurations = definition.configurations()
        self.names = sorted({name for one in configurations for name in (one.a, one.b)})
        systems = [
            CalmSystem(name, profile, TrueClock(clock)) for name, profile in zip(self.names, profiles, strict=False)
        ]
        for system in systems:
            system.make(PEOPLE, FIELDS)
            system.gives_again = gives_again
        self.world = MachineWorld(clock, systems, *configurations)
        self.world.remembers = remembers
        one_way = {Direction.A_TO_B: "a", Direction.B_TO_A: "b"}.get(policies[0].direction)
        self.people = People(self.world, frozenset(self.names if one_way is None else one_way))
        self.known = Known(definition)
        self.backups = Backups(self.world, self.people, self.known)
        for number, key in at_first:
            self.people.write(self._name(number), key)
        Counted["machines"] += 1

    def _name(self, number: int) -> str:
        return self.names[number % len(self.names)]

    def _configuration(self, number: int) -> str:
        assert self.world is not None
        return self.world.configurations[number % len(self.world.configurations)]

    def _is_edited(self, name: str) -> bool:
        """Whether something else was synchronized at the end of its last run."""
        return self.carried_out.get(name, self.known.definition) != self.known.definition

    def _run(self, name: str, happenings: Mapping[float, Callable[[str], object]] = MappingProxyType({})) -> None:
        """`happenings`: what happens after which share of the run's length."""
        world = self.world
        assert world is not None
        self.backups.take()
        world.steps.begin()
        for share, happens in happenings.items():
            world.steps.at[1 + int(share * self.lengths.get(name, USUAL_STEPS))] = happens
        self._go(name, lambda: world.run(name))
        world.steps.at.clear()

    def _go(self, name: str, run: Callable[[], RunResult], *, is_whole: bool = True) -> RunResult | None:
        """A run to whatever end it comes; I8 is looked at: what must not write has not written."""
        world = self.world
        assert world is not None
        before, deletes, first_step = world.writes(), world.deletes(), len(world.steps.names)
        self.runs_since_check += 1
        result: RunResult | None = None
        try:
            result = run()
        except Crash:
            Counted["crashes_landed"] += 1
            if "ledger.save_watermarks.after_commit" in world.steps.names:
                self.carried_out[name] = self.known.definition  # what it died of came after all that mattered
            world.restart()
        except DesktopSyncError as error:
            self.said.append(f"{name}: {error}")
            Counted["failed_runs"] += 1
        else:
            Counted["runs"] += 1
            self.lengths[name] = max(4, len(world.steps.names))
        writes = world.writes() - before
        if result is not None and result.outcome is Outcome.GUARD:
            Counted["guarded"] += 1
            sent = sent_against_guards(world.steps.names[first_step:])
            assert not sent, f"I8 a guarded run wrote: {sent}"
        if name in self.matching:
            Counted["match_only_runs"] += 1
            assert not writes, f"I8 {name} wrote {writes} records although nobody had confirmed what it matched"
        if self._is_edited(name):
            assert world.deletes() == deletes, f"C9 {name} deleted records in its first run after it was edited"
        if name in world.finished and is_whole:
            self.carried_out[name] = self.known.definition
        if result is not None:
            (self.paired.add if world.has_peers(name) else self.paired.discard)(name)
        return result

    def check_now(self) -> None:
        assert self.world is not None
        self.world.arrive()
        self.runs_since_check = 0
        edited = frozenset(filter(self._is_edited, self.world.configurations))
        found = check(self.world, self.people, self.known, edited)
        self.carried_out = dict.fromkeys(self.world.configurations, self.known.definition)
        self.matching.clear()
        Counted["checks"] += 1
        Counted["kept_counterparts"], self.known.kept = Counted["kept_counterparts"] + self.known.kept, 0
        Counted["own_writes"] += self.world.writes() - self.writes_seen
        self.writes_seen = self.world.writes()
        Counted["echo_writes"] += found.echo_writes
        Counted["most_reads_per_own_write"] = max(Counted["most_reads_per_own_write"], found.most_reads)
        assert not found.failures, "\n".join([*found.failures, *self.said[-5:]])

    def teardown(self) -> None:
        if self.world is None:
            return
        try:
            self.check_now()
        finally:
            Counted["late_applies"] += self.world.arrived
            self.world.close()
