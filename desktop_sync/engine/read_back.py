"""What an endpoint really stored, measured like any other read: digest and texts for the baseline."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.origin_query import stamped_columns, stored_digest, value_digest_sql
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench


def measure(bench: Workbench, given: PlanInput, side: Side, stream: ArrowStream) -> pa.Table:
    """rid, digest, problem, then all fields that are read as text, labelled like batch rows (`a:<field>`), and the
    digests of values that carry origin stamps."""
    layout = given.layout
    own = layout.of(side)
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, own, text_places(schema))
        renamed = ", ".join('"' + name.replace('"', '""') + f'" AS r{place}' for place, name in enumerate(schema.names))
        texts = []
        for column in own.columns:
            label = f"{side.value}:{column.name}".replace('"', '""')
            texts.append(f'{plain_text_sql(column.typed, column.kind)} AS "{label}"')
        for column in stamped_columns(layout, side):
            texts.append(f"{value_digest_sql(own, column)} AS {stored_digest(column)}")
        staged = staging.measure(f"(SELECT {renamed} FROM {source})", is_matched=False)
        return bench.table(f"SELECT rid, digest, problem, {', '.join(texts)} FROM ({staged})")
