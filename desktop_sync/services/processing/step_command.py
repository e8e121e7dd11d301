"""Run a user's command: a program with arguments, never through a shell, with a time limit (SPEC §6, §13)."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO

from desktop_sync.core.ports import CancelToken

LOOK_EVERY_S = 0.05
SHOWN_CHARACTERS = 300


def run_command(
    command: Sequence[str],
    given: IO[bytes],
    variables: Mapping[str, str],
    time_limit_s: float,
    cancel: CancelToken,
) -> str:
    """The program ran to its end with `given`, from where it stands, as its standard input; empty, or what went wrong.

    What it prints is not shown, but for the end of its error output when it fails. It is ended, with what it started,
    when the time is over or somebody cancels. Blocks; may be repeated as far as the program may.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - a person wrote the command and enabled it; no shell reads it
                list(command),
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env={**os.environ, **variables},
                start_new_session=os.name != "nt",
            )
        except (OSError, ValueError) as error:  # the latter: what no program can be given, as a NUL character
            return f"the program cannot be started ({getattr(error, 'strerror', '') or type(error).__name__})"
        end = time.monotonic() + time_limit_s
        while True:
            try:
                code = process.wait(LOOK_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                is_late = time.monotonic() >= end
                if is_late or cancel.is_cancelled:
                    _end(process)
                    return f"it took longer than {time_limit_s:g} seconds" if is_late else "it was stopped"
        if not code:
            return ""
        length = said.seek(0, os.SEEK_END)
        said.seek(max(0, length - SHOWN_CHARACTERS))
        text = " ".join(said.read().decode("utf-8", "replace").split())
        return f"it ended with code {code}" + (f": {text}" if text else "")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and what it started is gone."""
    if os.name == "nt":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself in this moment
    process.wait()
