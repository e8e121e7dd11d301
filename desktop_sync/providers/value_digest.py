"""Long binary values that are only to be compared: what tells each from every other is held in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

LONG_VALUE_BYTES = 1024 * 1024
"""Of a longer value, a digest and not a copy is held for a comparison; where it is read, it is read in such parts."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueDigest:
    """Equal to the value that it is of, and to a digest of the same."""

    length: int
    sha256: bytes

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ValueDigest):
            return (self.length, self.sha256) == (other.length, other.sha256)
        if isinstance(other, bytes | bytearray | memoryview):
            return len(other) == self.length and hashlib.sha256(other).digest() == self.sha256
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)


def digest_of(parts: Iterable[bytes | memoryview]) -> ValueDigest:
    """Of the value that has these parts."""
    length, sha256 = 0, hashlib.sha256()
    for part in parts:
        length += len(part)
        sha256.update(part)
    return ValueDigest(length, sha256.digest())
