"""Which entity of an edited configuration is one that it had, under another name."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Entity, PerSide
from desktop_sync.core.entity_renames import renamed_entities


def entities(text: str) -> list[Entity]:
    """ "people P Q, dogs R S": name and the two structures of each."""
    return [Entity(name, PerSide(a, b), ()) for name, a, b in (one.split() for one in text.split(", ") if one)]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("people P Q", "people P Q", {}),
        ("people P Q", "persons P Q", {"people": "persons"}),
        ("people P Q, dogs R S", "dogs R S, persons P Q", {"people": "persons"}),
        ("people P Q, dogs R S", "cats R S, persons P Q", {"people": "persons", "dogs": "cats"}),
        ("people P Q", "persons P R", {}),
        ("people P Q", "persons Q P", {}),
        ("people P Q", "some P Q, others P Q", {}),
        ("some P Q, others P Q", "persons P Q", {}),
        ("people P Q", "people P Q, persons P Q", {}),
        ("people P Q, dogs R S", "dogs P Q", {}),
        ("people P Q, dogs R S", "people R S, dogs P Q", {}),
        ("people P Q", "", {}),
        ("", "people P Q", {}),
    ],
)
def test_only_a_pairing_that_is_certain_is_one(before: str, after: str, found: dict[str, str]) -> None:
    assert renamed_entities(entities(before), entities(after)) == found
