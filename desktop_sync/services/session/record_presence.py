"""Whether a record that a person names is there."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from desktop_sync.core.configuration import Entity, Side, SyncConfiguration
from desktop_sync.core.errors import ConfigurationError, Place
from desktop_sync.core.provider_port import EndpointSession, ReadRequest
from desktop_sync.core.structure import Structure, decode_record_id
from desktop_sync.services.session.side_stream import SideStream, reading
from desktop_sync.services.session.sync_session import OpenEndpoint


def refuse_absent(
    open_endpoint: OpenEndpoint, configuration: SyncConfiguration, entity: Entity, ids: dict[Side, str]
) -> None:
    """Both records are there, as far as their endpoints can be read. Blocks; writes nothing; may be repeated.

    Raises ConfigurationError for the first that is not, and errors of endpoints."""
    for side, record_id in ids.items():
        place = Place(configuration.endpoint_of(side), entity.structures.of(side), record_id)
        session = open_endpoint(place.endpoint)
        try:
            is_there = not session.capabilities.can_read or _is_there(session, entity, side, place)
        finally:
            session.close()
        if not is_there:
            raise ConfigurationError("there is no record with this id, so nothing was linked", place)


def _is_there(session: EndpointSession, entity: Entity, side: Side, place: Place) -> bool:
    found = session.describe(place.structure)
    structure = replace(found, key=_key(entity, side, found))
    try:
        decode_record_id(place.record, len(structure.key))
    except ValueError:
        return False  # an id of another number of key fields
    request = ReadRequest(structure, structure.key, ids=[place.record])
    with reading(SideStream(session.read(request), place)) as stream:
        return bool(pa.RecordBatchReader.from_stream(stream).read_all().num_rows)


def _key(entity: Entity, side: Side, structure: Structure) -> tuple[str, ...]:
    """The fields that make a record's id, as in a layout."""
    return entity.key.of(side) or structure.key or tuple(mapping.field_of(side) for mapping in entity.identifying)
