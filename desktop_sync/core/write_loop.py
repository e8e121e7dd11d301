"""Two programs that overwrite each other's value on one record, told from the last writes (SPEC §14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Side

ALTERNATING = 3
"""So many writes in a row, to one side and to the other in turn, that go back and forth between two values (D9)."""

ONE_SIDED = 5
"""The same where all went to one side: there a person may change a value and change it back."""


@dataclass(frozen=True, slots=True)
class PastWrite:
    """An update of a record by sync in one run: where to, and the digests of both sides after it."""

    target: Side
    a_digest: bytes | None
    b_digest: bytes | None

    def digest_of(self, side: Side) -> bytes | None:
        return self.a_digest if side is Side.A else self.b_digest

    @property
    def state(self) -> tuple[bytes | None, bytes | None]:
        return self.a_digest, self.b_digest


def is_loop(target: Side, source_digest: bytes | None, past: Sequence[PastWrite]) -> bool:
    """Whether the next write goes back once more between the same two values.

    `source_digest`: of the record that is to be written to `target`. `past`: the record's updates in the last runs that
    wrote, one of each run, newest first; a run that did not write the record ends the row.
    """
    source = target.other
    if len(past) < ALTERNATING or source_digest is None or past[1].digest_of(source) != source_digest:
        return False
    newest, before = past[0].state, past[1].state
    if newest == before or None in (*newest, *before):
        return False
    targets = [write.target for write in past]
    if targets[:ALTERNATING] == [target.other, target, target.other]:
        needed = ALTERNATING
    elif targets[:ONE_SIDED] == [target] * ONE_SIDED:
        needed = ONE_SIDED
    else:
        return False
    return all(past[place].state == (newest, before)[place % 2] for place in range(needed))
