"""Suggested pairs of structures and of fields: by name, type and overlap of values, with the reasons (SPEC §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Direction, FieldMapping
from desktop_sync.core.field_names import canonical_tokens, is_stamp_name, likeness
from desktop_sync.core.structure import Field, FieldType
from desktop_sync.core.type_fit import affinity, loss
from desktop_sync.services.endpoint_setup.structure_reading import Column, Look
from desktop_sync.services.views import MappingSuggestion

SAMPLE_LIMIT = 200
LEAST_SCORE = 0.45
CONFIDENT = 0.8
FEW = 5
"""With fewer different values an overlap says little: yes and no are everywhere."""

_IDENTIFYING_WORDS = (
    "mail",
    "sku",
    "isbn",
    "ean",
    "gtin",
    "iban",
    "vat",
    "code",
    "id",
    "barcode",
    "serial",
    "username",
)
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")


@dataclass(frozen=True, slots=True)
class _Pair:
    a: Field
    b: Field
    score: float
    reasons: tuple[str, ...]
    overlap: float
    distinct: int


def suggest_mapping(a: Look, b: Look) -> tuple[MappingSuggestion, ...]:
    """One suggestion at most for each field, the surest first. Nothing below `LEAST_SCORE` is suggested.

    Fields that both endpoints fill in themselves are not paired: nothing could be written to either. Nor are fields
    that say when a record was changed: they are for the rules, and carried as data they would always differ.
    """
    pairs = [
        pair
        for field_a in a.structure.fields
        for field_b in b.structure.fields
        if not (field_a.is_generated and field_b.is_generated)
        and not (is_stamp_name(field_a.name) and is_stamp_name(field_b.name))
        and (pair := _judge(field_a, field_b, a, b)).score >= LEAST_SCORE
    ]
    chosen = one_to_one(pairs)
    identifying = _identifying(chosen, a, b)
    return tuple(
        MappingSuggestion(_mapping(pair, pair is identifying), round(pair.score, 2), pair.reasons) for pair in chosen
    )


def one_to_one(pairs: Iterable[_Pair]) -> list[_Pair]:
    """The best pairs such that no field is in two. Equal scores are settled by name, not by the order of reading."""
    taken_a: set[str] = set()
    taken_b: set[str] = set()
    chosen: list[_Pair] = []
    for pair in sorted(pairs, key=lambda pair: (-pair.score, pair.a.name, pair.b.name)):
        if pair.a.name not in taken_a and pair.b.name not in taken_b:
            taken_a.add(pair.a.name)
            taken_b.add(pair.b.name)
            chosen.append(pair)
    return chosen


def _judge(a: Field, b: Field, look_a: Look, look_b: Look) -> _Pair:
    names, why = likeness(a.name, b.name, look_a.structure.name, look_b.structure.name)
    types = affinity(a, b)
    shared, distinct = overlap(look_a.values(a.name), look_b.values(b.name))
    is_key = a.name in look_a.structure.key or b.name in look_b.structure.key
    if is_key and distinct >= FEW and shared == 0:
        return _Pair(a, b, 0.0, (), 0.0, distinct)  # numbers of two systems that have nothing to do with each other
    reasons = [why] if why else []
    score = names
    if distinct >= FEW:
        if shared >= 0.5 and names < 0.9:
            score = max(names + (1 - names) * shared * 0.5, 0.4 + 0.35 * shared)
        elif shared == 0 and names < 0.9:
            score = names * 0.85
        elif shared >= 0.2:
            score = names + (1 - names) * shared * 0.5
    if shared > 0:
        reasons.append(f"{shared:.0%} of values in common".replace("%", " %"))
    if types < 1:
        score *= 0.5 + 0.5 * types
        if types >= 0.6:
            reasons.append(f"{a.type.value} and {b.type.value}")
    return _Pair(a, b, score, tuple(reasons), shared, distinct)


def overlap(a: Column, b: Column) -> tuple[float, int]:
    """The share of the smaller side's different values that the other has too, and how many different ones there are.

    Capital letters and spaces around do not count; empty values are left out.
    """
    set_a, set_b = _distinct(a), _distinct(b)
    smaller = min(len(set_a), len(set_b))
    return (len(set_a & set_b) / smaller if smaller else 0.0), smaller


def _distinct(column: Column) -> set[str]:
    return {plain(value) for value in column if value and value.strip()}


def plain(value: str) -> str:
    """The value without what systems write differently: case, spaces around, zeros after the point."""
    text = value.strip().casefold()
    if re.fullmatch(r"-?\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text


def is_unique(field: Field, column: Column) -> bool:
    """Whether no value of the look stands twice and none is empty, or the endpoint declares the field unique."""
    filled = [plain(value) for value in column if value and value.strip()]
    if field.is_unique:
        return True
    return len(filled) > 1 and len(filled) == len(column) and len(set(filled)) == len(filled)


def is_guid(column: Column) -> bool:
    filled = [value for value in column if value]
    return bool(filled) and all(_GUID.fullmatch(value.strip()) for value in filled)


def is_own_number(field: Field, look: Look) -> bool:
    """Whether the endpoint made the value up itself: a generated number or a GUID that means nothing elsewhere."""
    return field.is_generated or is_guid(look.values(field.name))


def _identifying(pairs: Sequence[_Pair], a: Look, b: Look) -> _Pair | None:
    """The pair to propose as identifying: unique on both sides, the one with the most values in common."""

    def rank(pair: _Pair) -> tuple[bool, float, bool, float]:
        words = canonical_tokens(pair.a.name, a.structure.name) + canonical_tokens(pair.b.name, b.structure.name)
        return (pair.overlap > 0, round(pair.overlap, 1), any(word in _IDENTIFYING_WORDS for word in words), pair.score)

    candidates = [
        pair
        for pair in pairs
        if pair.score >= 0.6
        and not is_own_number(pair.a, a)
        and not is_own_number(pair.b, b)
        and pair.a.type not in (FieldType.BOOLEAN, FieldType.BINARY, FieldType.FLOAT)
        and _may_identify(pair, a, b)
    ]
    return max(candidates, key=rank, default=None)


def _may_identify(pair: _Pair, a: Look, b: Look) -> bool:
    if a.count and b.count:
        return is_unique(pair.a, a.values(pair.a.name)) and is_unique(pair.b, b.values(pair.b.name))
    # One side is still empty: the other side and the name must speak for it.
    words = (*canonical_tokens(pair.a.name, a.structure.name), *canonical_tokens(pair.b.name, b.structure.name))
    filled = (pair.a, a) if a.count else (pair.b, b)
    is_unique_there = is_unique(filled[0], filled[1].values(filled[0].name)) if filled[1].count else True
    return is_unique_there and any(word in _IDENTIFYING_WORDS for word in words)


def _mapping(pair: _Pair, identifying: bool) -> FieldMapping:
    direction = Direction.BOTH
    if pair.a.is_generated:
        direction = Direction.A_TO_B
    elif pair.b.is_generated:
        direction = Direction.B_TO_A
    return FieldMapping(pair.a.name, pair.b.name, direction, identifying, normal_form=_normal_form(pair, identifying))


def _normal_form(pair: _Pair, identifying: bool) -> tuple[str, ...]:
    if FieldType.TEXT not in (pair.a.type, pair.b.type) or (
        pair.a.is_typed and pair.b.is_typed and pair.a.type is not pair.b.type
    ):
        return ()
    words = canonical_tokens(pair.a.name) + canonical_tokens(pair.b.name)
    if "mail" in words:
        return ("trim", "lower")
    if "phone" in words or "mobile" in words or "fax" in words:
        return ("digits",)
    return ("trim",) if identifying else ()


def is_confident(suggestion: MappingSuggestion, a: Field, b: Field) -> bool:
    """Whether it may be accepted together with others at one click: a high score and nothing lost on the way."""
    return suggestion.score >= CONFIDENT and not loss(a, b) and not loss(b, a)


def suggest_entities(
    a: Sequence[Look], b: Sequence[Look], *, is_one_endpoint: bool = False
) -> tuple[tuple[str, str, float], ...]:
    """Pairs of structures, each in one pair at most, by name and by how many fields have alike names.

    `is_one_endpoint`: both sides are; then no structure is paired with itself.
    """
    scored = sorted(
        (
            (round(_structures(look_a, look_b), 2), look_a.structure.name, look_b.structure.name)
            for look_a in a
            for look_b in b
            if not (is_one_endpoint and look_a.structure.name == look_b.structure.name)
        ),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    taken_a: set[str] = set()
    taken_b: set[str] = set()
    chosen: list[tuple[str, str, float]] = []
    for score, name_a, name_b in scored:
        if score >= LEAST_SCORE and name_a not in taken_a and name_b not in taken_b:
            taken_a.add(name_a)
            taken_b.add(name_b)
            chosen.append((name_a, name_b, score))
    return tuple(chosen)


def _structures(a: Look, b: Look) -> float:
    names = likeness(_bare(a.structure.name), _bare(b.structure.name))[0]
    fields_a, fields_b = a.structure.fields, b.structure.fields
    smaller = min(len(fields_a), len(fields_b))
    if not smaller:
        return names * 0.8
    alike = sum(
        max(likeness(x.name, y.name, a.structure.name, b.structure.name)[0] for y in fields_b) >= 0.85 for x in fields_a
    )
    return 0.6 * names + 0.4 * min(1.0, alike / smaller)


def _bare(name: str) -> str:
    """Without schema in front and file ending behind; "customers" and "Customer" are then alike by their words."""
    stem = re.sub(r"\.(csv|xlsx|json|jsonl|parquet|tsv|txt)$", "", name, flags=re.IGNORECASE)
    return " ".join(canonical_tokens(stem.rsplit(".", 1)[-1]))
