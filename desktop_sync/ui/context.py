"""What every page of the window is given."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class WindowContext:
    """The application, the door for jobs, the scheme and the window's memory."""

    application: Application
    jobs: JobRunner
    theme: Theme
    memory: WindowMemory
