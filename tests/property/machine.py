"""The state machine: random people, runs, crashes, faults, pushes, restored files and edited definitions (RELIABILITY
5.2).

`machine_deeds` says how often each deed is drawn. `Counted` is what all machines of a process came to. A crash or an
edit is put at a step drawn from the real length of that configuration's runs, so that it lands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Direction
from desktop_sync.core.errors import AlreadyRunningError, DesktopSyncError, SchemaDriftError
from desktop_sync.core.guard import Guard
from desktop_sync.core.run import Outcome, RunResult
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import Profile
from tests.support.chaos_world import Crash
from tests.support.machine_changes import Change, Drift, changed, drifted
from tests.support.machine_deeds import DEED, KEY, SYSTEM
from tests.support.machine_definitions import FIELDS, KEYS, PEOPLE, POLICIES, PROFILES, CalmSystem, Definition, Policy
from tests.support.machine_invariants import Known, check, is_in_sync
from tests.support.machine_moments import (
    another_in_place,
    is_race_window,
    knows_system,
    plan_faults,
    sent_against_guards,
)
from tests.support.machine_people import People
from tests.support.machine_restores import Backups
from tests.support.machine_world import MachineWorld, TrueClock, WorldClock, die

USUAL_STEPS = 20
RUNS_BETWEEN_CHECKS = 10

Counted: Counter[str] = Counter()


class Synchronizations(RuleBasedStateMachine):
    """Two systems and one configuration, or three systems and two configurations that share the one in the middle."""

    def __init__(self) -> None:
        super().__init__()
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
    )
    def set_up(
        self,
        profiles: list[Profile],
        has_hub: bool,
        policies: list[Policy],
        at_first: list[tuple[int, str]],
        remembers: bool = False,
    ) -> None:
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
        self.world = MachineWorld(clock, systems, *configurations)
        self.world.remembers = remembers
        one_way = {Direction.A_TO_B: "a", Direction.B_TO_A: "b"}.get(policies[0].direction)
        self.people = People(self.world, frozenset(self.names if one_way is None else one_way))
        self.known = Known(definition)
        self.backups = Backups(self.world, self.people, self.known)
        for number, key in at_first:
            self.people.write(self._name(number), key)
        Counted["machines"] += 1

    @rule(deed=DEED)
    def does(self, deed: tuple[str, dict[str, object]]) -> None:
        name, arguments = deed
        getattr(self, name)(**arguments)

    def _name(self, number: int) -> str:
        return self.names[number % len(self.names)]

    def _configuration(self, number: int) -> str:
        assert self.world is not None
        return self.world.configurations[number % len(self.world.configurations)]

    def _is_edited(self, name: str) -> bool:
        """Whether something else was synchronized at the end of its last run."""
        return self.carried_out.get(name, self.known.definition) != self.known.definition

    # people

    def write(self, system: int, key: str) -> None:
        self.people.write(self._name(system), key)

    def edit_phone(self, system: int, key: str) -> None:
        self.people.phone(self._name(system), key)

    def delete(self, system: int, key: str) -> None:
        self.people.delete(self._name(system), key)

    def rename(self, system: int, key: str, to: str) -> None:
        self.people.rename(self._name(system), key, to)

    def touch(self, system: int, key: str) -> None:
        self.people.touch(self._name(system), key)

    def same_new_record_in_two(self, key: str) -> None:
        if all(self.people.is_free(name, key) for name in self.names):
            for name in self.names[:2]:
                self.people.write(name, key)

    def same_edit_everywhere(self, key: str) -> None:
        self.people.same_everywhere(key)

    # runs

    def run(
        self,
        which: int,
        edit: float | None = None,
        crash: float | None = None,
        meanwhile: str = "write",
        system: int = 0,
        key: str = KEYS[0],
        fault: str = "none",
        side: int = 0,
        write_kind: FaultKind = FaultKind.LATE,
        batch_kind: FaultKind = FaultKind.LATE,
        read_kind: FaultKind = FaultKind.READ_ERROR,
        nth: int = 1,
    ) -> None:
        """A run with something to do. Meanwhile somebody edits, it is started again, a system fails, the program dies.

        `edit` and `crash` are shares of the run's length."""
        name, world = self._configuration(which), self.world
        assert world is not None
        ends = world.ends[name]
        if ends[1 - side] not in self.people.writers:
            side = 1 - side
        troubled = world.systems[ends[side]]
        self.people.write(ends[1 - side], key)
        if fault == "page":
            troubled.faults.add("page", read_kind, nth=nth)
        elif fault == "write":
            plan_faults(troubled, write_kind, batch_kind, nth)

        def happens(step: str) -> None:
            if meanwhile == "drift":
                drifted(world, self._name(system), Drift.DROPPED)
            elif meanwhile == "another program":
                self._start_another(name)
            elif meanwhile == "clock":
                self.jump(3600 if nth == 1 else -3600)
            elif meanwhile == "lid":
                self.suspend(7200)
            elif not is_race_window(world, step):
                self._edit_midway(self._name(system), key, is_deleted=meanwhile == "delete")

        pages, writes = troubled.calls["page"], world.writes()
        is_plain = fault == "page" and name in self.paired & world.finished and world.is_settled(name)
        self._run(
            name,
            {share: happens for share in (edit,) if share is not None}
            | {share: die for share in (crash,) if share is not None},
        )
        drifted(world, self._name(system), None)
        if is_plain and troubled.emptied == pages + 1:  # the first one is that of the plan
            Counted["empty_listings"] += 1
            assert world.writes() == writes, f"I8 {name} wrote although {troubled.name} had come empty"

    def push(self, which: str) -> None:
        """One of the systems tells that something is new about a record; or nobody hears it."""
        assert self.world is not None
        told = self.people.told
        if which == "echo" or not told:
            own = [
                (system.name, request.record_id)
                for system in self.world.systems.values()
                for request in system.log[-1:]
                if request.record_id is not None
            ]
            for system, record_id in own[-1:]:
                self._push(system, record_id)
            return
        system, record_id = told[-1 if which == "re-order" else 0]
        if which != "duplicate":
            told.remove((system, record_id))
        if which != "drop":
            self._push(system, record_id)

    def _push(self, system: str, record_id: str) -> None:
        """N10: of what is in sync a push costs one read of the record at most, and no write."""
        world = self.world
        assert world is not None
        for name in world.configurations:
            if system not in world.ends[name]:
                continue
            # Of a configuration that only pushes ran so far, nobody knows by which mapping they did.
            is_known = (
                name in self.carried_out and not self._is_edited(name) and is_in_sync(world, name, system, record_id)
            )
            before = world.writes()
            reads = {one: world.systems[one].reads.copy() for one in world.ends[name]}
            self._go(name, lambda name=name: world.run_pushed(name, system, record_id), is_whole=False)  # type: ignore[misc]
            Counted["pushes"] += 1
            if is_known:
                Counted["echoes_pushed"] += 1
                more = [world.systems[one].reads - reads[one] for one in reads]
                most = max((times for each in more for times in each.values()), default=0)
                Counted["most_reads_per_own_write"] = max(Counted["most_reads_per_own_write"], most)
                Counted["echo_writes"] += world.writes() - before
                assert world.writes() == before, f"N10 {name} wrote because of a push of {record_id} that told nothing"
                assert most <= 1, f"N10 {name} read a record {most} times because of a push"

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

    # time

    def wait(self, seconds: float) -> None:
        assert self.world is not None
        self.world.arrive()
        self.world.clock.sleep(seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock of the machine that the program runs on."""
        assert self.world is not None
        self.world.clock.jump(seconds)
        Counted["clock_jumps"] += 1

    def suspend(self, seconds: float) -> None:
        """The machine sleeps; the world goes on."""
        assert self.world is not None
        with self.world.unnoticed():
            self.world.clock.suspend(seconds)
        Counted["suspensions"] += 1

    def let_late_requests_arrive(self) -> None:
        assert self.world is not None
        self.world.arrive()

    # others

    def put_system_back(self, system: int, age: float) -> None:
        """An administrator restores a system from its backup; then everything runs."""
        name = self._name(system)
        assert self.world is not None
        if any(map(self._is_edited, self.world.configurations)) or not self.backups.put_system_back(name, age):
            return
        Counted["restored_systems"] += 1
        for each in self.world.configurations:
            self._run(each)
        assert not (lost := self.backups.rolled_back(name)), f"C7 {lost}"

    def put_another_system_in_place(self, system: int) -> None:
        """Of the same name, for a while: nothing is written, neither there nor in the others."""
        world, name = self.world, self._name(system)
        assert world is not None
        users = [one for one in world.configurations if name in world.ends[one] and knows_system(world, one, name)]
        for one in world.systems.values():
            one.faults.clear()
        before = world.writes()
        with another_in_place(world.systems[name]):
            for each in users:
                result = self._go(each, lambda each=each: world.run(each), is_whole=False)  # type: ignore[misc]
                Counted["other_systems"] += 1
                assert result is not None, f"C5 {each} failed: {self.said[-1:]}"
                found = {finding.guard for finding in result.findings} if result.outcome is Outcome.GUARD else set()
                assert Guard.IDENTITY in found, f"C5 {each} did not notice: {result}"
        assert world.writes() == before, f"C5 something was written although another system stood in place of {name}"

    def put_ledger_back(self, age: float) -> None:
        """Somebody puts the ledger's file back from a copy; runs only match until a check confirms it."""
        assert self.world is not None
        must = self.backups.put_ledger_back(age)
        if must is None:
            return
        Counted["restored_ledgers"] += 1
        for name in must:
            mode = self.world.app.ledger.binding(name).match_only
            assert mode is MatchOnly.RESTORED, f"K7 nobody noticed that the ledger of {name} was restored: {mode}"
        self.paired.clear()
        self.carried_out.clear()
        self.matching = {name for name in self.world.configurations if self.world.only_matches(name)}

    def change_definition(self, change: Change) -> None:
        assert self.world is not None
        self.world.arrive()  # what is under way was sent for the definition of before
        self.known.definition = changed(self.world, self.people, self.known.definition, change)
        self.world.finished.clear()  # whoever saves it takes the structures as they are
        Counted["changed_definitions"] += 1

    def change_schema(self, system: int, drift: Drift) -> None:
        """A field is not there any more, or not what it was: the entity stops, until the field is back."""
        world, name = self.world, self._name(system)
        assert world is not None
        users = [one for one in world.configurations if name in world.ends[one]]
        if drift is Drift.RETYPED and (any(map(self._is_edited, users)) or not set(users) <= world.finished):
            return  # nobody knows yet what the field was
        world.arrive()
        for one in world.systems.values():
            one.faults.clear()
        drifted(world, name, drift)
        before = world.writes()
        for each in users:
            try:
                world.run(each)
            except SchemaDriftError:
                Counted["drifts_noticed"] += 1
            else:
                raise AssertionError(f"E11 {each} ran although a field of {name} had {drift.value}")
        drifted(world, name, None)
        assert world.writes() == before, "E11 it wrote although a field was not there"

    def check(self) -> None:
        if self.runs_since_check >= RUNS_BETWEEN_CHECKS:
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
        edited = frozenset(filter(self._is_edited, self.world.configurations))
        found = check(self.world, self.people, self.known, edited)
        self.carried_out = dict.fromkeys(self.world.configurations, self.known.definition)
        self.matching.clear()
        Counted["checks"] += 1
        Counted["own_writes"] += self.world.writes() - self.writes_seen
        self.writes_seen = self.world.writes()
        Counted["echo_writes"] += found.echo_writes
        Counted["most_reads_per_own_write"] = max(Counted["most_reads_per_own_write"], found.most_reads)
        assert not found.failures, "\n".join([*found.failures, *self.said[-5:]])
