"""What a record is called where a list can show little of it."""

from __future__ import annotations

from desktop_sync.core.sync_record import Conflict

_MOST = 2


def conflict_record(conflict: Conflict) -> str:
    """The first values that are no id: of those that both sides agree in, else A's, or B's where A has none. Empty
    where there is no such value."""
    ids = {conflict.a_id, conflict.b_id}
    agreed = [field.a for field in conflict.fields if field.a and not field.differs and field.a not in ids]
    other = [value for field in conflict.fields if (value := field.a or field.b) and value not in ids]
    return ", ".join(dict.fromkeys((agreed or other)[:_MOST]))
