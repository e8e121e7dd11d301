"""New sync records in one statement: SQLite itself takes them apart, so that no row is bound, nor the interpreter held.

The way back of `peer_chunks`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

DIGEST_BYTES = 16
_SEPARATOR = "\x1f"
# Arrow looks for the type of a Python value in modules that it tries to import anew each time.
_BYTES, _BETWEEN = pa.scalar(DIGEST_BYTES, pa.int32()), pa.scalar(_SEPARATOR, pa.string())
_NUL = "\x00"  # SQLite ends a text of JSON there


def strung_select(rows: pa.Table, records: Sequence[int]) -> tuple[dict[str, str], str, tuple[object, ...]] | None:
    """What each row's id, ids and digests are as SQL, the source to select them from, and the source's parameters.

    None where the record ids have gaps, where a value is missing, or where an id has a character that separates.
    """
    count, first = len(records), records[0]
    if records[-1] - first != count - 1 or list(records) != list(range(first, first + count)):
        return None
    ids = _strung_ids(rows["a_id"], rows["b_id"])
    digests = [_strung_digests(rows[name]) for name in ("a_digest", "b_digest")]
    if ids is None or None in digests:
        return None
    text, a_id, b_id = ids
    values = {"record_id": f"{first} + j.key", "a_id": a_id, "b_id": b_id}
    for place, name in enumerate(("a_digest", "b_digest"), start=2):
        values[name] = f"substr(?{place}, j.key * {DIGEST_BYTES} + 1, {DIGEST_BYTES})"
    return values, "json_each(?1) j", (text, *digests)


def _strung_ids(a_ids: pa.ChunkedArray, b_ids: pa.ChunkedArray) -> tuple[str, str, str] | None:
    """The ids as a list in JSON, and both of an element as SQL."""
    for ids in (a_ids, b_ids):
        if ids.null_count or any(pc.any(pc.match_substring(ids, mark)).as_py() for mark in (_SEPARATOR, _NUL)):
            return None
    if a_ids.equals(b_ids):
        return _listed(a_ids), "j.value", "j.value"
    place = f"instr(j.value, char({ord(_SEPARATOR)}))"
    both = pc.binary_join_element_wise(a_ids, b_ids, _BETWEEN)
    return _listed(both), f"substr(j.value, 1, {place} - 1)", f"substr(j.value, {place} + 1)"


def _listed(texts: pa.ChunkedArray) -> str:
    return json.dumps(texts.to_pylist(), ensure_ascii=False)


def _strung_digests(digests: pa.ChunkedArray) -> bytes | None:
    """All of them one after the other."""
    if digests.null_count or not pc.all(pc.equal(pc.binary_length(digests), _BYTES)).as_py():
        return None
    return b"".join(digests.to_pylist())
