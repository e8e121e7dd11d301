"""The lanes. Each is a module with `measure(size, folder)`, which works in the folder and returns counts.

`LANES` says which module a lane is and about how many minutes of one core it takes at CI size, for the order of
starting: the two lanes of state machines run beside each other, for beside killed children each takes a tenth longer.
A lane that goals name and that is not here is a lane that does not exist yet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """`is_measured`: it counts memory or time, so that it has the memory allocator as users have it."""

    module: str
    minutes: float
    is_measured: bool = False


def _lane(name: str, minutes: float, *, is_measured: bool = False) -> tuple[str, Lane]:
    return name, Lane(f"tests.reliability.lanes.{name}", minutes, is_measured)


LANES: dict[str, Lane] = dict(
    (
        _lane("ladder", 4.2),
        _lane("ladder_beyond", 1),
        _lane("kills_forked", 5.5),
        _lane("kills_executed", 1.2),
        _lane("mass_deletes", 0.5),
        _lane("hostile_input", 0.3),
        _lane("soak", 2.2, is_measured=True),
        _lane("branch_coverage", 2.5),
        _lane("round_trips", 1),
        _lane("disk_faults", 0.7),
        _lane("recovery", 0.2, is_measured=True),
        _lane("state_machine", 6.5),
        _lane("state_machine_again", 5.6),
        _lane("provenance", 1.2),
        _lane("journal_cost", 0.3, is_measured=True),
        _lane("seeded_bugs", 0.5),
    )
)
