"""A plan on disk: between prepare and process, and while a guard waits for a person. Parquet tables and a JSON head."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.plan import EntityPlan, Mode, Plan
from desktop_sync.engine.canonical import CANONICAL_VERSION
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.origin_query import field_winners, judges_fields, origin_table
from desktop_sync.engine.plan_input import PlanInput, pair_table, plan_table
from desktop_sync.engine.plan_rows import does_sql
from desktop_sync.engine.sides import SideRead, peer_table, side_table
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench

VERSION = 2


def save_plan(bench: Workbench, plan: Plan, given: Mapping[str, PlanInput], folder: Path, basis: str) -> None:
    """The folder holds the plan; `basis` says which state of the ledger it was made from. OSError that names the folder
    when the disk is full."""
    try:
        _save(bench, plan, given, folder, basis)
    except OSError as error:
        # What Arrow raises says neither where nor, in words that a person knows, what.
        number = error.errno or errno.EIO
        raise OSError(number, os.strerror(number), str(folder)) from error


def _save(bench: Workbench, plan: Plan, given: Mapping[str, PlanInput], folder: Path, basis: str) -> None:
    entities = {}
    for name, one in given.items():
        layout = one.layout
        for table, sql in _tables(layout, one.lookups).items():
            with bench.stream(sql) as reader, pq.ParquetWriter(folder / f"{table}.parquet", reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
        entities[name] = {side.value: _read_document(one.read_of(side)) for side in Side}
    document = {
        "version": VERSION,
        "form": CANONICAL_VERSION,
        "basis": basis,
        "plan": _plan_document(plan),
        "reads": entities,
    }
    with open(folder / "plan.json", "w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())


def load_plan(bench: Workbench, layouts: tuple[Layout, ...], folder: Path) -> tuple[Plan, dict[str, PlanInput], str]:
    """The plan, what it was made from, and its basis; its tables stand in the workbench.

    Raises VersionMismatchError when the plan was kept by another version of the program.
    """
    document = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    if document.get("version") != VERSION:
        raise VersionMismatchError("the kept plan", str(VERSION), str(document.get("version")))
    if document.get("form", 1) != CANONICAL_VERSION:
        raise VersionMismatchError("the kept plan", str(CANONICAL_VERSION), str(document.get("form")))
    plan = _plan_of(document["plan"])
    by_name = {layout.entity.name: layout for layout in layouts}
    given = {}
    for name, reads in document["reads"].items():
        layout = by_name.get(name)
        if layout is None:
            raise VersionMismatchError("the kept plan", name, "")
        lookups = {entity: by_name[entity] for entity in layout.entity.prerequisites}
        for table in _tables(layout, lookups):
            with bench.source(pq.ParquetFile(folder / f"{table}.parquet").read()) as (source, _):
                is_side = table in {side_table(layout, side) for side in Side}
                columns = "* REPLACE (CAST(match_key AS UHUGEINT) AS match_key)" if is_side else "*"
                bench.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {columns} FROM {source}")
        a, b = (_read_of(layout, side, reads[side.value]) for side in Side)
        given[name] = PlanInput(layout, a, b, lookups, {}, has_origins=layout.origins is not None)
    return plan, given, str(document["basis"])


def kept_findings(folder: Path) -> tuple[GuardFinding, ...]:
    """The guards that the plan kept there met; none where this version of the program cannot read it."""
    try:
        document = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return _plan_of(document["plan"]).findings if document.get("version") == VERSION else ()


def rows_digest(bench: Workbench, layout: Layout) -> str:
    """A digest of what the plan of the entity does with which records, and of the values that both of each have,
    whatever their order."""
    parts = "p.action, p.rule, p.a_id, p.b_id, p.winner, p.writes_both, p.excluded, a.digest, b.digest"
    sides = " ".join(
        f"LEFT JOIN {side_table(layout, side)} {side.value} ON {side.value}.rid = p.{side.value}_id" for side in Side
    )
    row = bench.rows(f"SELECT count(*), bit_xor(hash({parts})) FROM {plan_table(layout)} p {sides}")[0]
    return f"{row[0]}:{row[1]}"


def count_unseen(bench: Workbench, layout: Layout, folder: Path, actions: Collection[Action]) -> int:
    """How many records the plan does one of these actions with that the plan kept in the folder did not do it with.

    Raises VersionMismatchError when there is no such plan.
    """
    file = folder / f"{plan_table(layout)}.parquet"
    wanted = f"{does_sql(actions)} AND NOT excluded"
    mine = f"SELECT action, a_id, b_id FROM {plan_table(layout)} WHERE {wanted}"
    if not bench.number(f"SELECT count(*) FROM ({mine})"):
        return 0
    try:
        kept = pq.ParquetFile(file).read(columns=["action", "a_id", "b_id", "writes_both", "excluded"])
    except (OSError, ValueError) as error:
        raise VersionMismatchError("the kept plan", layout.entity.name, "") from error
    with bench.source(kept) as (source, _):
        return bench.number(
            f"SELECT count(*) FROM ({mine} EXCEPT SELECT action, a_id, b_id FROM {source} WHERE {wanted})"
        )


def _tables(layout: Layout, lookups: Mapping[str, Layout]) -> dict[str, str]:
    plan = plan_table(layout)
    tables = {plan: f"SELECT * FROM {plan}"}
    for side in Side:
        name = side_table(layout, side)
        # Parquet has no whole numbers of 128 bits; they travel as text.
        raws = ", ".join(column.raw for column in layout.of(side).columns)
        tables[name] = (
            f"SELECT rid, {raws}, digest, CAST(match_key AS VARCHAR) AS match_key, problem, in_filter, is_kept, "
            f"record_id FROM {name} "
            f"WHERE rid IN (SELECT {side.value}_id FROM {plan})"
        )
    peers, pairs = peer_table(layout), pair_table(layout)
    mine = [f"{name} IN (SELECT {name} FROM {plan})" for name in ("record_id", "a_id", "b_id")]
    tables[peers] = f"SELECT * FROM {peers} WHERE {' OR '.join(mine)}"
    if layout.origins is not None:
        for side in Side:
            name = origin_table(layout, side)
            tables[name] = f"SELECT * FROM {name} WHERE rid IN (SELECT {side.value}_id FROM {plan})"
        if judges_fields(layout):
            tables[field_winners(layout)] = f"SELECT * FROM {field_winners(layout)}"
    for name in (pairs, *(pair_table(parent) for parent in lookups.values())):
        tables[name] = f"SELECT * FROM {name}"
    return tables


def _read_document(read: SideRead) -> dict[str, object]:
    return {
        "texts": sorted(read.staging.texts),
        "complete": read.is_complete,
        "count": read.count,
        "nameless": read.nameless,
        "last_stamp": read.last_stamp,
        "fields": list(read.staging.side.fields),
    }


def _read_of(layout: Layout, side: Side, document: dict[str, object]) -> SideRead:
    if tuple(_list(document["fields"])) != layout.of(side).fields:
        raise VersionMismatchError("the fields of the kept plan", str(document["fields"]), str(layout.of(side).fields))
    staging = Staging(layout, layout.of(side), frozenset(int(str(place)) for place in _list(document["texts"])))
    return SideRead(
        staging,
        bool(document["complete"]),
        int(str(document["count"])),
        int(str(document["nameless"])),
        str(document["last_stamp"]),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _plan_document(plan: Plan) -> dict[str, object]:
    return {
        "id": plan.id,
        "configuration": plan.configuration,
        "configuration_version": plan.configuration_version,
        "mode": plan.mode.value,
        "created_at": plan.created_at.isoformat(),
        "digest": plan.digest,
        "entities": [
            {
                "entity": e.entity,
                "read": [e.read_a, e.read_b],
                "complete": [e.complete_a, e.complete_b],
                "counts": {action.key: number for action, number in e.counts.items()},
                "first_run": e.first_run,
                "notes": list(e.notes),
                "both_sides": e.both_sides,
            }
            for e in plan.entities
        ],
        "findings": [[f.guard.value, f.entity, f.side.value, f.count, f.total, f.limit] for f in plan.findings],
    }


def _plan_of(document: dict[str, object]) -> Plan:
    entities = [e for e in _list(document["entities"]) if isinstance(e, dict)]
    return Plan(
        str(document["id"]),
        str(document["configuration"]),
        int(str(document["configuration_version"])),
        Mode(document["mode"]),
        datetime.fromisoformat(str(document["created_at"])),
        tuple(
            EntityPlan(
                str(e["entity"]),
                int(e["read"][0]),
                int(e["read"][1]),
                bool(e["complete"][0]),
                bool(e["complete"][1]),
                {Action[key.upper()]: int(number) for key, number in e["counts"].items()},
                bool(e["first_run"]),
                tuple(str(note) for note in _list(e["notes"])),
                int(e["both_sides"]),
            )
            for e in entities
        ),
        tuple(
            GuardFinding(Guard(f[0]), str(f[1]), Side(f[2]), int(f[3]), int(f[4]), int(f[5]))
            for f in _list(document["findings"])
            if isinstance(f, list)
        ),
        str(document["digest"]),
    )
