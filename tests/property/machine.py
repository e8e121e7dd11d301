"""The state machine: random people, runs, crashes, faults, edits in the middle of runs, and waiting (RELIABILITY 5.2).

`Counted` is what all machines of a process came to. A crash or an edit is put at a step drawn from the real length of
that configuration's runs, so that it lands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    PerSide,
    SyncConfiguration,
)
from desktop_sync.core.errors import AlreadyRunningError, DesktopSyncError
from desktop_sync.core.provider_port import ConditionalWrite, CreateClass
from desktop_sync.core.run import Outcome, RunResult
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import CLASSES, ChaosSystem, Profile
from tests.support.chaos_world import Crash
from tests.support.machine_invariants import check
from tests.support.machine_people import FIELDS, PEOPLE, People
from tests.support.machine_world import MachineWorld, WorldClock, die

KEYS = ("k1", "k2", "k3", "k4", "k5")
GUARDS = GuardLimits(None, None, True, None, None, None, False, True)
USUAL_STEPS = 20
RUNS_BETWEEN_CHECKS = 12

WRITE_FAULTS = (
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.TIMEOUT_NOT_APPLIED,
    FaultKind.TIMEOUT_APPLIED,
    FaultKind.ERROR_BEFORE,
    FaultKind.THROTTLE,
    FaultKind.REJECT,
)
READ_FAULTS = (
    FaultKind.READ_ERROR,
    FaultKind.SHORT_PAGE,
    FaultKind.EMPTY_200,
    FaultKind.EMPTY_PAGE,
    FaultKind.REPEATED_PAGE,
    FaultKind.LOOP,
)
Counted: Counter[str] = Counter()


def entity(conflict: ConflictRule, against: EditAgainstDelete) -> Entity:
    return Entity(
        PEOPLE,
        PerSide(PEOPLE, PEOPLE),
        (FieldMapping("key", "key", identifying=True), FieldMapping("name", "name"), FieldMapping("phone", "phone")),
        conflict=conflict,
        first_contact=FirstContactRule.MOST_RECENT,
        edit_against_delete=against,
        delete=PerSide(DeleteRule.DELETE, DeleteRule.DELETE),
        modified=PerSide("changed", "changed"),
        max_failed_attempts=100,
    )


PROFILES = st.builds(
    lambda name, cas, size, by_offset, shift: replace(
        CLASSES[name],
        conditional_write=cas,
        page_size=size,
        pages_by_offset=by_offset,
        clock_shift=timedelta(seconds=shift),
        stamp_field="changed",
    ),
    st.sampled_from(sorted(CLASSES)),
    st.sampled_from((ConditionalWrite.STRONG, ConditionalWrite.STRONG, ConditionalWrite.VERIFY)),
    st.sampled_from((0, 2, 3)),
    st.booleans(),
    st.sampled_from((0, 0, 0.02)),
)
SYSTEMS = st.integers(0, 2)
WHICH_KEY = st.sampled_from(KEYS)


class Synchronizations(RuleBasedStateMachine):
    """Two systems and one configuration, or three systems and two configurations that share the one in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.world: MachineWorld | None = None
        self.agreed: dict[str, list[tuple[str | None, str | None]]] = {}
        self.lengths: dict[str, int] = {}
        self.runs_since_check = 0
        self.writes_seen = 0
        self.said: list[str] = []

    @initialize(
        profiles=st.lists(PROFILES, min_size=3, max_size=3),
        has_hub=st.sampled_from((False, False, True)),
        conflict=st.sampled_from((ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B, ConflictRule.ASK)),
        against=st.sampled_from((EditAgainstDelete.EDIT, EditAgainstDelete.DELETE)),
        at_first=st.lists(st.tuples(SYSTEMS, WHICH_KEY), max_size=4, unique=True),
    )
    def set_up(
        self,
        profiles: list[Profile],
        has_hub: bool,
        conflict: ConflictRule,
        against: EditAgainstDelete,
        at_first: list[tuple[int, str]],
    ) -> None:
        clock = WorldClock()
        rule = ConflictRule.MOST_RECENT if has_hub else conflict
        shared = (entity(rule, against),)
        configurations = [SyncConfiguration("one", "a", "b", shared, guards=GUARDS)]
        names = ["a", "b"]
        if has_hub:
            names.append("c")
            configurations.append(SyncConfiguration("two", "b", "c", shared, guards=GUARDS))
        systems = [CalmSystem(name, profile, clock) for name, profile in zip(names, profiles, strict=False)]
        for system in systems:
            system.make(PEOPLE, FIELDS)
        self.world = MachineWorld(clock, systems, *configurations)
        self.people = People(self.world)
        self.names = names
        for system, key in at_first:
            self.people.write(self._name(system), key)
        Counted["machines"] += 1

    def _name(self, number: int) -> str:
        return self.names[number % len(self.names)]

    def _configuration(self, number: int) -> str:
        assert self.world is not None
        return self.world.configurations[number % len(self.world.configurations)]

    # people

    @rule(system=SYSTEMS, key=WHICH_KEY)
    def write(self, system: int, key: str) -> None:
        self.people.write(self._name(system), key)

    @rule(system=SYSTEMS, key=WHICH_KEY)
    def edit_name(self, system: int, key: str) -> None:
        if self.people.find(self._name(system), key) is not None:
            self.people.write(self._name(system), key)

    @rule(system=SYSTEMS, key=WHICH_KEY)
    def edit_phone(self, system: int, key: str) -> None:
        self.people.phone(self._name(system), key)

    @rule(system=SYSTEMS, key=WHICH_KEY)
    def delete(self, system: int, key: str) -> None:
        self.people.delete(self._name(system), key)

    @rule(system=SYSTEMS, key=WHICH_KEY, to=WHICH_KEY)
    def rename(self, system: int, key: str, to: str) -> None:
        self.people.rename(self._name(system), key, to)

    @rule(system=SYSTEMS, key=WHICH_KEY)
    def touch(self, system: int, key: str) -> None:
        self.people.touch(self._name(system), key)

    @rule(key=WHICH_KEY)
    def same_new_record_in_two(self, key: str) -> None:
        if all(self.people.is_free(name, key) for name in self.names):
            for name in self.names[:2]:
                self.people.write(name, key)

    @rule(key=WHICH_KEY)
    def same_edit_everywhere(self, key: str) -> None:
        self.people.same_everywhere(key)

    # runs: few among the deeds of people, because each costs as much as all of these together

    @rule(
        which=st.integers(0, 1),
        share=st.floats(0, 1),
        system=SYSTEMS,
        key=WHICH_KEY,
        meanwhile=st.sampled_from(("nothing", "write", "write", "delete", "another program")),
    )
    def run(self, which: int, share: float, system: int, key: str, meanwhile: str) -> None:
        name = self._configuration(which)

        def happens(step: str) -> None:
            if meanwhile == "another program":
                self._start_another(name)
            elif not step.endswith(".verified"):  # else it is the stated race window of one round trip
                self._edit_midway(self._name(system), key, is_deleted=meanwhile == "delete")

        self._run(name, share, None if meanwhile == "nothing" else happens)

    @rule(which=st.integers(0, 1), share=st.floats(0, 1))
    def run_and_crash(self, which: int, share: float) -> None:
        self._run(self._configuration(which), share, die)

    @rule(
        which=st.integers(0, 1),
        system=SYSTEMS,
        reads=st.sampled_from((False, False, True)),
        write_kind=st.sampled_from(WRITE_FAULTS),
        read_kind=st.sampled_from(READ_FAULTS),
        nth=st.integers(1, 2),
    )
    def run_in_trouble(
        self, which: int, system: int, reads: bool, write_kind: FaultKind, read_kind: FaultKind, nth: int
    ) -> None:
        assert self.world is not None
        for method in ("page",) if reads else ("create", "update", "delete"):
            kind = read_kind if reads else write_kind
            self.world.systems[self._name(system)].faults.add(method, kind, nth=nth)
        self._run(self._configuration(which))

    def _edit_midway(self, system: str, key: str, *, is_deleted: bool) -> None:
        assert self.world is not None
        with self.world.unnoticed():
            (self.people.delete if is_deleted else self.people.write)(system, key)
        Counted["mid_run_edits"] += 1

    def _start_another(self, name: str) -> None:
        assert self.world is not None
        if not any(step.startswith("ledger.open_run") for step in self.world.steps.names):
            return  # the ledger is only being opened: nobody holds the configuration yet
        before = self.world.writes()
        try:
            self.world.run_besides(name)
        except AlreadyRunningError:
            assert self.world.writes() == before
            Counted["second_engines"] += 1
        else:
            raise AssertionError(f"the same configuration ran twice at once: {self.world.steps.names}")

    def _run(self, name: str, share: float = 0, happens: Callable[[str], object] | None = None) -> None:
        world = self.world
        assert world is not None
        world.steps.begin()
        if happens is not None:
            world.steps.at[1 + int(share * self.lengths.get(name, USUAL_STEPS))] = happens
        before = world.writes()
        self.runs_since_check += 1
        try:
            result = world.run(name)
        except Crash:
            Counted["crashes_landed"] += 1
            world.restart()
            return
        except DesktopSyncError as error:
            self.said.append(f"{name}: {error}")
            Counted["failed_runs"] += 1
            return
        Counted["runs"] += 1
        self.lengths[name] = max(4, len(world.steps.names))
        self._look(result, world.writes() - before)

    def _look(self, result: RunResult, writes: int) -> None:
        """I8: a run that a guard stopped wrote nothing."""
        if result.outcome is Outcome.GUARD:
            Counted["guarded"] += 1
            assert not writes, f"I8 a guarded run wrote {writes} records"

    # time

    @rule(seconds=st.sampled_from((1, 30, 600, 7200)))
    def wait(self, seconds: float) -> None:
        assert self.world is not None
        self.world.arrive()
        self.world.clock.sleep(seconds)

    @precondition(lambda self: self.world is not None and any(system.late for system in self.world.systems.values()))
    @rule()
    def let_late_requests_arrive(self) -> None:
        assert self.world is not None
        self.world.arrive()

    @precondition(lambda self: self.runs_since_check >= RUNS_BETWEEN_CHECKS)
    @rule()
    def check(self) -> None:
        self.check_now()

    def teardown(self) -> None:
        if self.world is None:
            return
        try:
            self.check_now()
        finally:
            Counted["late_applies"] += self.world.arrived
            self.world.close()

    def check_now(self) -> None:
        assert self.world is not None
        self.world.arrive()
        self.runs_since_check = 0
        found = check(self.world, self.people, self.agreed)
        Counted["checks"] += 1
        Counted["own_writes"] += self.world.writes() - self.writes_seen
        self.writes_seen = self.world.writes()
        Counted["echo_writes"] += found.echo_writes
        Counted["most_reads_per_own_write"] = max(Counted["most_reads_per_own_write"], found.most_reads)
        assert not found.failures, "\n".join([*found.failures, *self.said[-5:]])


class CalmSystem(ChaosSystem):
    """Gives out ids in order, so that the same seed gives the same world."""

    def new_ids(self, count: int) -> list[str]:
        first = self._given = getattr(self, "_given", 0)
        self._given += count
        return [f"{self.name}{first + number}" for number in range(count)]

    def _new_id(self, table: object) -> str:
        if self.profile.creates is CreateClass.CLIENT_ID:
            return self.new_ids(1)[0]
        return super()._new_id(table)  # type: ignore[arg-type]
