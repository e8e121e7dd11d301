"""Origin stamps in the workbench: those that are known, those of changes seen now, and who wins (SPEC §7).

`core.origin` says what the rules are; this is the same as SQL over whole tables. A stamp is a STRUCT with at_us,
told_us (what the clock told, at_us where that can be), liking (0 for the most preferred endpoint, less for the others),
sharpness (its error, negative) and origin, in this order, so that the greatest of several is the latest.

Table `origin_a_N`, and the same for B, has a row for each kept record: rid, then for each column with stamps, numbered
like the side's columns: d… the digest of its value, f… its stamp, n… whether the ledger does not have it so, b… the
digest that the ledger has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desktop_sync.core.configuration import PerSide, Resolution, Side
from desktop_sync.core.origin import UNKNOWN_AT
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.canonical import canonical_sql, literal
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Column, Layout, SideLayout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import side_table, stamp_sql
from desktop_sync.engine.small_tables import load_table
from desktop_sync.engine.workbench import Workbench

_NEVER_US = -(2**62)
"""Before every stamp."""


def origin_table(layout: Layout, side: Side) -> str:
    return f"origin_{side.value}_{layout.number}"


def known_table(layout: Layout, side: Side) -> str:
    return f"known_{side.value}_{layout.number}"


def stamped_columns(layout: Layout, side: Side) -> tuple[Column, ...]:
    """The columns of the side that carry stamps."""
    return () if layout.origins is None else layout.origins.columns.of(side)


def stored_digest(column: Column) -> str:
    """The name of the column with the digest of what stands in a field after a write."""
    return f"x_g{column.place}"


def kept_ids(bench: Workbench, layout: Layout, side: Side) -> list[str]:
    """Ids of the records whose values stand in the workbench."""
    rows = bench.rows(f"SELECT rid FROM {side_table(layout, side)} WHERE is_kept AND rid IS NOT NULL")
    return [str(row[0]) for row in rows]


def load_known(bench: Workbench, layout: Layout, side: Side, stamps: ArrowStream) -> None:
    """The stamps of the ledger stand in the workbench."""
    load_table(bench, known_table(layout, side), stamps)


def make_origins(bench: Workbench, given: PlanInput, scanned: PerSide[Mapping[str, int]], now_us: int) -> None:
    """The origin tables hold every kept record. `scanned`: field → its last complete look, in microseconds."""
    for side in Side:
        moments: dict[str, int] = {}
        select = _origins_sql(given, side, scanned.of(side), now_us, moments)
        bench.execute(f"CREATE OR REPLACE TABLE {origin_table(given.layout, side)} AS {select}", moments)
        bench.execute(f"DROP TABLE {known_table(given.layout, side)}")


def _origins_sql(given: PlanInput, side: Side, scanned: Mapping[str, int], now_us: int, moments: dict[str, int]) -> str:
    """The statement of all runs, but for the values of its parameters, which are put into `moments`."""
    layout, own = given.layout, given.layout.of(side)
    columns = stamped_columns(layout, side)
    system = own.endpoint if layout.origins is None else layout.origins.systems.of(side)
    staging = given.read_of(side).staging
    staged = kept_values(given.read_of(side))
    claim = "CAST(NULL AS BIGINT)", "0"
    if own.stamp is not None:
        clock = given.clocks.of(side)
        error = claim_error_sql(f"CAST({own.stamp.raw} AS VARCHAR)")
        claim = f"epoch_us({stamp_sql(staging, own.stamp.raw)}) - {clock.shift_us}", f"{error} + {clock.error_us}"
    digests = [f"{value_digest_sql(own, column)} AS d{column.place}" for column in columns]
    values = (
        f"SELECT rid, {', '.join([*digests, f'{claim[0]} AS claimed', f'{claim[1]} AS claim_error'])} FROM ({staged}) "
        "WHERE rid IS NOT NULL"
    )
    made, fresh = [], dict.fromkeys(scanned.get(column.name) for column in columns)
    stamps = []
    for number, previous in enumerate(fresh):
        names = tuple(f"${name}{number}" for name in ("earliest", "middle", "now"))
        moments |= {name[1:]: us for name, us in zip(names, settle_moments(previous, now_us), strict=True)}
        at, error, told = settle_sql("claimed", "claim_error", *names)
        stamps.append(f"{stamp_struct(at, error, literal(system), _preference(layout), told)} AS fresh{number}")
    for column in columns:
        place, number = column.place, list(fresh).index(scanned.get(column.name))
        made.append(f"v.d{place}")
        made.append(
            f"CASE WHEN k.c{place} = v.d{place} THEN k.cf{place} WHEN k.p{place} = v.d{place} THEN k.pf{place} "
            f"ELSE v.fresh{number} END AS f{place}"
        )
        made.append(f"k.c{place} IS DISTINCT FROM v.d{place} AS n{place}")
        made.append(f"k.c{place} AS b{place}")
    known = _known_wide_sql(layout, side)
    stamped = f"SELECT *, {', '.join(stamps)} FROM ({values})"
    return f"SELECT v.rid, {', '.join(made)} FROM ({stamped}) v LEFT JOIN ({known}) k ON k.record_id = v.rid"


def _known_wide_sql(layout: Layout, side: Side) -> str:
    stamp = stamp_struct("at_us", "error_us", "origin", _preference(layout), "told_us")
    parts = []
    for column in stamped_columns(layout, side):
        for short, condition in (("c", "NOT is_pending"), ("p", "is_pending")):
            chosen = f"FILTER (WHERE field = {literal(column.name)} AND {condition})"
            parts.append(f"any_value(digest) {chosen} AS {short}{column.place}")
            parts.append(f"any_value(stamp) {chosen} AS {short}f{column.place}")
    table = known_table(layout, side)
    return f"SELECT record_id, {', '.join(parts)} FROM (SELECT *, {stamp} AS stamp FROM {table}) GROUP BY record_id"


def _preference(layout: Layout) -> tuple[str, ...]:
    return () if layout.origins is None else layout.origins.preference


def value_digest_sql(own: SideLayout, column: Column) -> str:
    """The digest of a field's value as its endpoint holds it, whatever a configuration makes of it; null is empty."""
    declared = own.structure.field(column.name)
    text = f"CAST({column.raw} AS VARCHAR)"
    if declared is not None and declared.is_typed:
        text = f"coalesce({canonical_sql(column.typed, column.kind)}, {text})"
    return f"unhex(left(md5(coalesce({text}, '')), 16))"


def stamp_struct(at: str, error: str, origin: str, preference: Sequence[str], told: str = "NULL") -> str:
    """A stamp; `origin` is the SQL of an endpoint's name, `told` of what a wrong clock told, or null."""
    cases = " ".join(f"WHEN {literal(name)} THEN {-place}" for place, name in enumerate(preference))
    liking = f"CASE {origin} {cases} ELSE {-len(preference)} END" if cases else "0"
    return (
        f"struct_pack(at_us := CAST({at} AS BIGINT), told_us := CAST(coalesce({told}, {at}) AS BIGINT), "
        f"liking := CAST({liking} AS INTEGER), sharpness := CAST(-({error}) AS BIGINT), "
        f"origin := CAST({origin} AS VARCHAR))"
    )


NO_STAMP = stamp_struct(str(UNKNOWN_AT), "0", "''", ())
"""Of a value that comes from no field, as a constant does."""


def claim_error_sql(text: str) -> str:
    """`core.origin.claim_error_us` of a stamp's text."""
    return (
        f"CASE WHEN length({text}) <= 10 THEN {86_400 * 500_000 - 1} WHEN length({text}) <= 16 THEN "
        f"{60 * 500_000 - 1} WHEN contains(substr({text}, 17), '.') THEN 0 ELSE {500_000 - 1} END"
    )


def settle_moments(previous_us: int | None, scanned_us: int) -> tuple[int, int, int]:
    """What `settle_sql` has to know of two looks at a field: the earliest moment of a change between them, their middle
    and the second one."""
    if previous_us is None:
        return _NEVER_US, scanned_us, scanned_us
    earliest = min(previous_us + 1, scanned_us)
    return earliest, (earliest + scanned_us) // 2, scanned_us


def settle_sql(claimed: str, error: str, earliest: str, middle: str, scanned: str) -> tuple[str, str, str]:
    """`core.origin.settle`: at, error and told. The last three are the SQL of `settle_moments`."""
    outside = f"{claimed} > {scanned} OR {claimed} < {earliest}"
    at = f"CASE WHEN {claimed} IS NULL THEN {UNKNOWN_AT} WHEN {outside} THEN {middle} ELSE {claimed} END"
    wide = f"greatest({error}, {scanned} - {middle})"
    said = f"CASE WHEN {claimed} IS NULL THEN 0 WHEN {outside} THEN {wide} ELSE {error} END"
    return at, said, f"CASE WHEN {outside} THEN {claimed} END"


def _apart_sql(first: str, second: str) -> str:
    return f"abs({first}.at_us - {second}.at_us) > -({first}.sharpness + {second}.sharpness)"


def tie_sql(first: str, second: str) -> str:
    """`core.origin.is_tie`."""
    are_misled = f"{first}.told_us <> {first}.at_us AND {second}.told_us <> {second}.at_us"
    return (
        f"(CASE WHEN {first}.origin = {second}.origin THEN {first}.at_us = {second}.at_us "
        f"AND {first}.told_us = {second}.told_us WHEN {_apart_sql(first, second)} THEN false "
        f"WHEN {are_misled} THEN {first}.told_us = {second}.told_us ELSE true END)"
    )


def prevails_sql(first: str, second: str) -> str:
    """`core.origin.prevails`: 1 for the first, 2 for the second, 0 for neither."""
    by_scans = f"{first}.origin = {second}.origin OR {_apart_sql(first, second)}"
    return (
        f"(CASE WHEN NOT {tie_sql(first, second)} THEN CASE WHEN ({by_scans}) AND {first}.at_us <> {second}.at_us "
        f"THEN CASE WHEN {first}.at_us > {second}.at_us THEN 1 ELSE 2 END "
        f"WHEN {first}.told_us > {second}.told_us THEN 1 ELSE 2 END "
        f"WHEN {first}.liking > {second}.liking THEN 1 WHEN {second}.liking > {first}.liking THEN 2 "
        f"WHEN {first}.origin < {second}.origin THEN 1 WHEN {second}.origin < {first}.origin THEN 2 ELSE 0 END)"
    )


def latest_sql(stamps: Sequence[str]) -> str:
    """`core.origin.latest` of at least one stamp."""
    return stamps[0] if len(stamps) == 1 else f"list_max([{', '.join(stamps)}])"


def source_columns(layout: Layout, side: Side, index: int) -> tuple[Column, ...]:
    """The columns of a side that field mapping `index` takes its value from, or writes to."""
    own, sending = layout.of(side), layout.of(side).sending(index)
    if sending is not None and sending.expression is not None:
        return tuple(own.column(name) for name in sorted(sending.expression.fields))
    name = layout.entity.fields[index].field_of(side)
    return (own.column(name),) if name else ()


def field_stamp_sql(layout: Layout, side: Side, index: int, alias: str) -> str:
    """The stamp of what a side has for field mapping `index`, over its origin table."""
    columns = source_columns(layout, side, index)
    return latest_sql([f"{alias}.f{column.place}" for column in columns]) if columns else NO_STAMP


def record_stamp_sql(layout: Layout, side: Side, alias: str) -> str:
    """The stamp of a whole record: over the fields that this configuration maps, not those of its siblings."""
    columns = dict.fromkeys(
        column
        for index, mapping in enumerate(layout.entity.fields)
        if not mapping.only_new or mapping.identifying
        for column in source_columns(layout, side, index)
    )
    return latest_sql([f"{alias}.f{column.place}" for column in columns]) if columns else NO_STAMP


def new_origins(layout: Layout, side: Side) -> str:
    """What the ledger is to keep of a side: the columns of its `origins`, and `expected`, the digest that it has."""
    table = origin_table(layout, side)
    parts = []
    for column in stamped_columns(layout, side):
        place, stamp = column.place, f"f{column.place}"
        parts.append(
            f"SELECT rid AS record_id, {literal(column.name)} AS field, false AS is_pending, d{place} AS digest, "
            f"{stamp}.origin AS origin, {stamp}.at_us AS at_us, -{stamp}.sharpness AS error_us, "
            f"nullif({stamp}.told_us, {stamp}.at_us) AS told_us, b{place} AS expected FROM {table} WHERE n{place}"
        )
    return " UNION ALL ".join(parts)


def has_new_origins(bench: Workbench, layout: Layout, side: Side) -> bool:
    """Whether there is anything for the ledger to keep. In most runs there is not, on one side at least."""
    flags = " OR ".join(f"n{column.place}" for column in stamped_columns(layout, side))
    return bench.has_rows(origin_table(layout, side), flags)


def field_winners(layout: Layout) -> str:
    """The table with the side whose value is kept, for each field of the records that differ: a_rid, b_rid, asks,
    and by field mapping w…, f…, t…, ta… and tb… as `comparison.compared_sql` has them."""
    return f"winners_{layout.number}"


def make_field_winners(bench: Workbench, layout: Layout) -> None:
    """The table is there. Needs `compared`."""
    winners = "".join(
        f", {short}{comparison.index}" for comparison in layout.comparisons for short in ("w", "f", "t", "ta", "tb")
    )
    bench.execute(
        f"CREATE OR REPLACE TABLE {field_winners(layout)} AS SELECT a_rid, b_rid, asks{winners} FROM compared "
        "WHERE NOT equal"
    )


def judges_fields(layout: Layout) -> bool:
    """Whether each field goes its own way where records differ."""
    return layout.entity.resolution is Resolution.FIELD


def one_way_from(layout: Layout) -> Side | None:
    """The side that alone sends, where records go one way."""
    flowing = [side for side in Side if layout.entity.direction.flows_from(side)]
    return flowing[0] if len(flowing) == 1 else None


def level_equal(bench: Workbench, layout: Layout) -> None:
    """Where both sides hold the same value, both have the later of its two stamps: it was said last then.

    Needs `compared`. Where a record is one piece, that holds for records that are the same as a whole.
    """
    for comparison in layout.comparisons:
        places = {side: source_columns(layout, side, comparison.index) for side in Side}
        if any(len(columns) != 1 for columns in places.values()):
            continue
        is_equal = f"e{comparison.index}" if layout.entity.resolution is Resolution.FIELD else "equal"
        if not bench.has_rows("compared", is_equal):
            continue
        for side in Side:
            mine, other = places[side][0].place, places[side.other][0].place
            me = side.value
            bench.execute(
                f"UPDATE {origin_table(layout, side)} SET f{mine} = o.f{other}, n{mine} = true FROM compared c "
                f"JOIN {origin_table(layout, side.other)} o ON o.rid = c.{side.other.value}_rid "
                f"WHERE {origin_table(layout, side)}.rid = c.{me}_rid AND c.{is_equal} "
                f"AND o.f{other} > {origin_table(layout, side)}.f{mine}"
            )
