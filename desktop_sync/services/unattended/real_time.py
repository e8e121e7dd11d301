"""Entities in real time: their sources are watched, and what they tell becomes runs (SPEC §8)."""

from __future__ import annotations

import logging
import os
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import pyarrow as pa

from desktop_sync.core.configuration import Entity, RealTime, Side, SyncConfiguration
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError, DesktopSyncError, SecretUnavailableError
from desktop_sync.core.ledger_port import DefinitionStore, RunStore
from desktop_sync.core.ledger_records import RecordStore
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.ports import CancelToken, Clock, Progress
from desktop_sync.core.push import Hint, News
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.schedule import MANUAL
from desktop_sync.core.unattended import Due
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.services.unattended.file_watch import FileWatch
from desktop_sync.services.unattended.hint_queue import HintQueue, Routes, Taken, Target, Unseen
from desktop_sync.services.unattended.local_changes import LocalChanges, WatchedSide
from desktop_sync.services.unattended.scheduling import Presence, back_off

_log = logging.getLogger(__name__)

LOOK_S = 2.0
"""So often the sources are looked at where nobody says that something changed."""

LONGEST_IDLE = timedelta(minutes=1)
"""So long at most a structure rests whose changes, time after time, were none of its records."""

IDLE_PUSHES = 3

SHORT_REST = timedelta(seconds=1)
"""Before it is asked again for one that is running, or whose drive is away."""

_KINDS = {RealTime.PREPARE: RunKind.PREPARE, RealTime.PREPARE_AND_PROCESS: RunKind.RUN}


class RealTimeStore(DefinitionStore, RecordStore, RunStore, Protocol):
    """The part of the ledger that real time needs."""


class RunPushed(Protocol):
    """Runs what news are about; see `SynchronizationService.run_pushed`."""

    def __call__(
        self, name: str, news: dict[str, News], *, kind: RunKind, progress: Progress, cancel: CancelToken
    ) -> RunResult: ...


@dataclass(slots=True)
class _Rest:
    """When pushes of a configuration may run again: it failed, or found nothing, so many times in a row."""

    not_before: datetime | None = None
    failed: int = 0
    idle: int = 0


class RealTimeService:
    """Any thread. `start` looks at the sources in a thread of its own; `look` does it once."""

    def __init__(
        self,
        store: RealTimeStore,
        endpoints: EndpointService,
        clock: Clock,
        run_pushed: Callable[[], RunPushed],
        is_paused: Callable[[], bool],
        presence: Presence,
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._clock = clock
        self._run_pushed = run_pushed
        self._is_paused = is_paused
        self._presence = presence
        self._queue = HintQueue(clock)
        self._changes = LocalChanges(endpoints.open, self._queue)
        self._woken = threading.Event()
        self._watch = FileWatch(self._woken.set)
        self._rests: defaultdict[str, _Rest] = defaultdict(_Rest)
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._only: frozenset[str] = frozenset()

    def start(self, only: Collection[str] = ()) -> None:
        """The sources are watched until `close`, of these configurations, or of all where none is named. May be
        repeated."""
        self._only = frozenset(only)
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._go_on_looking, name="real time", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Nothing is watched any more. May be repeated."""
        self._is_closed = True
        self._woken.set()
        self._watch.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def tell(self, hints: Iterable[Hint]) -> None:
        """The `HintSink` of sources that others bring."""
        self._queue.tell(hints)

    def wake(self) -> None:
        """Whoever waits looks at what is due now."""
        self._queue.wake()

    def has_secrets(self, name: str) -> bool:
        """Whether the secrets of the configuration's endpoints can be had; may take long. Where they cannot, it waits
        for them from now on."""
        known = [one for one in self._store.configurations() if one.name == name]
        try:
            for endpoint in (one.endpoint_of(side) for one in known for side in Side):
                self._endpoints.check_secrets(endpoint)
        except SecretUnavailableError:
            return False
        except ConfigurationError:
            pass  # the run will say it
        return True

    def is_busy(self, name: str) -> bool:
        """Whether the configuration runs now, or what it needs is away."""
        known = next((one for one in self._store.configurations() if one.name == name), None)
        return known is not None and (self._store.is_held(name) or bool(self._presence.waits_for(known)))

    @property
    def has_news(self) -> bool:
        """Whether a push may be due now. Asks nobody, and costs next to nothing."""
        if not self._queue.has_news:
            return False
        now = self._clock.now()
        return any(not self._is_resting(name, now) for name, _ in self._queue.ready())

    @property
    def waiting(self) -> int:
        """How many records and structures wait for their run."""
        return self._queue.size

    def wait(self, seconds: float) -> None:
        """Returns when something is told, at the latest after so many seconds."""
        self._queue.wait(seconds)

    def look(self) -> None:
        """Who is in real time is read, and their sources are looked at; not while it is paused."""
        self._changes.look(self._sources())

    def _sources(self) -> list[WatchedSide]:
        """The structures of all entities in real time, each once. None while it is paused: afterwards each is looked at
        as for the first time, which finds what changed meanwhile."""
        if self._is_paused():
            return []
        configurations = [
            one
            for one in self._store.configurations()
            if one.enabled and one.is_in_real_time and (not self._only or one.name in self._only)
        ]
        self._queue.route(routes(configurations))
        sides = [side for one in configurations for side in self._watched(one)]
        return list({(side.endpoint, side.structure): side for side in sides}.values())

    def due(self, now: datetime) -> tuple[Due, ...]:
        """Pushes whose run may begin now. Nothing while it is paused, nor for a configuration that is running."""
        if not self._queue.has_news or self._is_paused():
            return ()
        known = {one.name: one for one in self._store.configurations()}
        found = []
        for name, real_time in self._queue.ready():
            if name not in known or self._is_resting(name, now):
                continue
            if self._store.is_held(name) or self._presence.waits_for(known[name]):
                self._rests[name].not_before = now + SHORT_REST
                continue
            found.append(Due(name, _KINDS[real_time], Trigger.PUSH, now))
        return tuple(found)

    def _is_resting(self, name: str, now: datetime) -> bool:
        rest = self._rests[name].not_before
        return rest is not None and now < rest <= now + _FAR

    def carry_out(self, due: Due, progress: Progress, cancel: CancelToken) -> RunResult | None:
        """What is told of the configuration by now has run; None where another run was about it meanwhile.

        What did not come to its end waits again, and longer and longer where it fails.
        """
        real_time = next(one for one, kind in _KINDS.items() if kind is due.kind)
        taken = self._queue.take(due.configuration, real_time)
        if not taken.news:
            return None
        try:
            result = self._run_pushed()(
                due.configuration, dict(taken.news), kind=due.kind, progress=progress, cancel=cancel
            )
        except BaseException as error:
            self._queue.put_back(taken)
            if not isinstance(error, AlreadyRunningError):
                self._rest_after(due.configuration, None)
            raise
        if result.outcome in (Outcome.DONE, Outcome.PROBLEMS):
            self._queue.ask_again(due.configuration, self._unseen(taken))
        else:
            self._queue.put_back(taken)
        self._rest_after(due.configuration, result)
        return result

    def take_all(self, name: str) -> tuple[Taken, ...]:
        """The hints of a configuration whose complete run begins now, which looks at all that they are about."""
        return tuple(taken for one in _KINDS if (taken := self._queue.take(name, one)).news)

    def put_back(self, taken: Iterable[Taken]) -> None:
        """That run did not come to its end."""
        for one in taken:
            self._queue.put_back(one)

    def _rest_after(self, name: str, result: RunResult | None) -> None:
        rest, now = self._rests[name], self._clock.now()
        is_done = result is not None and result.outcome in (Outcome.DONE, Outcome.PROBLEMS)
        rest.failed = 0 if is_done else rest.failed + 1
        rest.idle = rest.idle + 1 if result is not None and result.found_nothing else 0
        if rest.failed:
            rest.not_before = now + back_off(MANUAL, rest.failed)
        elif rest.idle >= IDLE_PUSHES:
            rest.not_before = now + min(LONGEST_IDLE, timedelta(seconds=1 << min(rest.idle, 6)))
        else:
            rest.not_before = None

    def _unseen(self, taken: Taken) -> list[Unseen]:
        """Records that may have been asked for too early: the ledger does not know them yet."""
        found = []
        for entity in {one.entity for one in taken.unsure}:
            for side in Side:
                asked = {one.record_id: one for one in taken.unsure if (one.entity, one.side) == (entity, side)}
                known = self._known_ids(EntityKey(taken.configuration, entity), side, list(asked))
                found += [one for record_id, one in asked.items() if record_id not in known]
        return found

    def _known_ids(self, key: EntityKey, side: Side, ids: list[str]) -> set[str]:
        """Those of the ids that a sync record has."""
        if not ids:
            return set()
        a_ids, b_ids = (ids, []) if side is Side.A else ([], ids)
        peers = pa.RecordBatchReader.from_stream(self._store.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all()
        return set(peers[f"{side.value}_id"].to_pylist())

    def _watched(self, configuration: SyncConfiguration) -> Sequence[WatchedSide]:
        return [
            side
            for entity in configuration.entities
            if entity.real_time is not RealTime.OFF
            for which in Side
            if (side := self._watched_side(configuration, entity, which)) is not None
        ]

    def _watched_side(self, configuration: SyncConfiguration, entity: Entity, side: Side) -> WatchedSide | None:
        endpoint, structure = configuration.endpoint_of(side), entity.structures.of(side)
        try:
            keeper = self._endpoints.keeper(endpoint)
            files = () if keeper is None else keeper[0].files(keeper[1], structure)
        except ConfigurationError:
            return None  # its check says it
        since = self._store.watermark(EntityKey(configuration.name, entity.name), side).stamp
        return WatchedSide(endpoint, structure, files, entity.modified.of(side), entity.key.of(side), since)

    def _go_on_looking(self) -> None:
        while not self._is_closed:
            self._woken.clear()
            try:
                sources = self._sources()
                # The watch first: a change between the two would be seen by nobody.
                self._watch.watch({os.path.dirname(path) for side in sources for path in side.files})
                self._changes.look(sources)
            except DesktopSyncError:
                pass  # the ledger cannot be read now; whoever asks for what is due is told so
            except Exception as error:
                # Whatever it is, the next look may be well again; without the thread real time would just be silent.
                # Where, but not the error's own text: it may hold a record's values.
                trace = "".join(traceback.format_tb(error.__traceback__))
                _log.error("unexpected %s in real time\n%s", type(error).__name__, trace)
            self._woken.wait(LOOK_S)


_FAR = timedelta(days=1)
"""A rest that ends later than that was begun before the clock was set back."""


def routes(configurations: Iterable[SyncConfiguration]) -> Routes:
    """Who wants to know of which structure."""
    found: defaultdict[tuple[str, str], tuple[Target, ...]] = defaultdict(tuple)
    for one in configurations:
        for entity in one.entities:
            if entity.real_time is not RealTime.OFF:
                for side in Side:
                    target = Target(one.name, entity.name, side, entity.real_time)
                    found[one.endpoint_of(side), entity.structures.of(side)] += (target,)
    return dict(found)
