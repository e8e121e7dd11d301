"""Ledgers whose log was torn or garbled: cut short at a random byte, or 512 bytes of noise in it (RELIABILITY A9).

A ledger with a known row of transactions is torn many times and opened; a whole world, killed at a random step, is torn
a few times and synchronized to the end.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.ledger import SqlLedger, open_ledger
from tests.support.crash_trial import CrashServer, check_values
from tests.support.crash_world import AGREED, CONFIGURATION, FLOWS, World
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, processed

NOISE = 512
INTENTS = 12
"""How many intents the known ledger has: each is opened and closed, but the last, which stays open."""
PER_INTENT = 50


def make_known(home: Path) -> None:
    """A ledger whose transactions lie in its log, as its program left it when it died: after n intents, PER_INTENT
    records for each that was closed."""
    live = home.with_name(home.name + " live")
    open_ledger(live, HandClock(), CountedIds()).close()
    ledger = open_ledger(live, HandClock(), CountedIds())
    run_id = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    for number in range(INTENTS):
        batch = ledger.open_batch(KEY, run_id, Side.B, "customers", 1, batch_rows(_ids(number)))
        if number < INTENTS - 1:
            ledger.close_batch(batch, processed(_ids(number)), done_rows=range(PER_INTENT))
    _copy(live, home)
    ledger.close()
    shutil.rmtree(live)


def tear(home: Path, chance: random.Random) -> None:
    """The log is cut short or garbled; the ledger is as one whose program died."""
    log = home / "ledger.sqlite-wal"
    at = chance.randrange(log.stat().st_size)
    with log.open("r+b") as file:
        if chance.random() < 0.5:
            file.truncate(at)
        else:
            file.seek(at)
            file.write(chance.randbytes(NOISE))
    (home / "locks" / "open-of-the-dead").touch()


def measure_known(folder: Path, cases: int, seed: int) -> Counter[str]:
    """`cases`, `not_opened`, and `not_whole`: those whose state is not that after some whole transactions, with the
    intents that are open then."""
    known, chance = folder / "known", random.Random(seed)
    make_known(known)
    counts: Counter[str] = Counter(cases=0, not_opened=0, not_whole=0, states=0)
    seen = set()
    for _ in range(cases):
        home = folder / "torn"
        _copy(known, home)
        tear(home, chance)
        counts["cases"] += 1
        try:
            ledger = open_ledger(home, HandClock(), CountedIds())
        except Exception:
            counts["not_opened"] += 1
        else:
            state = _state(ledger)
            counts["not_whole"] += state is None or ledger.check() != []
            seen.add(state)
            ledger.close()
        shutil.rmtree(home)
    counts["states"] = len(seen)
    shutil.rmtree(known)
    return counts


def measure_worlds(folder: Path, cases: int, seed: int) -> Counter[str]:
    """`cases`, `not_opened`, and `not_recovered`: worlds that do not come to what people wrote, each identity once,
    with no intent open; where the ledger lost something that its home remembers, after a person confirmed the match."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter(cases=0, not_opened=0, not_recovered=0, only_matched=0)
    with CrashServer() as server:
        worlds: list[tuple[World, int]] = []
        for flow, make in FLOWS.items():
            (folder / flow).mkdir()
            world = make(folder / flow)
            worlds.append((world, len(server.begin(world))))
        for number in range(cases):
            world, steps = worlds[number % len(worlds)]
            world.restore()
            server.kill(world, chance.randint(2, steps - 1))
            log = world.home / "ledger.sqlite-wal"
            if log.exists() and log.stat().st_size:
                tear(world.home, chance)
            counts["cases"] += 1
            _recover(world, counts)
    return counts


def _recover(world: World, counts: Counter[str]) -> None:
    application = build_application(world.home)
    try:
        application.ledger.configurations()
    except Exception:
        counts["not_opened"] += 1
        return
    try:
        counts["only_matched"] += converge(world, application)
        check_values(world, AGREED)
        is_quiet = not application.ledger.open_batches(CONFIGURATION) and application.ledger.check() == []
        counts["not_recovered"] += not is_quiet
    except AssertionError:
        counts["not_recovered"] += 1
    finally:
        application.close()


def converge(world: World, application: object = None) -> bool:
    """Runs until nothing is left to do; a person confirms what was only matched. Whether that was needed."""
    app = application if application is not None else build_application(world.home)
    only_matched = False
    for _ in range(6):
        before = _standing(world)
        result = app.synchronization.run(CONFIGURATION)  # type: ignore[attr-defined]
        if result.only_matched:
            assert _standing(world) == before, "a run that only matches wrote to an endpoint"
            only_matched = True
            app.bindings.confirm_match(CONFIGURATION)  # type: ignore[attr-defined]
        elif result.outcome is Outcome.DONE and not any(_writes(entity.actions) for entity in result.entities):
            break
    return only_matched


def _standing(world: World) -> list[bytes]:
    """Both files. Whoever reads a database first takes back what the killed program was in the middle of writing."""
    for store in (world.a, world.b):
        store.records()
    return [store.path.read_bytes() for store in (world.a, world.b)]


def _writes(actions: object) -> int:
    return sum(actions.values())  # type: ignore[attr-defined]


def _state(ledger: SqlLedger) -> tuple[int, int] | None:
    """(closed, open) intents where the ledger is as after some whole transactions, else None."""
    ids = pa.RecordBatchReader.from_stream(ledger.peers(KEY)).read_all().column("record_id").to_pylist()
    open_ones = ledger.open_batches(KEY.configuration)
    closed = len(ids) // PER_INTENT
    expected = [each for number in range(closed) for each in _ids(number)]
    if ids != expected or len(open_ones) > 1:
        return None
    for one in open_ones:
        if not pa.table(one.rows).equals(batch_rows(_ids(closed), Action.UPDATE_B)):
            return None
    return closed, len(open_ones)


def _ids(number: int) -> list[int]:
    return list(range(number * PER_INTENT + 1, (number + 1) * PER_INTENT + 1))


def _copy(home: Path, to: Path) -> None:
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("*-shm", "open-*"))
