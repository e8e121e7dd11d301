"""Twenty days of a schedule of five minutes, with a clock that is moved by hand: 5,760 incremental runs of one process.

Now and then somebody edits, adds or deletes a record, and once a week everything is compared. At every step the
schedule must want exactly one run, and none until the next step; open files and threads stay flat, and memory
does so too. At the end both systems hold the same.
"""

from __future__ import annotations

import gc
import os
import random
import threading
from datetime import timedelta
from pathlib import Path
from statistics import median

from desktop_sync.core.configuration import ConflictRule, DeleteRule, Entity, PerSide
from desktop_sync.core.run import Outcome, RunKind
from desktop_sync.core.schedule import Schedule, ScheduleKind
from tests.reliability.size import Size
from tests.support.ledger_home import HandClock
from tests.support.worlds import NAME, PERSON, TableSide, World, make_world, person_entity

SEED = 20_260_304
STEP = timedelta(minutes=5)
RUNS_A_DAY = 288
FEW_DAYS = 3
PEOPLE = 60
EDITS = 0.03
"""The share of steps before which somebody works."""
COLUMNS = "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"


def _entity() -> Entity:
    return person_entity(
        modified=PerSide("Changed", "changed"),
        conflict=ConflictRule.MOST_RECENT,
        delete=PerSide(DeleteRule.DELETE, DeleteRule.DELETE),
    )


class Soak:
    """The world, its clock, and what the runs came to."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.chance = random.Random(SEED)
        self.world: World = make_world(
            folder,
            _entity(),
            a={"Person": PERSON},
            b={"people": COLUMNS},
            b_is_table=True,
            clock=self.clock,
        )
        self.next_person = 0
        for side, structure, key, stamp in (("a", "Person", "Id", "Changed"), ("b", "people", "id", "changed")):
            self._keep_stamps(side, structure, key, stamp)
        self._tell_time()
        self.missed = self.doubled = self.failed = self.runs = 0
        for _ in range(PEOPLE):
            self._add()
        assert self.world.run().outcome is Outcome.DONE
        schedule = Schedule(ScheduleKind.INTERVAL, interval_minutes=5, is_incremental=True)
        self.world.save(schedule=schedule)
        self.world.app.schedules.due(self.clock.now())

    def _keep_stamps(self, side: str, structure: str, key: str, stamp: str) -> None:
        """The system stamps every record that is written, whoever writes it, with its own time."""
        table = self.world.side(side)
        assert isinstance(table, TableSide)
        table.execute("CREATE TABLE time (now TEXT)")
        table.execute("INSERT INTO time VALUES ('')")
        for event in ("INSERT", "UPDATE"):
            table.execute(
                f"CREATE TRIGGER stamp_{event} AFTER {event} ON {structure} BEGIN UPDATE {structure} SET {stamp} = "
                f"(SELECT now FROM time) WHERE {key} = new.{key}; END"
            )

    def _tell_time(self) -> None:
        """Both systems know what time it is."""
        for side in (self.world.a, self.world.b):
            assert isinstance(side, TableSide)
            side.execute("UPDATE time SET now = ?", (self.clock.now().strftime("%Y-%m-%d %H:%M:%S"),))

    def _add(self) -> None:
        self.next_person += 1
        self.world.put("a", Email=f"p{self.next_person}@x.org", City="Wien")

    def _work(self) -> None:
        """Somebody edits a record of either side, adds one or deletes one."""
        self._tell_time()
        deed = self.chance.choice(("edit a", "edit b", "edit b", "add and delete"))
        if deed == "add and delete":
            ids = [row[0] for row in self.world.rows("a", "Id")]
            self.world.delete("a", self.chance.choice(ids))
            self._add()
            return
        side = deed[-1]
        ids = [row[0] for row in self.world.rows(side, "Id" if side == "a" else "id")]
        city = f"city {self.chance.randrange(10**6)}"
        self.world.edit(side, self.chance.choice(ids), **{"City" if side == "a" else "city": city})

    def step(self) -> None:
        """Five minutes pass, and what is due runs."""
        self.clock.move(seconds=STEP.total_seconds() / 2)
        self.doubled += len(self.world.app.schedules.due(self.clock.now()))
        self.clock.move(seconds=STEP.total_seconds() / 2)
        if self.chance.random() < EDITS:
            self._work()
        due = self.world.app.schedules.due(self.clock.now())
        self.missed += [one.configuration for one in due] != [NAME]
        for one in due:
            self.runs += 1
            result = self.world.run(trigger=one.trigger)
            self.failed += one.kind is not RunKind.RUN or result.outcome is not Outcome.DONE
        self.doubled += len(self.world.app.schedules.due(self.clock.now()))

    def end(self) -> bool:
        """Whether both systems hold the same after a complete run."""
        self.world.run()
        same = self.world.rows("a", "Email", "City") == self.world.rows("b", "email", "city")
        self.world.app.close()
        return same


def measure(size: Size, folder: Path) -> dict[str, float]:
    """What grew from the ends of the first three days to those of the last three: the resident size by the median,
    because it goes up and down by some percent from day to day; files and threads by the least, because a backup may be
    under way."""
    runs = size.of(24, 5760, 3 * 5760)
    day = min(RUNS_A_DAY, runs // 8)
    soak = Soak(folder)
    ends = []
    for number in range(1, runs + 1):
        soak.step()
        if number % day == 0:
            ends.append(_resources())
    first, last = (list(zip(*some, strict=True)) for some in (ends[:FEW_DAYS], ends[-FEW_DAYS:]))
    return {
        "runs": soak.runs,
        "missed": soak.missed,
        "doubled": soak.doubled,
        "failed": soak.failed + (not soak.end()),
        "file_growth": max(0, min(last[0]) - min(first[0])),
        "thread_growth": max(0, min(last[1]) - min(first[1])),
        "memory_growth": round(median(last[2]) / median(first[2]) - 1, 4),
        "memory_mb": round(median(last[2]) / 2**20, 1),
    }


def _resources() -> tuple[int, int, int]:
    """Open files, threads, resident bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(os.listdir("/proc/self/fd")), threading.active_count(), pages * os.sysconf("SC_PAGE_SIZE")
