"""What befalls the systems, the ledger and the definitions of a machine, beside what people and runs do."""

from __future__ import annotations

from dataclasses import replace

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.errors import SchemaDriftError
from desktop_sync.core.guard import Guard
from desktop_sync.core.run import Outcome
from tests.property.machine_running import Counted, Running
from tests.support.machine_changes import Change, Drift, changed, drifted
from tests.support.machine_moments import another_in_place, knows_system
from tests.support.machine_people import keeps_conditions

DAYS_S = 3 * 86_400.0


class Accidents(Running):
    """Each deed says itself what must hold right after it."""

    def put_system_back(self, system: int, age: float) -> None:
        """An administrator restores a system from its backup; then everything runs."""
        name = self._name(system)
        world = self.world
        assert world is not None
        if any(map(self._is_edited, world.configurations)):
            return
        world.arrive()
        for system in world.systems.values():
            system.faults.clear()
        for each in world.configurations:
            if each not in world.finished:  # what a run that was cut off had written is known to nobody
                self._run(each)
        if not self.backups.put_system_back(name, age):
            return
        Counted["restored_systems"] += 1
        for each in world.configurations:
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

    def begin_to_ignore_conditions(self, system: int) -> None:
        """A system takes the conditions of writes from now on and does not keep them; nobody does anything there before
        it is due to be tried again."""
        world, name = self.world, self._name(system)
        assert world is not None
        place = world.systems[name]
        if not keeps_conditions(place):
            return
        world.arrive()
        place.profile = replace(place.profile, ignores_conditions=True)
        world.clock.sleep(DAYS_S)
        Counted["began_to_ignore"] += 1

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
