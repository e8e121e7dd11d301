"""The program's door: refuses an unfit Python with a sentence, then opens the window or answers on the command line."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_sync import runtime_check

if TYPE_CHECKING:
    from desktop_sync.cli.application_port import Application

CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program with those arguments (the process's own by default) and returns its exit code (SPEC §11)."""
    open_closed_streams()
    runtime_check.refuse_unfit_python()
    collect_garbage_seldom()
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from desktop_sync import cli  # takes a while, in which a person may press Ctrl+C already
    except KeyboardInterrupt:
        return _cancelled(tokens)
    window = cli.window_request(tokens)
    if window is None:
        return cli.main(tokens, build_application=_build_application)
    runtime_check.refuse_unfit_window()
    from desktop_sync.bootstrap import open_window

    return open_window(window.home, window.sample)


def open_closed_streams() -> None:
    """Standard input, output and error are open. Where the caller closed one (`2>&-`), it leads nowhere.

    Otherwise the next file that is opened would take its number, and what is said would be written into that file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _cancelled(tokens: Sequence[str]) -> int:
    said = {"error": "It was cancelled.", "next_step": "Start it again when you like.", "exit": CANCELLED}
    print(said["error"], file=sys.stderr)
    if "--json" in tokens:
        print(json.dumps(said, indent=2))
    return CANCELLED


def collect_garbage_seldom() -> None:
    """Python looks for cycles among its objects less often than it does by itself.

    A look at all of them takes a tenth of a second with Qt and all libraries loaded, and holds the window meanwhile.
    Rows that pass through as tuples make it look again and again, and none of them is ever part of a cycle.
    """
    gc.set_threshold(20_000, 20, 20)


def _build_application(home: Path | None) -> Application:
    from desktop_sync.bootstrap import build_application  # only what a command needs is imported

    return build_application(home)


if __name__ == "__main__":
    sys.exit(main())
