"""What a row of a plan is called: the identifying values of its record. To be searched and sorted by, as SQL."""

from __future__ import annotations

from desktop_sync.core.configuration import FieldMapping, Side
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput

SEPARATOR = " · "


def naming_fields(layout: Layout) -> tuple[FieldMapping, ...]:
    """Masked values name nothing: they are seen nowhere."""
    return tuple(mapping for mapping in layout.entity.identifying if not mapping.masked)


def titled(given: PlanInput, plan: str) -> str:
    """A relation of the plan's rows with their `title`, as `plan_rows` shows it. Of the values, only the naming ones
    are looked at."""
    naming = naming_fields(given.layout)
    parts = [f"nullif(coalesce(nullif(a{at}, ''), b{at}), '')" for at in range(len(naming))]
    title = f"concat_ws({literal(SEPARATOR)}, {', '.join(parts)})" if parts else "''"
    return (
        f"(SELECT r.*, {title} AS title FROM {plan} r "
        f"LEFT JOIN ({_names(given, Side.A)}) na ON r.a_id = na.a_name_id "
        f"LEFT JOIN ({_names(given, Side.B)}) nb ON r.b_id = nb.b_name_id)"
    )


def _names(given: PlanInput, side: Side) -> str:
    columns = {column.name: column for column in given.layout.of(side).columns}
    texts = []
    for at, mapping in enumerate(naming_fields(given.layout)):
        column = columns.get(mapping.a if side is Side.A else mapping.b)
        text = "NULL"
        if column is not None:
            typed = plain_text_sql(column.typed, column.kind)
            text = f"coalesce({typed}, CAST({column.raw} AS VARCHAR))"
        texts.append(f"{text} AS {side.value}{at}")
    return f"SELECT {', '.join([f'rid AS {side.value}_name_id', *texts])} FROM ({kept_values(given.read_of(side))})"
