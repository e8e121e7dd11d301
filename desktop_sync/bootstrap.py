"""The only module that joins ports to adapters."""

from __future__ import annotations

import logging
import os
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_sync import network, suspend_clock
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock, ListenAddress, Secrets, Steps, no_steps
from desktop_sync.providers.registry import Registry
from desktop_sync.services.application import Application

if TYPE_CHECKING:
    from desktop_sync.secrets.redact import Redactor
    from desktop_sync.services.unattended.listening import ListenerService, Server


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def boottime_s(self) -> float:
        return suspend_clock.boottime_s()


class TimeOrderedIds:
    """Random ids that sort by the time they were made (the layout of UUID version 7, RFC 9562)."""

    def new_id(self) -> str:
        milliseconds = time.time_ns() // 1_000_000
        value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
        value = (value & ~(0xF << 76)) | (0x7 << 76)
        value = (value & ~(0x3 << 62)) | (0x2 << 62)
        return str(uuid.UUID(int=value))


def home_folder(home: Path | None = None) -> Path:
    """Where settings and the ledger are: as given, else DESKTOP_SYNC_HOME, else the user's data folder."""
    if home is not None:
        return home.expanduser().absolute()
    named = os.environ.get("DESKTOP_SYNC_HOME")
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("desktop-sync", appauthor=False))


def build_application(home: Path | None = None, *, steps: Steps = no_steps, clock: Clock | None = None) -> Application:
    """The application over a home folder. Nothing is opened or made until a service is used; close it at the end."""
    folder = home_folder(home)
    used_clock = clock or SystemClock()
    ids = TimeOrderedIds()

    def ledger() -> Ledger:
        from desktop_sync.ledger import open_ledger

        return open_ledger(folder, used_clock, ids, steps)

    def secrets() -> Secrets:
        from desktop_sync.secrets.late_secrets import LateSecrets
        from desktop_sync.secrets.redact import WatchedSecrets

        def choose() -> Secrets:
            from desktop_sync.secrets.choice import choose_secrets

            return choose_secrets(folder, None)

        return WatchedSecrets(LateSecrets(choose), _redacted_log())

    def serve(service: ListenerService, address: ListenAddress) -> Server:
        from desktop_sync.remote.listener import Listener

        return Listener(service, address)

    return Application(folder, used_clock, ids, Registry(), ledger, secrets, steps, network=network.is_up, serve=serve)


def open_application(home: Path) -> Application:
    """The application with its ledger open, which may take long. Raises LedgerError when its data cannot be used."""
    application = build_application(home)
    application.open()
    return application


@lru_cache(maxsize=1)
def _redacted_log() -> Redactor:
    """What masks secrets in this process's log, which goes to standard error as long as nobody sets another handler."""
    from desktop_sync.secrets.redact import Redactor

    redactor = Redactor()
    if logging.lastResort is not None:
        logging.lastResort.addFilter(redactor)
    return redactor


def open_window(home: Path | None, sample: bool) -> int:
    """The window, until it is closed; the process's exit code."""
    from desktop_sync.ui.app import run_window

    folder = home_folder(home)
    return run_window(lambda: open_application(folder), sample=sample, home=folder)
