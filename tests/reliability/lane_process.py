"""One lane in a process of its own: `python -m tests.reliability.lane_process MODULE SIZE FOLDER`.

The last line of standard output is what it counted.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from tests.reliability.size import Size


def main(module: str, size: str, folder: str) -> None:
    counts = importlib.import_module(module).measure(Size(size), Path(folder))
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
