"""When a plan is more careful than its rules: what it remembers of a side, and how it sees that something is odd.

Deletions wait in a first run, after an edit of what is synchronized, and where a record was missed only once. What a
side tells that was put back to an older state waits for a person (RELIABILITY 4.6, C7, C9, C12).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, Side, SyncConfiguration
from desktop_sync.core.pipeline import record_steps
from desktop_sync.core.provider_port import HighMarks
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.structure import Structure

LEAST_BETWEEN_SIGHTINGS = timedelta(minutes=1)
_ITS_NAME = ""
"""What the structure's own name stands under, among the names of its fields: none of them is empty."""
_SAME = 0.5
"""A structure that keeps fewer of its fields than this share is another one."""


def definition_of(configuration: SyncConfiguration, entity: Entity) -> str:
    """A digest of what of both sides is synchronized: endpoints, structures, keys, filters, field mapping and the
    user's own steps on records.

    Rules, limits and masks are no part of it: they change what is done about a record, not which records there are.
    """
    mappings = [replace(mapping, masked=False, direction=Direction.BOTH) for mapping in entity.fields]
    parts: list[object] = [configuration.a, configuration.b, entity.structures, entity.key, entity.filter, entity.match]
    parts += [_mapping_parts(mapping) for mapping in mappings]
    parts += [step for side in Side for step in record_steps(configuration, entity.name, side)]
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _mapping_parts(mapping: FieldMapping) -> tuple[object, ...]:
    expressions = (mapping.to_a, mapping.to_b, mapping.value_map, mapping.unknown_choice.value, mapping.default)
    forms = (mapping.normal_form, mapping.null.value, mapping.lookup, mapping.only_new)
    return (mapping.a, mapping.b, mapping.identifying, expressions, forms)


def shape_of(structure: Structure) -> str:
    """Its name, and the names and types of its fields, as a text for `Watermark.shape`."""
    fields = {field.name: field.type.value for field in structure.fields}
    return json.dumps({_ITS_NAME: structure.name} | fields, ensure_ascii=False)


def fields_of(shape: str) -> dict[str, str]:
    """Field name → type, of a text of `shape_of`; empty for one that is not known."""
    return {name: kind for name, kind in _parts_of(shape).items() if name != _ITS_NAME}


def name_only(shape: str) -> str:
    """The same text without its fields: they may be any at the next run."""
    name = _parts_of(shape).get(_ITS_NAME)
    return "" if name is None else json.dumps({_ITS_NAME: name}, ensure_ascii=False)


def _parts_of(shape: str) -> dict[str, str]:
    found = json.loads(shape) if shape else {}
    return {str(name): str(kind) for name, kind in found.items()}


def is_other_structure(before: str, now: str) -> bool:
    """Whether it has another name, or most of the fields are gone: another file or table stands in its place, and ids
    say nothing of which record is which (RELIABILITY C5). Earlier versions kept no name."""
    names = [_parts_of(shape).get(_ITS_NAME) for shape in (before, now)]
    if None not in names and names[0] != names[1]:
        return True
    known = fields_of(before)
    return bool(known) and len(known.keys() & fields_of(now).keys()) < len(known) * _SAME


def went_back(before: HighMarks, now: HighMarks, now_us: int) -> bool:
    """Whether an older state was put back. A clock that was set back is none: what was written then lies ahead of
    `now_us`."""
    if before.counter is not None and now.counter is not None and now.counter < before.counter:
        return True
    if before.written_us is None or now.written_us is None or before.written_us > now_us:
        return False
    return now.written_us < before.written_us


def between_sightings(schedule: Schedule) -> timedelta:
    """How long a record must have been missing where one read may overlook it: about until the next run."""
    if schedule.kind is ScheduleKind.INTERVAL:
        return max(LEAST_BETWEEN_SIGHTINGS, timedelta(minutes=schedule.interval_minutes) * 0.9)
    return LEAST_BETWEEN_SIGHTINGS
