"""A short look into endpoints for checks, suggestions and samples: structures, and a few of their values as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import Capabilities, EndpointSession, ReadRequest
from desktop_sync.core.structure import Structure
from desktop_sync.services.endpoint_setup.cell_text import text_rows
from desktop_sync.services.endpoint_setup.endpoints import EndpointService

Column = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A structure and the first values of its fields, by field name."""

    structure: Structure
    columns: Mapping[str, Column]

    def values(self, field: str) -> Column:
        return self.columns.get(field, ())

    @property
    def count(self) -> int:
        return max((len(column) for column in self.columns.values()), default=0)


class Reading:
    """Opened endpoints, each once, for one use in one thread. Use as a context manager."""

    def __init__(self, endpoints: EndpointService) -> None:
        self._endpoints = endpoints
        self._sessions: dict[str, EndpointSession] = {}

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def session(self, endpoint: str) -> EndpointSession:
        if endpoint not in self._sessions:
            self._sessions[endpoint] = self._endpoints.open(endpoint)
        return self._sessions[endpoint]

    def capabilities(self, endpoint: str) -> Capabilities:
        return self.session(endpoint).capabilities

    def describe(self, endpoint: str, structure: str) -> Structure:
        return self.session(endpoint).describe(structure)

    def look(self, endpoint: str, structure: Structure, fields: Sequence[str], limit: int) -> Look:
        """The first `limit` records' values of these fields as text. Fields that are not there are left out."""
        names = tuple(name for name in dict.fromkeys(fields) if structure.field(name) is not None)
        if not names or limit < 1 or not self.capabilities(endpoint).can_read:
            return Look(structure, {name: () for name in names})
        rows = text_rows(self.session(endpoint).read(ReadRequest(structure, names, limit=limit)))[:limit]
        return Look(structure, {name: tuple(row[place] for row in rows) for place, name in enumerate(names)})

    def table(self, endpoint: str, structure: Structure, fields: Sequence[str], limit: int) -> pa.Table:
        """The first `limit` records as they are read, for expressions and for counting in DuckDB; none of an endpoint
        that cannot be read."""
        if not self.capabilities(endpoint).can_read:
            return pa.table({name: pa.array([], pa.string()) for name in dict.fromkeys(fields)})
        stream = self.session(endpoint).read(ReadRequest(structure, tuple(dict.fromkeys(fields)), limit=limit))
        return pa.RecordBatchReader.from_stream(stream).read_all().slice(0, limit)


def sides(a: str, structure_a: str, b: str, structure_b: str) -> tuple[tuple[Side, str, str], ...]:
    """Both sides with their endpoint and structure names."""
    return ((Side.A, a, structure_a), (Side.B, b, structure_b))
