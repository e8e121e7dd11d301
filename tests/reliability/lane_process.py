"""One lane in a process of its own: `python -m tests.reliability.lane_process MODULE SIZE FOLDER`.

The last line of standard output is what it counted and the seconds of a core that it and its children took.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

from tests.reliability.size import Size


def main(module: str, size: str, folder: str) -> None:
    counts = importlib.import_module(module).measure(Size(size), Path(folder))
    times = os.times()
    core_seconds = times.user + times.system + times.children_user + times.children_system
    print(json.dumps({"counts": counts, "core_seconds": round(core_seconds, 1)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
