"""The program's door: refuses an unfit Python with a sentence, then starts what the arguments ask for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from desktop_sync import __version__, runtime_check


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program with those arguments (the process's own by default) and returns its exit code (SPEC §11)."""
    runtime_check.refuse_unfit_python()
    parser = argparse.ArgumentParser(prog="desktop-sync", description="Keeps records in two systems the same.")
    parser.add_argument("--version", action="version", version=f"desktop-sync {__version__}")
    parser.parse_args(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
