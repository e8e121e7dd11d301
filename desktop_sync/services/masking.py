"""Values of masked fields leave the services as dots, wherever a person reads them (SPEC §13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import Conflict, HistoryRow

MASKED = "•••"
Told = TypeVar("Told", Conflict, HistoryRow)


def hide(field: FieldChange) -> FieldChange:
    """The field without its values; that there is one stays visible."""
    values = (field.a, field.b, field.base, field.before, field.after, field.then)
    a, b, base, before, after, then = (None if value is None else MASKED for value in values)
    return replace(field, a=a, b=b, base=base, before=before, after=after, then=then)


class Masks:
    """Which fields are masked, of all configurations as they are now."""

    def __init__(self, configurations: Iterable[SyncConfiguration]) -> None:
        self._names: Mapping[tuple[str, str], frozenset[str]] = {
            (configuration.name, entity.name): names
            for configuration in configurations
            for entity in configuration.entities
            if (names := frozenset(n for m in entity.fields if m.masked for n in (m.a, m.b) if n))
        }

    def shown(self, configuration: str, rows: list[Told]) -> list[Told]:
        """The rows of a configuration, without the values of masked fields. Costs nothing where none is masked."""
        if not any(name == configuration for name, _ in self._names):
            return rows
        return [self._hidden(configuration, row) for row in rows]

    def _hidden(self, configuration: str, row: Told) -> Told:
        names = self._names.get((configuration, row.entity), frozenset())
        if not any(field.label in names for field in row.fields):
            return row
        return replace(row, fields=tuple(hide(field) if field.label in names else field for field in row.fields))
