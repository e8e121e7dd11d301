"""Batches that are read ahead by a thread of their own."""

from __future__ import annotations

import subprocess
import sys

HELD_TO_THE_END = """
import itertools
import pyarrow as pa
from desktop_sync.services.session.side_stream import read_ahead

batch = pa.record_batch({"x": [1]})
held = read_ahead(pa.RecordBatchReader.from_batches(batch.schema, itertools.repeat(batch)), 2)
print([next(held).num_rows for _ in range(4)])
"""


def test_a_reading_that_nobody_closed_does_not_keep_the_program_from_ending() -> None:
    """As with an error that is kept: Python 3.13 never says of the thread that it is over."""
    ended = subprocess.run([sys.executable, "-c", HELD_TO_THE_END], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[1, 1, 1, 1]\n", "")
