"""People at work in both systems of a crash world, at random from a seed, and what both must hold once it is
synchronized: every value is a token of its own, so that what is lost can be named."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.crash_world import Pair, Store, World, values_of

MOST_RECORDS = 40


@dataclass
class RandomWork:
    """`expected`: email → values. `losers`: what people wrote since the last check and what is in neither system."""

    world: World
    chance: random.Random
    expected: dict[str, Pair] = field(default_factory=dict)
    losers: list[str] = field(default_factory=list)
    _number: int = 0
    _next_id: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})

    def begin(self) -> None:
        """What both systems hold now, which must agree, is what they must hold."""
        self.expected = values_of(self.world.a)
        assert values_of(self.world.b) == self.expected

    def work(self) -> None:
        """A few deeds, each on records of its own."""
        self.losers.clear()
        self._note_ids()
        emails = self.chance.sample(sorted(self.expected), len(self.expected))
        deeds: list[Callable[[str], None]] = [self._change, self._conflict, self._agree, self._delete_against_change]
        if len(self.expected) > MOST_RECORDS - 10:
            deeds += [self._delete, self._delete_in_both] * 3
        for deed in self.chance.choices(deeds, k=self.chance.randint(1, 4)):
            deed(emails.pop())
        for make in self.chance.choices([self._create, self._create_in_both, self._delete_one], k=2):
            make(emails.pop())

    def _side(self) -> tuple[Store, Store]:
        pair = [self.world.a, self.world.b]
        self.chance.shuffle(pair)
        return pair[0], pair[1]

    def _token(self) -> str:
        self._number += 1
        return f"token {self._number}"

    def _stamps(self) -> tuple[str, str]:
        """An earlier and a later one, later than all before."""
        self._number += 1
        day, second = divmod(self._number, 80_000)
        moments = [
            f"2026-{3 + day // 28:02d}-{1 + day % 28:02d} {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}"
            for s in (second, second + 1)
        ]
        self._number += 1
        return moments[0], moments[1]

    def _change(self, email: str) -> None:
        store, _ = self._side()
        name = self._token()
        store.change(email, name=name, updated_at=self._stamps()[1])
        self.expected[email] = (name, self.expected[email][1])

    def _conflict(self, email: str) -> None:
        loser, winner = self._side()
        lost, kept = self._token(), self._token()
        earlier, later = self._stamps()
        loser.change(email, name=lost, updated_at=earlier)
        winner.change(email, name=kept, updated_at=later)
        self.losers.append(lost)
        self.expected[email] = (kept, self.expected[email][1])

    def _agree(self, email: str) -> None:
        name = self._token()
        for store, stamp in zip(self._side(), self._stamps(), strict=True):
            store.change(email, name=name, updated_at=stamp)
        self.expected[email] = (name, self.expected[email][1])

    def _delete_against_change(self, email: str) -> None:
        gone, _ = self._side()
        other = self.world.b if gone is self.world.a else self.world.a
        name = self._token()
        gone.delete(email)
        other.change(email, name=name, updated_at=self._stamps()[1])
        self.expected[email] = (name, self.expected[email][1])

    def _delete(self, email: str) -> None:
        self._side()[0].delete(email)
        del self.expected[email]

    def _delete_one(self, email: str) -> None:
        if len(self.expected) > MOST_RECORDS // 2:
            self._delete(email)

    def _delete_in_both(self, email: str) -> None:
        for store in self._side():
            store.delete(email)
        del self.expected[email]

    def _create(self, _: str) -> None:
        self._insert(self._side()[0], self._token(), self._token())

    def _create_in_both(self, _: str) -> None:
        """Two people make the same record, with the same values or with others."""
        email, names = self._token(), [self._token(), self._token()]
        if self.chance.random() < 0.5:
            names[0] = names[1]
        else:
            self.losers.append(names[0])
        for store, name, stamp in zip(self._side(), names, self._stamps(), strict=True):
            self._insert(store, email, name, stamp)

    def _note_ids(self) -> None:
        """Also what sync made counts as had: a new record under the id of a deleted one would be that one, edited."""
        for side, store in (("a", self.world.a), ("b", self.world.b)):
            taken = max((int(row["id"]) for row in store.records()), default=0)
            self._next_id[side] = max(self._next_id[side], taken)

    def _insert(self, store: Store, email: str, name: str, stamp: str = "") -> None:
        """Under an id that nobody had before."""
        side = "a" if store is self.world.a else "b"
        self._next_id[side] += self.chance.randint(1, 3)
        number, stamp = str(self._next_id[side]), stamp or self._stamps()[1]
        store.insert({"id": number, "email": email, "name": name, "phone": "1", "updated_at": stamp})
        self.expected[email] = (name, "1")
