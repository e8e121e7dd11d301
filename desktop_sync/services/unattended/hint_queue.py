"""Hints that wait for their run: bounded, and one for each record or structure however often it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from desktop_sync.core.configuration import PerSide, RealTime, Side
from desktop_sync.core.ports import Clock
from desktop_sync.core.push import Hint, News

QUIET_S = 0.5
"""A run waits until no hint came for so long, so that one follows a burst instead of many."""

LONGEST_WAIT_S = 5.0
"""Then it begins although hints still come."""

MOST_IDS = 1_000
"""Of one side of an entity. With more, all of the entity is looked at: that costs no memory and little more time."""

LONGEST_ID = 1_000

AGAIN_AFTER_S = (1.0, 5.0, 30.0)
"""When a record that nobody could see yet is asked for again; after that it is left to the schedule."""


@dataclass(frozen=True, slots=True)
class Target:
    """An entity whose side is the structure that a hint tells of."""

    configuration: str
    entity: str
    side: Side
    real_time: RealTime


Routes = Mapping[tuple[str, str], tuple[Target, ...]]
"""(endpoint, structure) → who wants to know of it."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A record that was told of and that the ledger does not know after the run. `tries`: how often it was read."""

    entity: str
    side: Side
    record_id: str
    tries: int


@dataclass(slots=True)
class _Waiting:
    """What is waiting of one entity. `ids`: how often each record was looked for in vain, None once it was seen."""

    real_time: RealTime
    first_s: float
    last_s: float
    ids: dict[Side, dict[str, int | None]] = field(default_factory=lambda: {side: {} for side in Side})
    is_whole: bool = False

    def add(self, side: Side, record_id: str, tries: int | None) -> None:
        known = self.ids[side]
        if self.is_whole or not record_id or len(record_id) > LONGEST_ID or len(known) >= MOST_IDS:
            self.is_whole = self.is_whole or record_id not in known
        elif record_id in known and (known[record_id] is None or tries is None):
            known[record_id] = None
        else:
            known[record_id] = tries
        if self.is_whole:
            self.ids = {side: {} for side in Side}


@dataclass(frozen=True, slots=True)
class Taken:
    """Hints of one configuration that a run has begun with. `unsure` are the records that it may come too early for."""

    configuration: str
    real_time: RealTime
    news: Mapping[str, News]
    unsure: tuple[Unseen, ...] = ()


class HintQueue:
    """A `HintSink`. Any thread. Kept in memory only: what is lost with the program, the schedule finds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._routes: Routes = {}
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._later: list[tuple[float, str, Unseen]] = []
        self._has_news = False
        self._told = threading.Event()

    def route(self, routes: Routes) -> None:
        """From now on hints go there; what waits for an entity that is not in real time any more is dropped."""
        wanted = {(to.configuration, to.entity): to.real_time for found in routes.values() for to in found}
        with self._lock:
            self._routes = routes
            self._waiting = {key: one for key, one in self._waiting.items() if wanted.get(key) is one.real_time}
            self._later = [one for one in self._later if (one[1], one[2].entity) in wanted]
            self._look()

    def tell(self, hints: Iterable[Hint]) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            for hint in hints:
                for target in self._routes.get((hint.endpoint, hint.structure), ()):
                    self._add(target, hint.record_id, None if hint.is_visible else 0, now_s)
            self._look()
            if self._has_news:
                self._told.set()

    def wait(self, seconds: float) -> None:
        """Returns when something is told, at the latest after so many seconds."""
        if self._told.wait(seconds):
            self._told.clear()

    def wake(self) -> None:
        """Whoever waits looks at what is due now."""
        self._told.set()

    @property
    def has_news(self) -> bool:
        """Whether anything waits at all."""
        return self._has_news

    @property
    def size(self) -> int:
        """How many records and structures wait."""
        with self._lock:
            ids = sum(len(ids) for one in self._waiting.values() for ids in one.ids.values())
            return ids + sum(one.is_whole for one in self._waiting.values()) + len(self._later)

    def ready(self) -> tuple[tuple[str, RealTime], ...]:
        """Configurations whose hints have come to rest, with what is to be done first."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._bring_back(now_s)
            found: dict[str, RealTime] = {}
            for (configuration, _), one in self._waiting.items():
                is_quiet = now_s - one.last_s >= QUIET_S or now_s - one.first_s >= LONGEST_WAIT_S or now_s < one.first_s
                if is_quiet and found.get(configuration) is not RealTime.PREPARE_AND_PROCESS:
                    found[configuration] = one.real_time
            return tuple(found.items())

    def take(self, configuration: str, real_time: RealTime) -> Taken:
        """The hints of that configuration's entities in this kind of real time do not wait any more."""
        with self._lock:
            keys = [key for key, one in self._waiting.items() if key[0] == configuration and one.real_time is real_time]
            taken = {key[1]: self._waiting.pop(key) for key in keys}
            self._look()
        unsure = tuple(
            Unseen(entity, side, record_id, tries)
            for entity, one in taken.items()
            for side, ids in one.ids.items()
            for record_id, tries in ids.items()
            if tries is not None
        )
        news = {
            entity: News(PerSide(frozenset(one.ids[Side.A]), frozenset(one.ids[Side.B])), one.is_whole)
            for entity, one in taken.items()
        }
        return Taken(configuration, real_time, news, unsure)

    def put_back(self, taken: Taken) -> None:
        """The run did not come to its end: the hints wait again, with those that came meanwhile."""
        now_s = self._clock.monotonic_s()
        tries = {(one.entity, one.side, one.record_id): one.tries for one in taken.unsure}
        with self._lock:
            for entity, news in taken.news.items():
                for side in Side:
                    target = Target(taken.configuration, entity, side, taken.real_time)
                    for record_id in news.ids.of(side):
                        self._add(target, record_id, tries.get((entity, side, record_id)), now_s)
                if news.is_whole:
                    self._add(Target(taken.configuration, entity, Side.A, taken.real_time), "", None, now_s)
            self._look()

    def ask_again(self, configuration: str, unseen: Iterable[Unseen]) -> None:
        """These records were not there yet: they wait for another try, if they have one left."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            for one in unseen:
                if one.tries < len(AGAIN_AFTER_S) and len(self._later) < MOST_IDS:
                    again = Unseen(one.entity, one.side, one.record_id, one.tries + 1)
                    self._later.append((now_s + AGAIN_AFTER_S[one.tries], configuration, again))
            self._look()

    def _bring_back(self, now_s: float) -> None:
        targets = {(to.configuration, to.entity, to.side): to for found in self._routes.values() for to in found}
        for at_s, configuration, one in self._later:
            target = targets.get((configuration, one.entity, one.side))
            if at_s <= now_s and target is not None:
                self._add(target, one.record_id, one.tries, now_s - QUIET_S)
        self._later = [one for one in self._later if one[0] > now_s]

    def _add(self, target: Target, record_id: str, tries: int | None, now_s: float) -> None:
        key = (target.configuration, target.entity)
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(target.real_time, now_s, now_s)
        waiting.last_s = now_s
        waiting.add(target.side, record_id, tries)

    def _look(self) -> None:
        self._has_news = bool(self._waiting or self._later)
