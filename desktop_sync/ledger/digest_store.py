"""In which canonical form the digests of an entity's baselines were made, and their values to make them anew."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from desktop_sync.core.ledger_values import DoneBatch, EntityKey
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import read_stream
from desktop_sync.ledger.history import done_batches
from desktop_sync.ledger.home_mark import fact, put_fact
from desktop_sync.ledger.store import Store, entity_id, make_entity_id

FIRST_FORM = 1
"""What ledgers that do not say it were made with."""

_FORMS = "digest forms"
_HAS_BASELINE = "entity_id = ? AND batch_id IS NOT NULL AND (a_digest IS NOT NULL OR b_digest IS NOT NULL)"


class SqlDigestStore(Store):
    """The `DigestStore` of the ledger."""

    def digest_form(self, key: EntityKey) -> int:
        """The canonical form of the digests of the entity's baselines."""
        with self._database.reading() as connection:
            return _forms(connection).get(str(entity_id(connection, key)), FIRST_FORM)

    def baseline_rows(self, key: EntityKey) -> Iterator[DoneBatch]:
        """The batches that baselines of the entity are of, each with just the rows that are one, oldest first."""
        with self._database.reading() as connection:
            found = connection.exec_driver_sql(
                f"SELECT batch_id, id FROM sync_record WHERE {_HAS_BASELINE}", (entity_id(connection, key),)
            ).all()
        both = pa.table({"batch": [row[0] for row in found], "record": [row[1] for row in found]})
        records = both.group_by("batch").aggregate([("record", "list")]).sort_by("batch").to_pydict()
        wanted = dict(zip(records["batch"], records["record_list"], strict=True))
        for batch in done_batches(self._database, list(wanted)):
            rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
            mine = pc.is_in(rows["record_id"], value_set=pa.array(wanted[batch.id], pa.int64()))
            yield DoneBatch(
                batch.id, batch.run_id, batch.key, batch.structure, batch.side, batch.operation, rows.filter(mine)
            )

    def rebase(self, key: EntityKey, digests: ArrowStream, form: int) -> None:
        """One transaction: the baselines have these digests (record_id, a_digest, b_digest), and all of the entity's
        are of that form from now on. A side without a baseline stays without one."""
        rows = read_stream(digests)
        with self._database.writing("rebase") as connection:
            entity = make_entity_id(connection, key)
            names = ("a_digest", "b_digest", "record_id")
            values = [
                (a, b, entity, record) for a, b, record in zip(*(rows[name].to_pylist() for name in names), strict=True)
            ]
            if values:
                connection.exec_driver_sql(
                    "UPDATE sync_record SET a_digest = iif(a_digest IS NULL, NULL, ?),"
                    " b_digest = iif(b_digest IS NULL, NULL, ?) WHERE entity_id = ? AND id = ?",
                    values,
                )
            put_fact(connection, _FORMS, json.dumps(_living(connection) | {str(entity): form}, sort_keys=True))


def _forms(connection: Connection) -> dict[str, int]:
    return {str(entity): int(form) for entity, form in json.loads(fact(connection, _FORMS) or "{}").items()}


def _living(connection: Connection) -> dict[str, int]:
    """The forms of entities that are still there."""
    known = {str(entity) for entity in connection.execute(select(tables.entity.c.id)).scalars()}
    return {entity: form for entity, form in _forms(connection).items() if entity in known}
