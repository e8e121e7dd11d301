"""One piece of work in a fresh process: `python -m tests.performance.worker WHAT FOLDER [NUMBER]`; prints JSON.

Printed: {"seconds": [one number a repetition], "peak_mb": this process's largest resident memory}.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from tests.performance.workspace import Workspace

CHANGED_OF = 50
"""One record in so many is changed on each side: two per cent, four together."""


def _data(workspace: Workspace, what: str, number: int) -> list[float]:
    from tests.performance.data import change_records, fill_table, make_table

    if what == "generate":
        workspace.folder.mkdir(parents=True, exist_ok=True)
        make_table(workspace.a)
        fill_table(workspace.a, number)
    else:  # each turn changes other records, and others in A than in B
        change_records(workspace.a, CHANGED_OF, 2 * number % CHANGED_OF, number)
        change_records(workspace.b, CHANGED_OF, (2 * number + 1) % CHANGED_OF, number)
    return []


def _product(workspace: Workspace, what: str, number: int) -> list[float]:
    from tests.performance import product

    if what == "import":
        return product.import_definitions(workspace)
    measure = {
        "first": product.first,
        "preview": product.preview,
        "compare": product.compare,
        "incremental": product.incremental,
    }[what]
    return measure(workspace, number)


def _floor(workspace: Workspace, what: str, number: int) -> list[float]:
    from tests.performance import floors

    if what == "incremental-floor":
        return floors.incremental(workspace, number)
    return (floors.first if what == "first-floor" else floors.compare)(workspace)


# Imports stand in the functions: a process loads what it measures and nothing else.
WORK: dict[str, Callable[[Workspace, str, int], list[float]]] = {
    "generate": _data,
    "change": _data,
    "import": _product,
    "first": _product,
    "preview": _product,
    "compare": _product,
    "incremental": _product,
    "first-floor": _floor,
    "compare-floor": _floor,
    "incremental-floor": _floor,
}


def main() -> None:
    what, folder, number = sys.argv[1:4]
    seconds = WORK[what](Workspace(Path(folder)), what, int(number))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux; children are not in it
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
