"""Ctrl+C and SIGTERM: the first stops after the record in hand, the second at once (SPEC §11)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Output
from desktop_sync.core.ports import CancelToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_WAIT_S = 0.2  # on Windows a wait without an end takes no signals
_SHOW_CURSOR = "\x1b[?25h"

Handler = Callable[[int, FrameType | None], None]


def run_to_a_clean_end(work: Callable[[], int], cancel: CancelToken, output: Output) -> int:
    """What `work` returns or raises. It runs in a thread of its own, so that a signal is taken at once.

    The first signal sets `cancel`, and `work` ends when it can; the second ends the process.
    """
    outcome: list[int] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    def on_signal(number: int, frame: FrameType | None) -> None:
        if cancel.is_cancelled:
            _leave_at_once(output)
        cancel.cancel()
        # Not written by `output`: the signal may have come in the middle of its writing.
        os.write(2, b"Stopping after the record in hand. Once more to stop at once.\n")

    thread = threading.Thread(target=body, name="command", daemon=True)
    with _handling(on_signal):
        thread.start()
        while thread.is_alive():
            thread.join(_WAIT_S)
    if failure:
        raise failure[0]
    return outcome[0]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside, both signals raise KeyboardInterrupt: for commands that are short or wait for a person."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(on_signal):
        yield


@contextmanager
def _handling(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python sets handlers in the main thread only
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, old in before:
            signal.signal(number, signal.SIG_DFL if old is None else old)


def _leave_at_once(output: Output) -> None:
    if output.stderr.isatty():
        os.write(2, _SHOW_CURSOR.encode())
    output.error("It was stopped at once. The next run settles what was in hand.", "", ExitCode.CANCELLED)
    output.finish()
    os._exit(ExitCode.CANCELLED)
