"""Random systems under random rules: what a preview says is what its run counts, lists in the history, and does.

`python -m tests.property.preview_and_run SEED WORLDS` runs more of it than the tests do.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    FirstContactRule,
    Mark,
    MatchRule,
    NullPolicy,
    PerSide,
    Resolution,
    Side,
)
from desktop_sync.core.decision import Action, create, delete, mark, update
from desktop_sync.core.plan import EntityPlan, Mode, PlanRow
from desktop_sync.core.run import RunResult
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_record import HistoryRow
from tests.support.worlds import Record, World, make_world

SIDES = ("a", "b")
NAMES = ("ann", "bob", "eve", "joe", "kim", "lea")
CITIES = ("Wien", "Graz", "Linz", None, "")
QUIET = (Action.CONFLICT, Action.REVIEW, Action.INVALID, Action.FILTERED, Action.CLOSE, Action.UNLINK)
"""What writes nothing to an endpoint and no row of the history."""

FIRM = {"a": "Id INTEGER PRIMARY KEY, Name TEXT, Town TEXT, Gone TEXT", "b": "id INTEGER PRIMARY KEY, name, town, gone"}
PERSON = {
    "a": "Id INTEGER PRIMARY KEY, Name TEXT, Mail TEXT, City TEXT, Note TEXT, Firm INTEGER, Changed TEXT, Gone TEXT",
    "b": "id INTEGER PRIMARY KEY, name, mail, city, note, firm, changed, gone",
}


@dataclass(frozen=True)
class Numbers:
    """What there is to compare of one entity: what was said, what the run counted, what its history has, and what
    became of the records."""

    said: Mapping[Action, int]
    counted: Mapping[Action, int]
    listed: Mapping[Action, int]
    done: Mapping[str, int]


class DisagreementError(AssertionError):
    """A preview and its run did not say the same."""


def entities(chance: random.Random) -> tuple[Entity, ...]:
    """Persons, mostly with firms that they refer to, by rules at random."""
    flows = chance.choice((Direction.BOTH, Direction.BOTH, *Direction))
    person = Entity(
        "person",
        PerSide("Person", "person"),
        _fields(chance),
        modified=PerSide("Changed", "changed") if chance.random() < 0.6 else PerSide("", ""),
        conflict=chance.choice(list(ConflictRule)),
        first_contact=chance.choice(list(FirstContactRule)),
        match=chance.choice(list(MatchRule)),
        resolution=chance.choice(list(Resolution)),
        filter=PerSide(*(chance.choice(("", "", f"{name} <> 'Linz'")) for name in ("City", "city"))),
        direction=flows,
        **_rules(chance),  # type: ignore[arg-type]
    )
    if chance.random() < 0.4:
        return (person,)
    firm = Entity(
        "firm",
        PerSide("Firm", "firm"),
        (FieldMapping("Name", "name", identifying=True), FieldMapping("Town", "town")),
        conflict=chance.choice(list(ConflictRule)),
        first_contact=chance.choice(list(FirstContactRule)),
        direction=chance.choice((flows, Direction.BOTH)),
        **_rules(chance),  # type: ignore[arg-type]
    )
    reference = FieldMapping("Firm", "firm", lookup="firm")
    made = (firm, replace(person, fields=(*person.fields, reference)))
    return made if chance.random() < 0.7 else made[::-1]


def _rules(chance: random.Random) -> dict[str, object]:
    return {
        "key": PerSide(("Id",), ("id",)),
        "primary": chance.choice(list(Side)),
        "delete": PerSide(chance.choice(list(DeleteRule)), chance.choice(list(DeleteRule))),
        "mark": PerSide(Mark("gone", "yes"), Mark("Gone", "yes")),
        "edit_against_delete": chance.choice(list(EditAgainstDelete)),
    }


def _fields(chance: random.Random) -> tuple[FieldMapping, ...]:
    def flow() -> Direction:
        return chance.choice((Direction.BOTH, Direction.BOTH, Direction.BOTH, *Direction))

    null = chance.choice((NullPolicy.WRITE, NullPolicy.LEAVE))
    note = FieldMapping("Note", "note", direction=flow(), only_new=chance.random() < 0.2)
    return (
        FieldMapping("Name", "name", identifying=True),
        FieldMapping("Mail", "mail", identifying=chance.random() < 0.5, normal_form=("trim", "lower")),
        FieldMapping("City", "city", direction=flow(), null=null),
        replace(note, default="none") if chance.random() < 0.2 and note.direction is Direction.BOTH else note,
    )


@dataclass
class Trial:
    """One world over some rounds. `seen` counts what was compared."""

    chance: random.Random
    world: World
    seen: Counter[str] = field(default_factory=Counter)
    minute: int = 0
    key: int = 100

    def round(self) -> None:
        """People do something; then a preview is seen, and its run carried out."""
        for _ in range(self.chance.randint(3, 14)):
            self._deed()
        mode = self.chance.choice((Mode.FULL, Mode.FULL, Mode.INCREMENTAL))
        world = self.world
        with closing(world.app.synchronization.preview("Sync", mode=mode)) as preview:
            plans = {one.entity: one for one in preview.plan.entities}
            rows = {name: preview.rows(entity=name, limit=1000) for name in plans}
            for name, plan in plans.items():
                assert len(rows[name]) - sum(row.is_excluded for row in rows[name]) == plan.records
        before = {name: {side: self._records(name, side) for side in SIDES} for name in plans}
        result = world.run(mode=mode)
        assert result.run_id is not None
        history = world.app.records.history(result.run_id, 10_000)
        for name, plan in plans.items():
            after = {side: self._records(name, side) for side in SIDES}
            mine = [row for row in history if row.entity == name]
            self._compare(plan, result, mine, before[name], after)
            if sum(one.failed - one.actions.get(Action.INVALID, 0) for one in result.entities) == 0:
                self._compare_rows(name, rows[name], mine, before[name], after)
        self._decide()

    def _compare(
        self,
        plan: EntityPlan,
        result: RunResult,
        history: list[HistoryRow],
        before: dict[str, dict[str, Record]],
        after: dict[str, dict[str, Record]],
    ) -> None:
        counted = next(dict(one.actions) for one in result.entities if one.entity == plan.entity)
        said = {action: number for action, number in plan.counts.items() if action is not Action.NONE}
        listed = Counter(row.action for row in _actions(history))
        done = Counter(_changes(before, after))
        numbers = Numbers(said, counted, listed, done)
        self.seen.update(f"{action.key}" for action in said)
        self._agree(said == counted, "preview and run count other actions", numbers, result)
        written = {action: number for action, number in said.items() if action not in QUIET}
        self._agree(written == listed, "the history lists other actions", numbers, result)
        for side in Side:
            for what, actions in (("create", create(side)), ("delete", delete(side))):
                number = done.get(f"{what} {side.value}", 0)
                self._agree(said.get(actions, 0) == number, f"not what was done: {what}", numbers, result)
            most = said.get(update(side), 0) + said.get(mark(side), 0)
            self._agree(done.get(f"update {side.value}", 0) <= most, "more records were changed", numbers, result)

    def _compare_rows(
        self,
        name: str,
        rows: list[PlanRow],
        history: list[HistoryRow],
        before: dict[str, dict[str, Record]],
        after: dict[str, dict[str, Record]],
    ) -> None:
        """Every field that a preview shows stands there afterwards."""
        entity = self.world.configuration.entity(name)
        assert entity is not None
        made = {(row.action, row.b_id if row.action.target is Side.A else row.a_id): row for row in history}
        for row in rows:
            if row.is_excluded or row.action.target is None or row.action in (Action.MARK_A, Action.MARK_B):
                continue
            target = row.action.target
            ids = {Side.A: row.a_id, Side.B: row.b_id}
            if row.action is create(target):
                new = made[row.action, ids[target.other]]
                ids = {Side.A: new.a_id, Side.B: new.b_id}
            for side in (target, target.other) if row.writes_both else (target,):
                now = after[side.value].get(str(ids[side]))
                for change, mapping in zip(row.fields, entity.fields, strict=True):
                    shown = change.after if side is target else change.then
                    label = mapping.field_of(side)
                    is_it = shown is None if now is None else _same(shown, now[label])
                    self._agree(is_it, f"{label} of {side.value} is shown as {shown!r}", row, now)
                self.seen["rows"] += 1

    def _agree(self, holds: bool, *said: object) -> None:
        if not holds:
            raise DisagreementError("\n".join(map(str, said)))

    # People

    def _deed(self) -> None:
        chance, world = self.chance, self.world
        name = chance.choice([one.name for one in world.configuration.entities])
        side = chance.choice(SIDES)
        keys = list(self._records(name, side))
        deed = chance.choice(("put both", "edit both", "again", *("put", "edit", "delete") * 2))
        if deed == "put" or not keys:
            self._put(name, side, self._values(name, side))
        elif deed == "put both":
            for one in SIDES:
                self._put(name, one, self._values(name, one, name_of=NAMES[self.minute % len(NAMES)]))
        elif deed == "edit":
            self._edit(name, side, chance.choice(keys))
        elif deed == "delete":
            world.delete(side, chance.choice(keys), entity=name)
        elif deed == "edit both":
            for record in chance.sample(world.records(name), min(1, len(world.records(name)))):
                for one, key in (("a", record.a_id), ("b", record.b_id)):
                    if key in self._records(name, one):
                        self._edit(name, one, str(key))
        else:  # a record comes back under the key that it had
            gone = [one for one in world.records(name) if one.status is Status.DELETED]
            for record in gone[:1]:
                key = record.a_id if side == "a" else record.b_id
                if key is not None and key not in self._records(name, side):
                    self._put(name, side, self._values(name, side), key)

    def _put(self, name: str, side: str, values: dict[str, object], key: str | None = None) -> None:
        if key is None:  # one that no record had before
            self.key = 1 + max(self.key, *(int(one) for one in ("0", *self._records(name, side))))
        self.world.put(side, entity=name, **{"Id" if side == "a" else "id": key or self.key}, **values)

    def _edit(self, name: str, side: str, key: str) -> None:
        values = self._values(name, side)
        chosen = self.chance.sample(sorted(values), self.chance.randint(1, 2))
        stamp = {"Changed": None, "changed": None}.keys() & values.keys()
        self.world.edit(side, key, entity=name, **{one: values[one] for one in {*chosen, *stamp}})

    def _values(self, name: str, side: str, *, name_of: str = "") -> dict[str, object]:
        chance = self.chance
        self.minute += 1
        called: str | None = name_of or chance.choice((*NAMES, *NAMES, None))
        if name == "firm":
            values: dict[str, object] = {"Name": called, "Town": chance.choice(CITIES)}
        else:
            values = {
                "Name": called,
                "Mail": chance.choice((f"{called}@x.org", f" {called}@X.org", "m@x.org", None)),
                "City": chance.choice(CITIES),
                "Note": chance.choice(("hello", "old", None, "")),
                "Changed": f"2026-01-01 {self.minute // 60:02d}:{self.minute % 60:02d}:00",
            }
            if len(self.world.configuration.entities) > 1:
                values["Firm"] = chance.choice((None, *self._records("firm", side)))
        return values if side == "a" else {key.lower(): value for key, value in values.items()}

    def _decide(self) -> None:
        """A person decides some of what waits."""
        world, chance = self.world, self.chance
        for conflict in world.app.records.conflicts("Sync"):
            if chance.random() < 0.5:
                world.app.records.resolve(conflict.id, chance.choice(list(Side)))
        for entity in world.configuration.entities:
            for record in world.records(entity.name):
                if record.status in (Status.PROCESSED, Status.SKIPPED, Status.DELETED) and chance.random() < 0.05:
                    world.app.records.set_status([record.id], Event.SET_PREPARED_BY_USER)

    def _records(self, name: str, side: str) -> dict[str, Record]:
        key = "Id" if side == "a" else "id"
        structure = name.capitalize() if side == "a" else name
        return {str(row[key]): row for row in self.world.side(side).rows(structure)}


def _actions(history: Iterable[HistoryRow]) -> Iterator[HistoryRow]:
    """Without what is part of another action: the reference that follows a create, or that is emptied before a
    delete."""
    done = [row for row in history if row.result == "done"]
    of_record: dict[int, set[Action]] = {}
    for row in done:
        of_record.setdefault(row.record_id, set()).add(row.action)
    for row in done:
        actions, target = of_record[row.record_id], row.action.target
        is_part = target is not None and row.action is update(target) and actions & {create(target), delete(target)}
        if not is_part:
            yield row


def _changes(before: dict[str, dict[str, Record]], after: dict[str, dict[str, Record]]) -> Iterator[str]:
    for side in SIDES:
        for key in before[side].keys() | after[side].keys():
            was, now = before[side].get(key), after[side].get(key)
            if was != now:
                yield f"{'create' if was is None else 'delete' if now is None else 'update'} {side}"


def _same(shown: str | None, value: object) -> bool:
    if shown is not None and shown.startswith("counterpart of "):
        return True  # it is made in the same run
    return (shown or None) == (None if value is None else str(value) or None)


def lane(worlds: int, *, seed: int, rounds: int = 6) -> Counter[str]:
    """How often which action was compared. Raises DisagreementError with the seed of the world."""
    seen: Counter[str] = Counter()
    for number in range(worlds):
        chance = random.Random(seed + number)
        with tempfile.TemporaryDirectory() as folder:
            world = _world(chance, Path(folder))
            try:
                trial = Trial(chance, world)
                for place in range(rounds):
                    try:
                        trial.round()
                    except Exception as error:
                        said = f"seed {seed + number}, round {place}: {world.configuration.entities}"
                        raise DisagreementError(f"{said}\n{error}") from error
                    trial.seen["rounds"] += 1
                seen += trial.seen
            finally:
                world.app.close()
    return seen


def _world(chance: random.Random, folder: Path) -> World:
    is_table = chance.random() < 0.5
    b = {"firm": FIRM["b"], "person": PERSON["b"]}
    if not is_table:
        b = {name: columns.replace(" INTEGER PRIMARY KEY", "") for name, columns in b.items()}
    a = {"Firm": FIRM["a"], "Person": PERSON["a"]}
    return make_world(folder / "world", *entities(chance), a=a, b=b, b_is_table=is_table)


if __name__ == "__main__":
    print(lane(int(sys.argv[2]), seed=int(sys.argv[1])))
