"""Which free record of A is which free record of B (SPEC §4), set-wise, so that reading order does not matter.

Works on the tables `free_a` and `free_b` (rid, in_filter, match_key, m0 … canonical identifying values) and gives
`matched` (a_rid, b_rid, evidence) and `undecided` (side, rid, other, evidence: who might be meant).
"""

from __future__ import annotations

from itertools import combinations

from desktop_sync.core.configuration import MatchRule, Side
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.held import Held, quarantine
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import count_peers, peer_table, side_table
from desktop_sync.engine.workbench import Workbench

_PAIRED = "a record that is paired already has the same "

MOST_LEVELS = 6
"""Best match looks at subsets of at most so many identifying fields, those that come first."""


def evidence_sql(layout: Layout, alias: str) -> str:
    """By which fields the two records of a row of the plan were matched in this plan; null for those that were peers,
    or that a person or an earlier prepare paired (SPEC §4). Costs a look at columns that the row has."""
    if layout.entity.match is not MatchRule.STRICT:
        return f"CASE WHEN {alias}.is_contact THEN {alias}.detail END"
    fields = [layout.entity.fields[comparison.index] for comparison in layout.identifying]
    equal = literal("equal: " + ", ".join(field.a or field.b for field in fields))
    return f"CASE WHEN {alias}.is_contact AND {alias}.status IS DISTINCT FROM {Status.PREPARED:d} THEN {equal} END"


def match(bench: Workbench, layout: Layout, held: Held) -> None:
    """The tables `matched` and `undecided` are made anew."""
    no_matches(bench)
    if not _sides_with_free(bench):
        return  # the usual case: nobody added anything, and no table need be grouped
    quarantine(bench, layout, held)
    labels = [layout.entity.fields[c.index].a or layout.entity.fields[c.index].b for c in layout.identifying]
    if layout.entity.match is MatchRule.STRICT:
        _strict(bench, layout, labels)
    else:
        for side in _sides_with_free(bench):
            _meet_gone(bench, layout, side)
        _meet_left_alone(bench, layout, labels)
        _best(bench, labels)
        for side in _sides_with_free(bench):
            _meet_paired(bench, layout, labels, side)


def _sides_with_free(bench: Workbench) -> list[Side]:
    """Sides with free records: nothing need be said of the others."""
    return [side for side in Side if bench.has_rows(f"free_{side.value}")]


def no_matches(bench: Workbench) -> None:
    """The tables `matched`, `undecided` and `renamed` are there, empty."""
    bench.execute("CREATE OR REPLACE TABLE matched (a_rid VARCHAR, b_rid VARCHAR, evidence VARCHAR)")
    bench.execute("CREATE OR REPLACE TABLE undecided (side VARCHAR, rid VARCHAR, other VARCHAR, evidence VARCHAR)")
    bench.execute("CREATE OR REPLACE TABLE renamed (side VARCHAR, rid VARCHAR, record_id BIGINT)")


def _strict(bench: Workbench, layout: Layout, labels: list[str]) -> None:
    """All identifying values equal and there; no second record of either side has them."""
    agree = " AND ".join(f"a.m{i} = b.m{i}" for i in range(len(labels)))
    evidence = literal("equal: " + ", ".join(labels))
    sides = _sides_with_free(bench)
    for side in sides:
        free = f"free_{side.value}"
        # A single one in the filter is meant, whatever is like it outside.
        repeated = (
            f"SELECT match_key FROM {side_table(layout, side)} WHERE match_key IS NOT NULL "
            "GROUP BY 1 HAVING count(*) > 1 AND count(*) FILTER (WHERE in_filter) <> 1"
        )
        if bench.has_rows(f"({repeated})"):
            bench.execute(
                f"INSERT INTO undecided SELECT '{side.value}', rid, NULL, "
                f"{literal('other records have the same ' + ', '.join(labels))} "
                f"FROM {free} WHERE match_key IN ({repeated})"
            )
    for side in sides if bench.has_rows("undecided") else ():
        other = side.other
        bench.execute(
            f"INSERT INTO undecided SELECT '{side.value}', f.rid, o.rid, "
            f"{literal('several records of the other side have the same ' + ', '.join(labels))} "
            f"FROM free_{side.value} f JOIN {side_table(layout, other)} o USING (match_key) "
            f"WHERE o.rid IN (SELECT rid FROM undecided WHERE side = '{other.value}')"
        )
    _meet_left_alone(bench, layout, labels)
    if len(sides) == len(Side):
        among = " AND ".join(_takes_part(layout, side) for side in Side)
        bench.execute(
            f"INSERT INTO matched SELECT a.rid, b.rid, {evidence} FROM free_a a JOIN free_b b "
            f"ON a.match_key = b.match_key AND {agree} WHERE a.rid NOT IN (SELECT rid FROM undecided WHERE side = 'a') "
            f"AND b.rid NOT IN (SELECT rid FROM undecided WHERE side = 'b') AND {among}"
        )
    for side in sides if count_peers(bench, layout).living else ():
        _meet_peers(bench, layout, labels, side)


def _takes_part(layout: Layout, side: Side) -> str:
    """Whether a free record is in the filter, or no other one that is has its identifying values."""
    me, own = side.value, layout.of(side)
    if own.condition is None and not own.steps:
        return "true"
    inside = f"SELECT match_key FROM {side_table(layout, side)} WHERE in_filter AND match_key IS NOT NULL"
    return f"({me}.in_filter OR {me}.match_key NOT IN ({inside}))"


def _meet_left_alone(bench: Workbench, layout: Layout, labels: list[str]) -> None:
    """New records whose identifying values a record of the other side has that is to be left alone go to Review: to
    create them would make a second one. One that a person, or a prepare before, set to Prepared is not held up."""
    alone = f"status IN ({Status.SKIPPED:d}, {Status.ABORTED:d})"
    if not bench.has_rows(peer_table(layout), alone):
        return
    for side in _sides_with_free(bench):
        me, other = side.value, side.other.value
        evidence = literal("a record that is skipped or given up has the same " + ", ".join(labels))
        bench.execute(
            f"INSERT INTO undecided SELECT '{me}', f.rid, o.rid, {evidence} FROM free_{me} f "
            f"JOIN {side_table(layout, side.other)} o USING (match_key) "
            f"JOIN {peer_table(layout)} p ON p.record_id = o.record_id AND p.{me}_id IS NULL AND p.{alone} "
            f"WHERE coalesce(f.status, 0) <> {Status.PREPARED:d} "
            f"AND f.rid NOT IN (SELECT rid FROM undecided WHERE side = '{me}') "
            f"AND NOT EXISTS (SELECT 1 FROM free_{other} t WHERE t.match_key = f.match_key)"
        )


def _meet_peers(bench: Workbench, layout: Layout, labels: list[str], side: Side) -> None:
    """A free record of the side whose values a record of a pair has: the pair's own one under a new id, or a duplicate.

    `renamed` gets (side, rid, record_id): the pair's record of that side is gone, so this is it (RELIABILITY C16).
    """
    me, other = side.value, side.other.value
    met = (
        f"SELECT f.rid, p.{other}_id AS other, p.record_id, mine.record_id IS NULL AS is_gone FROM free_{me} f "
        f"JOIN {side_table(layout, side.other)} o USING (match_key) "
        f"JOIN {peer_table(layout)} p ON p.record_id = o.record_id AND p.{me}_id IS NOT NULL AND p.status <> 6 "
        f"LEFT JOIN {side_table(layout, side)} mine ON mine.record_id = p.record_id "
        f"WHERE f.rid NOT IN (SELECT rid FROM undecided WHERE side = '{me}')"
    )
    bench.execute(f"CREATE OR REPLACE TABLE met AS {met}")
    if bench.has_rows("met"):
        bench.execute(f"INSERT INTO renamed SELECT '{me}', rid, record_id FROM met WHERE is_gone")
        bench.execute(
            f"INSERT INTO undecided SELECT '{me}', rid, other, "
            f"{literal(_PAIRED + ', '.join(labels))} FROM met WHERE NOT is_gone"
        )
    bench.execute("DROP TABLE met")


def _meet_paired(bench: Workbench, layout: Layout, labels: list[str], side: Side) -> None:
    """By best match, a free record that agrees in all identifying values with a record that is paired already goes to
    Review: nobody can tell the two apart, and to create it would make a second one. One that a person set to Prepared
    is another."""
    me, other = side.value, side.other.value
    bench.execute(
        f"INSERT INTO undecided SELECT DISTINCT '{me}', f.rid, p.{other}_id, {literal(_PAIRED + ', '.join(labels))} "
        f"FROM free_{me} f JOIN {side_table(layout, side.other)} o USING (match_key) "
        f"JOIN {peer_table(layout)} p ON p.record_id = o.record_id AND p.{me}_id IS NOT NULL "
        f"AND p.status <> {Status.DELETED:d} AND p.record_id IN (SELECT record_id FROM {side_table(layout, side)}) "
        f"WHERE coalesce(f.status, 0) <> {Status.PREPARED:d} AND f.rid NOT IN (SELECT {me}_rid FROM matched) "
        f"AND f.rid NOT IN (SELECT rid FROM undecided WHERE side = '{me}' UNION ALL "
        f"SELECT rid FROM renamed WHERE side = '{me}')"
    )


def _meet_gone(bench: Workbench, layout: Layout, side: Side) -> None:
    """By best match, a free record that agrees in all identifying values with a pair whose own record is gone is that
    one under a new id, where nobody else has these values."""
    me = side.value
    alone = "match_key IN (SELECT match_key FROM {} GROUP BY 1 HAVING count(*) = 1)"
    bench.execute(
        f"INSERT INTO renamed SELECT '{me}', f.rid, p.record_id FROM free_{me} f "
        f"JOIN {side_table(layout, side.other)} o USING (match_key) "
        f"JOIN {peer_table(layout)} p ON p.record_id = o.record_id AND p.{me}_id IS NOT NULL "
        f"AND p.status <> {Status.DELETED:d} "
        f"LEFT JOIN {side_table(layout, side)} mine ON mine.record_id = p.record_id "
        f"WHERE mine.record_id IS NULL AND f.rid NOT IN (SELECT rid FROM undecided WHERE side = '{me}') "
        f"AND f.{alone.format(side_table(layout, side))} AND o.{alone.format(side_table(layout, side.other))}"
    )


def _best(bench: Workbench, labels: list[str]) -> None:
    """Agreement on all identifying fields first, then on one fewer, and so on, in priority order."""
    places = range(len(labels))
    for size in range(len(labels), 0, -1):
        for subset in combinations(places, size):
            if size < len(labels) and size <= len(labels) - MOST_LEVELS:
                continue
            _best_level(bench, subset, [place for place in places if place not in subset], labels)


def _best_level(bench: Workbench, subset: tuple[int, ...], rest: list[int], labels: list[str]) -> None:
    agree = " AND ".join(f"a.m{i} = b.m{i}" for i in subset)
    against = " OR ".join(f"a.m{i} <> b.m{i}" for i in rest) or "false"
    names = ", ".join(labels[i] for i in subset)
    still_free = (
        "rid NOT IN (SELECT {0}_rid FROM matched) AND rid NOT IN (SELECT rid FROM undecided WHERE side = '{0}' "
        "UNION ALL SELECT rid FROM renamed WHERE side = '{0}')"
    )
    # A record outside the filter is meant only where none inside is.
    inside = " AND ".join(
        f"({me}_in OR NOT bool_or({me}_in) OVER (PARTITION BY {other}_rid))" for me, other in (("a", "b"), ("b", "a"))
    )
    candidates = (
        f"SELECT a.rid AS a_rid, b.rid AS b_rid, a.in_filter AS a_in, b.in_filter AS b_in, "
        f"coalesce({against}, false) AS is_contradicted FROM (SELECT * FROM free_a WHERE {still_free.format('a')}) a "
        f"JOIN (SELECT * FROM free_b WHERE {still_free.format('b')}) b ON {agree} QUALIFY {inside}"
    )
    bench.execute(
        f"CREATE OR REPLACE TABLE level AS SELECT *, count(*) OVER (PARTITION BY a_rid) AS a_count, "
        f"count(*) OVER (PARTITION BY b_rid) AS b_count FROM ({candidates})"
    )
    sure = "a_count = 1 AND b_count = 1 AND NOT is_contradicted"
    bench.execute(f"INSERT INTO matched SELECT a_rid, b_rid, {literal('equal: ' + names)} FROM level WHERE {sure}")
    against_text = literal("equal: " + names + "; but others differ")
    why = f"CASE WHEN is_contradicted THEN {against_text} ELSE {literal('several have the same ' + names)} END"
    for me, other in (("a", "b"), ("b", "a")):
        bench.execute(
            f"INSERT INTO undecided SELECT '{me}', {me}_rid, {other}_rid, {why} FROM level WHERE NOT ({sure})"
        )
    bench.execute("DROP TABLE level")
