"""Sync records for screens: pages, single records and counts.

A page over several entities is a union of one select for each: SQLite merges the sorted parts, so that an index of
the entity gives the order and only the page is read.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.ledger.instants import from_us
from desktop_sync.ledger.store import entity_ids
from desktop_sync.ledger.tables import configuration, entity, sync_record

_SORTS = ("id", "status", "a_id", "b_id", "updated_at", "attempts")
_TEXT_SORTS = ("a_id", "b_id")
_NO_SMALL_LETTERS, _NO_CAPITALS = " -`{-~", " -@[-~"
"""The other characters of ASCII, as ranges."""
_rows = sync_record.c
_LARGEST_NUMBER = 2**63 - 1


def count_by_status(connection: Connection, entities: Sequence[int]) -> dict[Status, int]:
    """Statuses that occur, by number. Processed records are what the index of the others leaves over."""
    counts: dict[Status, int] = {}
    for each in entities:
        others = 0
        by_status = (
            "SELECT status, count(*) FROM sync_record WHERE entity_id = ? AND status <> 2 GROUP BY entity_id, status"
        )
        for status, count in connection.exec_driver_sql(by_status, (each,)):
            counts[Status(status)] = counts.get(Status(status), 0) + count
            others += count
        processed = _record_count(connection, each) - others
        if processed:
            counts[Status.PROCESSED] = counts.get(Status.PROCESSED, 0) + processed
    return dict(sorted(counts.items()))


def count_peers(connection: Connection, one_entity: int) -> int:
    """Records with both ids that are not Deleted, from the counter and the two small indexes."""

    # The indexes are named: the planner would rather read both indexes of ids than the small one of halves.
    def count(index: str, condition: str) -> int:
        statement = f"SELECT count(*) FROM sync_record INDEXED BY {index} WHERE entity_id = ? AND {condition}"
        return int(connection.exec_driver_sql(statement, (one_entity,)).scalar_one())

    half = "(a_id IS NULL OR b_id IS NULL)"
    deleted = f"status = {int(Status.DELETED)}"
    whole_deleted = count("sync_record_status", f"{deleted} AND status <> 2") - count(
        "sync_record_half", f"{half} AND {deleted}"
    )
    return _record_count(connection, one_entity) - count("sync_record_half", half) - whole_deleted


def records(connection: Connection, query: RecordQuery) -> list[SyncRecord]:
    """The page."""
    if query.sort not in _SORTS:
        raise BugError(f"sync records cannot be sorted by {query.sort!r}")
    names = _names(connection)
    entities = entity_ids(connection, query.configuration, query.entity)
    if query.sort in _TEXT_SORTS:
        mixes_letters = _mixes_letters(connection, entities, query.sort)
        if mixes_letters or len(entities) == 1:
            found_rows = _rows_in_text_order(connection, entities, query, folds=mixes_letters)
            return [_record(row, names) for row in found_rows]
    parts = [_part(each, query) for each in entities]
    if not parts:
        return []
    direction = "DESC" if query.descending else "ASC"
    order = [text(f"{name} {direction}") for name in dict.fromkeys((query.sort, "id"))]
    page = union_all(*parts) if len(parts) > 1 else parts[0]
    found = connection.execute(page.order_by(*order).limit(query.limit).offset(query.offset))
    return [_record(row, names) for row in found]


def _mixes_letters(connection: Connection, entities: Sequence[int], name: str) -> bool:
    """Whether ids hold small letters and capitals, or others than those of ASCII. Those that do not stand in an index
    in the order that is wanted. To know it, that index is read once at most."""

    def occurs(others: str) -> bool:
        found = select(_rows.id).where(_rows.entity_id.in_(entities), text(f"{name} GLOB '*[^{others}]*'")).limit(1)
        return connection.execute(found).first() is not None

    return occurs(_NO_SMALL_LETTERS) and occurs(_NO_CAPITALS)


def _rows_in_text_order(
    connection: Connection, entities: Sequence[int], query: RecordQuery, *, folds: bool
) -> list[_RecordRow]:
    """The page in the order in which people look for texts. Only ids are sorted, as an index has them: with whole rows
    the far end of a million takes seven times as long. `text_key` is asked for those that are not ASCII alone."""
    name, way = query.sort, "DESC" if query.descending else "ASC"
    chosen = select(_rows.id, _rows[name]).where(_rows.entity_id.in_(entities), *_conditions(query)).subquery("chosen")
    key = f"CASE WHEN {name} GLOB '*[^ -~]*' THEN text_key({name}) ELSE {name} END COLLATE NOCASE"
    order = [text(f"{one} {way}") for one in ((key, name, "id") if folds else (name, "id"))]
    page = select(chosen.c.id).order_by(*order).limit(query.limit).offset(query.offset)
    numbers = list(connection.execute(page).scalars())
    found = {row.id: row for row in connection.execute(_columns().where(_rows.id.in_(numbers)))}
    return [found[number] for number in numbers if number in found]


def count_records(connection: Connection, query: RecordQuery) -> int:
    """How many the query finds without its page."""
    entities = entity_ids(connection, query.configuration, query.entity)
    if query.text or query.endpoint_id:
        counted = select(func.count()).select_from(sync_record).where(_rows.entity_id.in_(entities))
        return int(connection.execute(counted.where(*_conditions(query))).scalar_one())
    counts = count_by_status(connection, entities)
    return sum(count for status, count in counts.items() if not query.statuses or status in query.statuses)


def record(connection: Connection, record_id: int) -> SyncRecord | None:
    """One record of a living configuration. None too for a number that no record can have."""
    if record_id > _LARGEST_NUMBER:  # what a person types may be anything; the driver takes no greater one
        return None
    wanted = _columns().where(_rows.entity_id.in_(entity_ids(connection)), _rows.id == record_id)
    row = connection.execute(wanted).first()
    return None if row is None else _record(row, _names(connection))


_RECORD_COUNT = select(entity.c.record_count).where(entity.c.id == bindparam("entity"))


def _record_count(connection: Connection, one_entity: int) -> int:
    return int(connection.execute(_RECORD_COUNT, {"entity": one_entity}).scalar_one())


_RecordRow = Row[int, int, str | None, str | None, int, int, str, int]
_RecordSelect = Select[int, int, str | None, str | None, int, int, str, int]


def _columns() -> _RecordSelect:
    return select(
        _rows.entity_id,
        _rows.id,
        _rows.a_id,
        _rows.b_id,
        _rows.status,
        _rows.attempts,
        _rows.last_error,
        _rows.updated_at,
    )


def _part(one_entity: int, query: RecordQuery) -> _RecordSelect:
    return _columns().where(_rows.entity_id == one_entity, *_conditions(query))


def _conditions(query: RecordQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.statuses:
        conditions.append(_rows.status.in_([int(status) for status in query.statuses]))
        if Status.PROCESSED not in query.statuses:
            conditions.append(literal_column("(status <> 2)", Boolean))  # names the partial index
    if query.text:
        columns = (_rows.a_id, _rows.b_id, _rows.last_error)
        conditions.append(or_(*(column.icontains(query.text, autoescape=True) for column in columns)))
    if query.endpoint_id:
        conditions.append(or_(_rows.a_id == query.endpoint_id, _rows.b_id == query.endpoint_id))
    return conditions


def _names(connection: Connection) -> dict[int, tuple[str, str]]:
    """Configuration and entity by the entity's id."""
    named = select(entity.c.id, configuration.c.name, entity.c.name)
    joined = named.join(configuration, configuration.c.id == entity.c.configuration_id)
    return {row[0]: (row[1], row[2]) for row in connection.execute(joined)}


def _record(row: _RecordRow, names: dict[int, tuple[str, str]]) -> SyncRecord:
    one_entity, record_id, a_id, b_id, status, attempts, last_error, updated_at = row
    configuration_name, entity_name = names[one_entity]
    return SyncRecord(
        id=record_id,
        configuration=configuration_name,
        entity=entity_name,
        a_id=a_id,
        b_id=b_id,
        status=Status(status),
        attempts=attempts,
        last_error=last_error,
        updated_at=from_us(updated_at),
    )
