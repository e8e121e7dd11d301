"""Fields that an endpoint stores otherwise than they were sent: told once, with an example (RELIABILITY D8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import Loss
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.write_columns import WriteQuery

SHOWN = 40
"""Characters of an example."""


@dataclass(slots=True)
class LossyFields:
    """What was read back in one run, by side and field: an example of each field that was stored otherwise, and the
    fields that were stored as they were sent."""

    found: dict[tuple[Side, str], Loss] = field(default_factory=dict)
    as_sent: set[tuple[Side, str]] = field(default_factory=set)

    def look(self, layout: Layout, query: WriteQuery, sent: pa.Table, stored: pa.Table) -> None:
        """`sent` and `stored` are the same batch rows, as they were sent and as they were read back."""
        side = query.target
        same_digest = pc.fill_null(pc.equal(sent[f"{side.value}_digest"], stored[f"{side.value}_digest"]), False)
        for name in query.values:
            label = f"{side.value}:{name}"
            if label not in sent.column_names:
                continue
            mapping = next((m for m in layout.entity.fields if m.field_of(side) == name), None)
            before, after = (pc.fill_null(table[label], "") for table in (sent, stored))
            differs = pc.not_equal(before, after)
            if mapping is not None and mapping.normal_form:
                differs = pc.and_(differs, pc.invert(same_digest))  # what the normal form evens out is no loss
            places = pc.indices_nonzero(differs)
            if not len(places):
                self.as_sent.add((side, name))
            elif (side, name) not in self.found:
                row = places[0].as_py()
                is_masked = mapping is not None and mapping.masked
                example = (None, None) if is_masked else (sent[label][row].as_py(), stored[label][row].as_py())
                self.found[side, name] = Loss(side, name, *example)

    @property
    def cleared(self) -> list[tuple[Side, str]]:
        return sorted(self.as_sent - set(self.found), key=lambda one: (one[0].value, one[1]))


def loss_sentence(loss: Loss, endpoint: str, structure: str) -> str:
    """What became of the value, and what to do about it."""
    example = "" if loss.sent is None and loss.stored is None else f": {_shown(loss.sent)} became {_shown(loss.stored)}"
    return (
        f'{endpoint}, {structure}: the field "{loss.field}" is stored otherwise than it was sent{example}. '
        "The mapping is lossy; a normal form makes both count as the same."
    )


def loss_notes(losses: LossyFields, names: Mapping[Side, str], layout: Layout) -> tuple[str, ...]:
    found = losses.found.values()
    return tuple(loss_sentence(loss, names[loss.side], layout.of(loss.side).structure.name) for loss in found)


def _shown(value: str | None) -> str:
    return "nothing" if value is None else f'"{value[:SHOWN]}"'
