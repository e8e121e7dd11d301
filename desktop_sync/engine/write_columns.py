"""The columns of what a plan writes, and the query that streams them.

Columns of a batch: x_number, x_record_id, x_action, x_rule, x_a_id, x_b_id, x_attempts, x_deleted_in, x_is_fill (only
empty fields are filled, and then those of the other side), x_is_merge (each field from the side that is kept, and then
the other side follows), x_source_digest, x_base_a, x_base_b (the baseline so far), x_unresolved (references without a
counterpart), x_deferred (those whose counterpart may come later), x_target_id (the target's id after the write, where
the mapping fills it), x_digest (of the target after the write, if it stores what it is sent), x_v… values, x_e…
expected, x_ha…/x_hb… what A and B hold afterwards as text, x_hp… what the target held before; x_g… and x_f… the digest
and the origin stamp of what stands in a field afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.provider_port import Operation

HEAD = (
    "x_number, x_record_id, x_action, x_rule, x_a_id, x_b_id, x_attempts, x_deleted_in, x_status, x_is_fill, "
    "x_is_merge, x_source_digest, x_base_a, x_base_b, x_unresolved, x_deferred"
)


@dataclass(frozen=True, slots=True)
class WrittenStamp:
    """Of a written field: its name, and the columns of the batch with the digest of its value and its origin stamp."""

    field: str
    digest: str
    origin: str


@dataclass(frozen=True, slots=True)
class WriteQuery:
    """`sql` streams the rows; `values` and `expected` are the target's fields of columns x_v0 … and x_e0 …;
    `history` has (batch column, x_ column). `must_read_back`: the digest cannot be foretold from what is sent."""

    target: Side
    action: Action
    operation: Operation
    sql: str
    values: tuple[str, ...]
    expected: tuple[str, ...]
    history: tuple[tuple[str, str], ...]
    must_read_back: bool
    stamps: tuple[WrittenStamp, ...] = ()
