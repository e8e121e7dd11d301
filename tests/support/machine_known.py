"""What is known of a machine from check to check."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.machine_definitions import Definition
from tests.support.machine_people import Row


@dataclass
class Known:
    """`agreed`: what every system held after the last check, by its name and key. `put_back`: systems that were put
    back to an older state since. `definition`: what is synchronized now. `apart`: keys that systems hold otherwise,
    because one deletion of them left the counterpart, or a restore brought back what was deleted. `kept`: how many
    counterparts were found that had to stay. `left_out`: keys of records that took no part at the last check."""

    definition: Definition
    agreed: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    put_back: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    kept: int = 0
    left_out: frozenset[str] = frozenset()
