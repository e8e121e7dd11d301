"""The command line (SPEC §11). Needs no Qt."""

from desktop_sync.cli.arguments import WindowRequest, window_request
from desktop_sync.cli.program import main

__all__ = ["WindowRequest", "main", "window_request"]
