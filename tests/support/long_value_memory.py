"""How much memory a run takes, in a process of its own (RELIABILITY E9).

`python -m tests.support.long_value_memory HOME`: one run; prints the megabytes that the process had at most, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from desktop_sync.bootstrap import build_application
from desktop_sync.core.run import Outcome
from tests.support.worlds import NAME

STATUS = Path("/proc/self/status")


def peak_of_run(home: Path) -> float:
    """Megabytes of a process that did nothing but this run."""
    command = [sys.executable, "-m", "tests.support.long_value_memory", str(home)]
    return float(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))


def main(home: Path) -> None:
    application = build_application(home)
    result = application.synchronization.run(NAME)
    application.close()
    assert result.outcome is Outcome.DONE, result
    values = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
    print(json.dumps(int(values["VmHWM"].split()[0]) / 1024))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
