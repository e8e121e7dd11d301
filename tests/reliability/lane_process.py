"""One lane in a process of its own: `python -m tests.reliability.lane_process MODULE SIZE FOLDER`.

The last line of standard output is what it counted and the seconds of a core that it and its children took.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from pathlib import Path

from tests.reliability.lanes import LANES
from tests.reliability.size import Size

SELDOM = (50_000, 20, 50)
"""When garbage is looked for in lanes that measure neither memory nor time: each start makes much that stays."""


def main(module: str, size: str, folder: str) -> None:
    if not any(lane.is_measured for lane in LANES.values() if lane.module == module):
        gc.set_threshold(*SELDOM)
    counts = importlib.import_module(module).measure(Size(size), Path(folder))
    times = os.times()
    core_seconds = times.user + times.system + times.children_user + times.children_system
    print(json.dumps({"counts": counts, "core_seconds": round(core_seconds, 1)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
