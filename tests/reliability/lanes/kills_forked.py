"""SIGKILL at random moments, two or three in a row, of forked children that synchronize real files (RELIABILITY 5.4).

After each row of kills the program runs until it has nothing to do; then both systems must hold what people wrote, each
identity once, what a conflict lost must be in the history, and the ledger must be sound without an open intent. A kill
counts when it ended a run that had not ended by itself; it came during recovery when the run before it had been killed
too, and with intents open when that one left some.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
from pathlib import Path
from statistics import median

from desktop_sync.core.ledger_values import BatchState
from tests.reliability.size import Size
from tests.support.crash_trial import CrashServer
from tests.support.crash_world import FLOWS, World
from tests.support.random_work import RandomWork

SEED = 20_260_301
TRIALS_OF_A_WORLD = 40
"""Then a new one is made: the ledger grows across trials, but not for ever."""
WHOLE_EVERY = 10
FEWEST_RECORDS = 25


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Kills until enough have landed; gives up after five times as many attempts."""
    wanted = size.of(6, 1210, 25_200)
    lane = ForkedKills(random.Random(SEED))
    number = 0
    with CrashServer() as server:
        while lane.landed < wanted and lane.attempts < wanted * 5:
            flow = list(FLOWS)[number % len(FLOWS)]
            number += 1
            (folder / str(number)).mkdir()
            lane.visit(FLOWS[flow](folder / str(number)), server, wanted)
    return lane.counts()


class ForkedKills:
    """The trials and what they came to."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.attempts = self.landed = self.in_recovery = self.with_open_intents = self.checks = self.bad = 0

    def counts(self) -> dict[str, float]:
        return {
            "attempts": self.attempts,
            "landed": self.landed,
            "share_in_recovery": round(self.in_recovery / max(self.landed, 1), 3),
            "with_open_intents": self.with_open_intents,
            "bad_checks": self.bad,
            "quiet_checks": self.checks,
            "noisy_checks": self.bad,
        }

    def visit(self, world: World, server: CrashServer, wanted: int) -> None:
        """One world's trials; a world in which a check was bad is left."""
        world.furnish(FEWEST_RECORDS)
        server.ask(world, 1, definitions=str(world.definitions))
        work = RandomWork(world, self.chance)
        work.begin()
        whole_s: list[float] = []
        for trial in range(TRIALS_OF_A_WORLD):
            if self.landed >= wanted:
                return
            work.work()
            # Only a run that nobody killed says how long one takes: after a kill there is less to do.
            is_whole = trial % WHOLE_EVERY == 0
            if not is_whole:
                self._kill(world, server, median(whole_s))
            self.checks += 1
            try:
                seconds = server.converge(world, work.expected, tuple(work.losers))
            except AssertionError:
                traceback.print_exc(file=sys.stderr)
                self.bad += 1
                return
            if is_whole:
                whole_s.append(seconds)

    def _kill(self, world: World, server: CrashServer, usual_s: float) -> None:
        was_killed = False
        for _ in range(self.chance.choice((2, 3, 3, 3))):
            is_open = was_killed and _has_open_intents(world)
            self.attempts += 1
            answer = server.ask(world, 1, kill_after_s=self.chance.uniform(0, 1.1 * usual_s))
            landed = bool(answer["was_killed"])
            self.landed += landed
            self.in_recovery += landed and was_killed
            self.with_open_intents += landed and is_open
            was_killed = landed


def _has_open_intents(world: World) -> bool:
    """Looked up in a copy: opening the ledger itself would tidy up what the killed program left."""
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            if (world.home / name).exists():
                shutil.copy(world.home / name, folder)
        with contextlib.closing(sqlite3.connect(Path(folder) / "ledger.sqlite")) as connection:
            sql = f"SELECT count(*) FROM batch WHERE state = {BatchState.OPEN:d}"
            return bool(connection.execute(sql).fetchone()[0])
