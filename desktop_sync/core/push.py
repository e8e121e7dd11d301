"""News that something changed in an endpoint: hints, never values (SPEC §8, RELIABILITY D5, D7, X12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from desktop_sync.core.configuration import PerSide


@dataclass(frozen=True, slots=True)
class Hint:
    """A record of the structure was created, changed or deleted; with an empty `record_id`: some record was.

    `is_visible`: whoever says so has seen the record there. Otherwise a read may come too early to find it, and is
    repeated.
    """

    endpoint: str
    structure: str
    record_id: str = ""
    is_visible: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """What hints said of one entity: the ids of records that changed on each side, or that nobody knows which did."""

    ids: PerSide[frozenset[str]]
    is_whole: bool = False


class HintSink(Protocol):
    """Takes hints from a source. Any thread; never blocks and never refuses: too many become fewer and coarser."""

    def tell(self, hints: Iterable[Hint]) -> None: ...
