"""Record ids in text files: those that are there, and new ones."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import pyarrow as pa

from desktop_sync.core.structure import encode_record_id

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_PADDED = re.compile(r"[0-9]{1,18}")


def record_ids(key_columns: Sequence[pa.ChunkedArray]) -> list[str | None]:
    """The id of each record; None where a key value is empty."""
    if len(key_columns) == 1:
        ids: list[str | None] = key_columns[0].to_pylist()
        return ids
    rows = zip(*(column.to_pylist() for column in key_columns), strict=True)
    return [None if None in row else encode_record_id(row) for row in rows]


class IdReserve:
    """Remembers per structure the largest number given out, so that one session never gives an id twice."""

    def __init__(self) -> None:
        self._largest: dict[str, int] = {}

    def reserve(self, structure: str, present: Sequence[str | None], count: int) -> list[str]:
        """`count` ids that are not among `present`: numbers if all of these are numbers, else UUIDs."""
        texts = [text for text in present if text is not None]
        width = 0
        if not all(_NUMBER.fullmatch(text) for text in texts):
            if not all(_PADDED.fullmatch(text) for text in texts) or len({len(text) for text in texts}) != 1:
                return [str(uuid.uuid4()) for _ in range(count)]
            width = len(texts[0])
        first = max([self._largest.get(structure, 0), *map(int, texts)]) + 1
        if count:
            self._largest[structure] = first + count - 1
        return [str(number).zfill(width) for number in range(first, first + count)]
