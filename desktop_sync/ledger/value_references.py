"""Which long values the ledger still speaks of: the tokens in its batches and conflicts."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from desktop_sync.core.long_value import PREFIX, TEXT_PREFIX, TOKEN_BYTES
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import unpack

_IN_TEXT = re.compile(f"{TEXT_PREFIX}[0-9A-F]{{{2 * (TOKEN_BYTES - len(PREFIX))}}}")


def tokens_in_use(connection: Connection) -> frozenset[bytes]:
    """The tokens in all batches and conflicts, as the transaction sees them. Reads all contents, a batch at a time."""
    found: set[bytes] = set()
    for (blob,) in connection.execute(select(tables.batch_content.c.rows)):
        for column in unpack(blob).columns:
            found.update(_tokens(column))
    for (values,) in connection.execute(select(tables.conflict.c.field_values)):
        found.update(bytes.fromhex(one) for one in _IN_TEXT.findall(values))
    return frozenset(found)


def _tokens(column: pa.ChunkedArray) -> list[bytes]:
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_text or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return []
    begins = pc.fill_null(pc.starts_with(column, TEXT_PREFIX if is_text else PREFIX), False)
    length = 2 * TOKEN_BYTES if is_text else TOKEN_BYTES
    ours = column.filter(begins)
    ours = ours.filter(pc.equal(pc.binary_length(ours), length))
    return [bytes.fromhex(one) if is_text else one for one in pc.unique(ours).to_pylist()]
