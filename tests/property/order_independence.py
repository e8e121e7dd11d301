"""Random people edit several systems, and every order of the configurations must come to the same (RELIABILITY G2, G3).

Two lanes, each with a function that counts: the rules of `core.origin` alone, over a small model of what the engine
does with them; and the whole engine on real files, where many records live through a history each in one world.

Times are whole steps and errors are less than half a step, so that changes are told apart or tie, and nothing between.
"""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from desktop_sync.core.configuration import Resolution, Side
from desktop_sync.core.origin import Origin, Prevails, latest, prevails, resolve_fields, settle
from tests.support.sync_groups import at, make_group_world

STEP_US = 1_000
ERROR_US = 400


@dataclass(frozen=True, slots=True)
class Link:
    """A configuration: two systems, the fields that it maps, and which of its systems is the primary one."""

    a: str
    b: str
    fields: tuple[str, ...]
    primary: Side = Side.A

    @property
    def name(self) -> str:
        return f"{self.a}-{self.b}"


@dataclass(frozen=True, slots=True)
class Edit:
    """At that minute of the round a person changes fields of a record of a system."""

    system: str
    minute: int
    values: tuple[tuple[str, str], ...]


Rounds = tuple[tuple[Edit, ...], ...]
"""Between two rounds the configurations run until nothing changes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Systems and configurations. `is_equal`: all configurations map the same fields."""

    links: tuple[Link, ...]
    resolution: Resolution

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for link in self.links for name in (link.a, link.b)))

    def fields_of(self, system: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for link in self.links if system in (link.a, link.b) for one in link.fields))

    def orders(self) -> Iterable[tuple[Link, ...]]:
        return itertools.permutations(self.links)

    def preference(self) -> tuple[str, ...]:
        score = dict.fromkeys(self.systems, 0)
        for link in self.links:
            score[link.a if link.primary is Side.A else link.b] += 1
            score[link.b if link.primary is Side.A else link.a] -= 1
        return tuple(sorted(score, key=lambda name: (-score[name], name)))


def draw_setting(random_: random.Random, *, is_equal: bool, overlapping: Resolution = Resolution.FIELD) -> Setting:
    """A hub with two or three spokes, or a ring of three. `overlapping`: what is judged where the configurations map
    different fields."""
    shape = random_.choice(("two spokes", "two spokes", "three spokes", "ring"))
    ends = {
        "two spokes": (("Hub", "A"), ("Hub", "B")),
        "three spokes": (("Hub", "A"), ("B", "Hub"), ("Hub", "C")),
        "ring": (("A", "B"), ("B", "C"), ("C", "A")),
    }[shape]
    resolution = random_.choice(tuple(Resolution)) if is_equal else overlapping
    links = []
    for a, b in ends:
        fields = ("x", "y", "z") if is_equal else tuple(sorted(random_.sample(("x", "y", "z"), random_.randint(1, 3))))
        links.append(Link(a, b, fields, random_.choice(tuple(Side))))
    return Setting(tuple(links), resolution)


def draw_rounds(random_: random.Random, setting: Setting, count: int, token: str) -> Rounds:
    """Edits with values that nobody else writes; now and then two of the same minute, or of the same value."""
    numbers = itertools.count()
    rounds = []
    for _ in range(count):
        edits = []
        for minute in sorted(random_.randint(1, 40) for _ in range(random_.randint(0, 4))):
            system = random_.choice(setting.systems)
            known = setting.fields_of(system)
            chosen = sorted(random_.sample(known, random_.randint(1, len(known))))
            shared = random_.random() < 0.1
            values = tuple((one, "same" if shared else f"{token}.{next(numbers)}") for one in chosen)
            edits.append(Edit(system, minute, values))
        rounds.append(tuple(edits))
    return tuple(rounds)


# The rules alone.


@dataclass
class _Model:
    """One record in every system, what the ledger knows about its fields, and each configuration's baseline."""

    setting: Setting
    known_at_once: bool = True
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    changed_us: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, str], tuple[str, Origin]] = field(default_factory=dict)
    seen_us: dict[tuple[str, str], int] = field(default_factory=dict)
    base: dict[str, dict[str, str]] = field(default_factory=dict)
    now_us: int = 0

    def __post_init__(self) -> None:
        for system in self.setting.systems:
            self.values[system] = dict.fromkeys(self.setting.fields_of(system), "")
            self.changed_us[system] = 0
            # All systems were the same at the beginning.
            self.known.update(((system, one), ("", Origin("", 0))) for one in self.values[system])

    def edit(self, one: Edit, start_us: int) -> None:
        self.values[one.system].update(one.values)
        self.changed_us[one.system] = start_us + one.minute * STEP_US

    def run(self, link: Link) -> bool:
        """Whether anything was written."""
        self.now_us += STEP_US
        for system in (link.a, link.b):
            self._observe(system, self.values[system] if self.known_at_once else link.fields)
        a, b = self.values[link.a], self.values[link.b]
        base = self.base.get(link.name, {})
        changed = [any(side[one] != base.get(one, "") for one in link.fields) for side in (a, b)]
        differing = [one for one in link.fields if a[one] != b[one]]
        self._level(link, differing)
        kept: dict[str, Side] = {}
        if differing and all(changed):
            kept = self._resolve(link, differing)
        elif differing:
            kept = dict.fromkeys(link.fields, Side.A if changed[0] else Side.B)
        written = False
        for one, side in kept.items():
            source, target = (link.a, link.b) if side is Side.A else (link.b, link.a)
            if self.values[target][one] != self.values[source][one]:
                self.values[target][one] = self.values[source][one]
                self.changed_us[target] = self.now_us
                written = True
            self.known[target, one] = self.known[source, one]
        self.base[link.name] = {one: a[one] for one in link.fields}
        for system in (link.a, link.b):
            for one in link.fields:
                self.seen_us[system, one] = self.now_us
        return written

    def _observe(self, system: str, fields: Iterable[str]) -> None:
        for one in fields:
            value = self.values[system][one]
            if self.known.get((system, one), ("", None))[0] != value or (system, one) not in self.known:
                claimed = self.changed_us[system]
                at_us, error_us, told_us = settle(claimed, ERROR_US, self.seen_us.get((system, one)), self.now_us)
                self.known[system, one] = value, Origin(system, at_us, error_us, told_us)

    def _level(self, link: Link, differing: Sequence[str]) -> None:
        if differing and self.setting.resolution is Resolution.RECORD:
            return
        for one in link.fields:
            if one not in differing:
                stamps = [self.known[system, one][1] for system in (link.a, link.b)]
                later = latest(stamps, self.setting.preference())
                for system in (link.a, link.b):
                    self.known[system, one] = self.values[system][one], later

    def _resolve(self, link: Link, differing: Sequence[str]) -> dict[str, Side]:
        preference = self.setting.preference()
        stamps = {
            side: {one: self.known[system, one][1] for one in link.fields}
            for side, system in ((Side.A, link.a), (Side.B, link.b))
        }
        if self.setting.resolution is Resolution.FIELD:
            a, b = ({one: stamps[side][one] for one in differing} for side in Side)
            return resolve_fields(a, b, preference, link.primary)
        whole = [latest(stamps[side].values(), preference) for side in Side]
        verdict = prevails(whole[0], whole[1], preference)
        winner = {Prevails.FIRST: Side.A, Prevails.SECOND: Side.B, Prevails.NEITHER: link.primary}[verdict]
        return dict.fromkeys(link.fields, winner)


def _live(
    setting: Setting, order: Sequence[Link], rounds: Rounds, known_at_once: bool = True
) -> dict[str, dict[str, str]]:
    model = _Model(setting, known_at_once)
    for edits in rounds:
        start = model.now_us
        for one in edits:
            model.edit(one, start)
        model.now_us = start + 60 * STEP_US
        for _ in range(len(order) + 1):
            if not any([model.run(link) for link in order]):
                break
        else:
            if not known_at_once or setting.resolution is Resolution.RECORD:
                break
            raise AssertionError(f"{setting} does not settle in the order {[link.name for link in order]}: {rounds}")
    return model.values


def pure_lane(
    histories: int, seed: int = 1, overlapping: Resolution = Resolution.FIELD, known_at_once: bool = True
) -> tuple[int, int]:
    """(histories, of which the orders differed), half with equal and half with overlapping fields.

    Whole records of overlapping fields differ by order, and so does everything where the stamps of fields that a
    configuration does not write are not kept before it writes (`known_at_once`): both show that the lane sees it.
    """
    random_ = random.Random(seed)
    differences = 0
    for number in range(histories):
        setting = draw_setting(random_, is_equal=number % 2 == 0, overlapping=overlapping)
        rounds = draw_rounds(random_, setting, random_.randint(1, 3), str(number))
        outcomes = [_live(setting, order, rounds, known_at_once) for order in setting.orders()]
        differences += any(outcome != outcomes[0] for outcome in outcomes)
    return histories, differences


# The whole engine.


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A record of which the orders differed."""

    setting: Setting
    history: Rounds
    outcomes: tuple[object, ...]


def engine_lane(
    histories: int,
    seed: int = 1,
    per_world: int = 25,
    found: list[Disagreement] | None = None,
    folder: Path | None = None,
) -> tuple[int, int]:
    """(histories, of which the orders differed). Each world has `per_world` records, one history each; the systems lie
    in the folder meanwhile."""
    random_ = random.Random(seed)
    done = differences = 0
    while done < histories:
        setting = draw_setting(random_, is_equal=(done // per_world) % 2 == 1)
        count = min(per_world, histories - done)
        lives = {str(key): draw_rounds(random_, setting, 2, f"{done}.{key}") for key in range(count)}
        outcomes = [_run(setting, order, lives, folder) for order in setting.orders()]
        for key, rounds in lives.items():
            mine = tuple({system: records.get(key) for system, records in one.items()} for one in outcomes)
            if any(one != mine[0] for one in mine):
                differences += 1
                if found is not None:
                    found.append(Disagreement(setting, rounds, mine))
        done += count
    return done, differences


def _run(
    setting: Setting, order: Sequence[Link], lives: Mapping[str, Rounds], parent: Path | None
) -> dict[str, dict[str, dict[str, object]]]:
    with tempfile.TemporaryDirectory(prefix="orders-", dir=parent) as folder:
        kinds = {system: "csv" if system == "B" else "sql" for system in setting.systems}
        world = make_group_world(Path(folder), kinds, ("x", "y", "z"))
        with closing(world.app):
            names = {
                link: world.connect(link.a, link.b, *link.fields, primary=link.primary, resolution=setting.resolution)
                for link in setting.links
            }
            start = at(0)
            first = setting.systems[0]
            for key in lives:
                world.put(first, key, start)
            world.clock.at = start + timedelta(minutes=5)
            world.settle([names[link] for link in order])
            for number in range(max(map(len, lives.values()))):
                begin = world.clock.at
                for key, rounds in lives.items():
                    for edit in rounds[number]:
                        when = begin + timedelta(minutes=edit.minute)
                        world.edit(edit.system, key, when, **dict(edit.values))
                world.clock.at = begin + timedelta(minutes=60)
                world.settle([names[link] for link in order])
            return world.contents()
