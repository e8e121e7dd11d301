"""One measurement in a fresh process: `python -m tests.performance.worker WHAT FOLDER [NUMBER]`; prints JSON.

Printed: {"seconds": [one number a repetition], "peak_mb": this process's largest resident memory}.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from tests.performance.data import change_records, fill_table, make_table
from tests.performance.workspace import Workspace

CHANGED_OF = 50
"""One record in so many is changed on each side: two per cent, four together."""


def _generate(workspace: Workspace, records: int) -> list[float]:
    workspace.folder.mkdir(parents=True, exist_ok=True)
    make_table(workspace.a)
    fill_table(workspace.a, records)
    return []


def _change(workspace: Workspace, turn: int) -> list[float]:
    """Each turn changes other records, different ones in A and in B."""
    change_records(workspace.a, CHANGED_OF, 2 * turn % CHANGED_OF, turn)
    change_records(workspace.b, CHANGED_OF, (2 * turn + 1) % CHANGED_OF, turn)
    return []


def _first(workspace: Workspace, records: int) -> list[float]:
    from tests.performance import product

    return product.first(workspace, records)


def _preview(workspace: Workspace, changed: int) -> list[float]:
    from tests.performance import product

    return product.preview(workspace, changed)


def _compare(workspace: Workspace, changed: int) -> list[float]:
    from tests.performance import product

    return product.compare(workspace, changed)


def _incremental(workspace: Workspace, times: int) -> list[float]:
    from tests.performance import product

    return product.incremental(workspace, times)


def _first_floor(workspace: Workspace, _: int) -> list[float]:
    from tests.performance import floors

    return floors.first(workspace)


def _compare_floor(workspace: Workspace, _: int) -> list[float]:
    from tests.performance import floors

    return floors.compare(workspace)


def _incremental_floor(workspace: Workspace, times: int) -> list[float]:
    from tests.performance import floors

    return floors.incremental(workspace, times)


# Imports stand in the functions: a process loads what it measures and nothing else.
ACTIONS: dict[str, Callable[[Workspace, int], list[float]]] = {
    "generate": _generate,
    "change": _change,
    "first": _first,
    "first-floor": _first_floor,
    "preview": _preview,
    "compare": _compare,
    "compare-floor": _compare_floor,
    "incremental": _incremental,
    "incremental-floor": _incremental_floor,
}


def main() -> None:
    name, folder, number = sys.argv[1:4]
    seconds = ACTIONS[name](Workspace(Path(folder)), int(number))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux; children are not in it
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
