"""Verification: every peer compared as it is now, counted, with a digest (SPEC §9)."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.status import Status
from desktop_sync.engine.comparison import compared_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, own_way, pair_table
from desktop_sync.engine.sides import peer_table, side_table
from desktop_sync.engine.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Agreement:
    in_sync: int
    different: int
    missing_a: int
    missing_b: int
    unverified: int
    digest: str


def make_pairs(bench: Workbench, layout: Layout) -> None:
    """The pair table holds the peers, for translating references."""
    bench.execute(
        f"CREATE OR REPLACE TABLE {pair_table(layout)} AS SELECT record_id, a_id, b_id FROM {peer_table(layout)} "
        f"WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND status <> {Status.DELETED:d}"
    )


def agreement(bench: Workbench, given: PlanInput) -> Agreement:
    """Counts over all records that take part. Both sides must have been read completely, with all columns kept.

    A record of one side without a peer is missing on the other, where the direction would create it there.
    """
    layout = given.layout
    a, b, peers = side_table(layout, Side.A), side_table(layout, Side.B), peer_table(layout)
    bench.execute(
        f"CREATE OR REPLACE TABLE checked AS SELECT p.record_id, p.a_id, p.b_id, p.status, a.rid IS NOT NULL AS has_a, "
        f"b.rid IS NOT NULL AS has_b, a.digest AS a_digest, b.digest AS b_digest, "
        f"{_unusable('a.problem')} OR {_unusable('b.problem')} AS is_unusable, "
        f"coalesce(a.in_filter, true) AND coalesce(b.in_filter, true) AS in_filter FROM {peers} p "
        f"LEFT JOIN {a} a ON a.rid = p.a_id LEFT JOIN {b} b ON b.rid = p.b_id "
        f"WHERE p.a_id IS NOT NULL AND p.b_id IS NOT NULL AND p.status NOT IN ({Status.DELETED:d}, {Status.SKIPPED:d})"
    )
    pairs = "SELECT a_id AS a_rid, b_id AS b_rid FROM checked WHERE has_a AND has_b AND in_filter AND NOT is_unusable"
    bench.execute(f"CREATE OR REPLACE TABLE compared AS {compared_sql(given, pairs)}")
    bench.execute(
        "CREATE OR REPLACE TABLE verdicts AS SELECT c.*, k.equal FROM checked c "
        "LEFT JOIN compared k ON k.a_rid = c.a_id AND k.b_rid = c.b_id WHERE c.in_filter"
    )
    alone = {
        side: f"SELECT count(*) FROM {side_table(layout, side)} s WHERE s.in_filter AND s.problem IS NULL "
        "AND s.rid NOT IN "
        f"(SELECT {side.value}_id FROM {peers} WHERE {side.value}_id IS NOT NULL AND (status IN ({Status.DELETED:d}, "
        f"{Status.SKIPPED:d}) OR (a_id IS NOT NULL AND b_id IS NOT NULL)))"
        for side in Side
    }
    unusable = (
        f"SELECT (SELECT count(*) FROM verdicts WHERE is_unusable) + (SELECT count(*) FROM {a} WHERE problem IS NOT "
        "NULL "
        f"AND rid NOT IN (SELECT a_id FROM checked)) + (SELECT count(*) FROM {b} WHERE problem IS NOT NULL "
        "AND rid NOT IN (SELECT b_id FROM checked))"
    )
    digest = bench.rows(
        "SELECT sha256(concat(count(*), ':', coalesce(bit_xor(md5_number(concat(a_id, chr(31), b_id, chr(31), "
        "equal, chr(31), "
        "hex(coalesce(a_digest, ''::BLOB)), hex(coalesce(b_digest, ''::BLOB))))), 0))) FROM verdicts"
    )[0][0]
    return Agreement(
        in_sync=bench.number("SELECT count(*) FROM verdicts WHERE equal"),
        different=bench.number("SELECT count(*) FROM verdicts WHERE NOT equal"),
        missing_a=bench.number("SELECT count(*) FROM verdicts WHERE NOT has_a AND has_b")
        + (bench.number(alone[Side.B]) if creates_in(layout.entity, Side.A) else 0),
        missing_b=bench.number("SELECT count(*) FROM verdicts WHERE has_a AND NOT has_b")
        + (bench.number(alone[Side.A]) if creates_in(layout.entity, Side.B) else 0),
        unverified=bench.number(unusable),
        digest=str(digest),
    )


def _unusable(problem: str) -> str:
    """Whether the record cannot be compared. One that a step only keeps from being sent can."""
    return f"({problem} IS NOT NULL AND NOT {own_way(problem)})"
