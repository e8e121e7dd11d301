"""The state machine: random people, runs, crashes, faults, pushes, restored files and edited definitions (RELIABILITY
5.2).

`machine_deeds` says how often each deed is drawn. A crash or an edit is put at a step drawn from the real length of
that configuration's runs, so that it lands.
"""

from __future__ import annotations

from hypothesis.stateful import rule

from desktop_sync.core.errors import AlreadyRunningError
from tests.property.machine_accidents import Accidents
from tests.property.machine_running import Counted
from tests.support.chaos_faults import FaultKind
from tests.support.machine_changes import Drift, drifted
from tests.support.machine_deeds import DEED
from tests.support.machine_definitions import KEYS
from tests.support.machine_invariants import is_in_sync
from tests.support.machine_moments import is_race_window, plan_faults
from tests.support.machine_world import die

RUNS_BETWEEN_CHECKS = 10


class Synchronizations(Accidents):
    """The whole machine."""

    @rule(deed=DEED)
    def does(self, deed: tuple[str, dict[str, object]]) -> None:
        name, arguments = deed
        self.script.append(deed)
        getattr(self, name)(**arguments)

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
        besides: float | None = None,
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

        `edit`, `besides` and `crash` are shares of the run's length."""
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
            | {share: lambda _: self._start_another(name) for share in (besides,) if share is not None}
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

    def check(self) -> None:
        if self.runs_since_check >= RUNS_BETWEEN_CHECKS:
            self.check_now()
