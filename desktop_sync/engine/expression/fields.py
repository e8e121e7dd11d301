"""Which field an identifier in an expression means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression.source import Source


def resolve_field(source: Source, fields: Mapping[str, FieldType], written: str, position: int | None) -> str:
    """The exact name of the field: an exact match, else the only one that differs in upper and lower case alone.

    Raises ExpressionError for an unknown or ambiguous name, with a similar name where there is one.
    """
    if written in fields:
        return written
    folded = written.casefold()
    alike = [name for name in fields if name.casefold() == folded]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise source.error(f"{written!r} may mean {_listed(alike)}: write it exactly", position)
    hint = close_match(written, fields)
    advice = f"; did you mean {hint!r}?" if hint else " (text stands in single quotes)"
    raise source.error(f"there is no field {written!r}{advice}", position)


def close_match(written: str, names: Iterable[str]) -> str | None:
    """The name that is most like the written one, or None when none is alike."""
    by_folded = {name.casefold(): name for name in names}
    matches = difflib.get_close_matches(written.casefold()[:200], by_folded, n=1, cutoff=0.7)
    return by_folded[matches[0]] if matches else None


def _listed(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names[:5])
