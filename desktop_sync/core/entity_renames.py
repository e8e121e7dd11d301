"""Which entities of an edited configuration are the ones that it had, under another name (SPEC §4: editing keeps the
peers)."""

from __future__ import annotations

from collections.abc import Iterable

from desktop_sync.core.configuration import Entity, PerSide


def renamed_entities(before: Iterable[Entity], after: Iterable[Entity]) -> dict[str, str]:
    """Old name → new name. An entity that is gone and one that is new are the same where both have the same two
    structures, and no other entity has these before or after: else nobody can tell which is which."""
    old, new = _names(before), _names(after)
    alone = {structures: (old[structures], new.get(structures, [])) for structures in old}
    known = {name for names in old.values() for name in names}
    kept = {name for names in new.values() for name in names}
    return {
        olds[0]: news[0]
        for olds, news in alone.values()
        if len(olds) == len(news) == 1 and olds[0] not in kept and news[0] not in known
    }


def _names(entities: Iterable[Entity]) -> dict[PerSide[str], list[str]]:
    found: dict[PerSide[str], list[str]] = {}
    for entity in entities:
        found.setdefault(entity.structures, []).append(entity.name)
    return found
