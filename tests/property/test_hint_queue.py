"""The queue of hints: nothing that is told is lost, nothing is told twice, and it never grows without a bound."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from desktop_sync.core.configuration import RealTime, Side
from desktop_sync.core.push import Hint
from desktop_sync.services.unattended.hint_queue import LONGEST_WAIT_S, MOST_IDS, QUIET_S, HintQueue, Taken, Target
from tests.support.ledger_home import HandClock

ENTITIES = ("customers", "orders")
ENDPOINTS = {"CRM": Side.A, "Shop": Side.B}
ids = st.sampled_from([*map(str, range(8)), ""])


class QueueMachine(RuleBasedStateMachine):
    """`owed` is what was told and not taken, or taken and put back: (entity, side, id), with an empty id for all."""

    @initialize()
    def begin(self) -> None:
        self.clock = HandClock()
        self.queue = HintQueue(self.clock)
        self.queue.route(
            {
                (endpoint, entity): (Target("C", entity, side, RealTime.PREPARE_AND_PROCESS),)
                for entity in ENTITIES
                for endpoint, side in ENDPOINTS.items()
            }
        )
        self.owed: set[tuple[str, Side, str]] = set()
        self.taken: list[Taken] = []

    @rule(
        told=st.lists(st.tuples(st.sampled_from(sorted(ENDPOINTS)), st.sampled_from(ENTITIES), ids), max_size=20),
        is_visible=st.booleans(),
    )
    def tell(self, told: list[tuple[str, str, str]], is_visible: bool) -> None:
        self.queue.tell([Hint(endpoint, entity, one, is_visible) for endpoint, entity, one in told])
        self.owed |= {(entity, ENDPOINTS[endpoint], one) for endpoint, entity, one in told}

    @rule(seconds=st.floats(0, LONGEST_WAIT_S))
    def wait(self, seconds: float) -> None:
        self.clock.move(seconds=seconds)

    @rule()
    def take(self) -> None:
        taken = self.queue.take("C", RealTime.PREPARE_AND_PROCESS)
        for entity, side, one in self.owed:
            news = taken.news[entity]
            assert news.is_whole or one in news.ids.of(side)
        told = {
            (entity, side, one) for entity, news in taken.news.items() for side in Side for one in news.ids.of(side)
        }
        assert told <= self.owed
        self.owed.clear()
        if taken.news:
            self.taken.append(taken)

    @rule()
    def fail(self) -> None:
        if self.taken:
            taken = self.taken.pop()
            self.queue.put_back(taken)
            for entity, news in taken.news.items():
                self.owed |= {(entity, side, one) for side in Side for one in news.ids.of(side)}
                if news.is_whole:
                    self.owed.add((entity, Side.A, ""))

    @rule()
    def rest(self) -> None:
        self.clock.move(seconds=QUIET_S)
        assert [name for name, _ in self.queue.ready()] == (["C"] if self.owed else [])

    @invariant()
    def is_bounded_and_says_whether_something_waits(self) -> None:
        assert self.queue.size <= len({*self.owed}) or not self.owed
        assert self.queue.has_news is bool(self.owed)


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 5 * MOST_IDS), repeats=st.integers(1, 3))
def test_however_many_are_told_the_queue_holds_a_bounded_number(count: int, repeats: int) -> None:
    queue = HintQueue(HandClock())
    queue.route({("CRM", "customers"): (Target("C", "customers", Side.A, RealTime.PREPARE),)})
    for _ in range(repeats):
        queue.tell(Hint("CRM", "customers", str(number)) for number in range(count))
        queue.tell([Hint("CRM", "elsewhere", "1")])
    assert queue.size <= MOST_IDS
    [news] = queue.take("C", RealTime.PREPARE).news.values()
    assert news.is_whole is (count > MOST_IDS)
    assert news.is_whole or news.ids.a == frozenset(map(str, range(count)))
