"""The run lock: one run of a configuration at a time, among all threads and processes of the home folder.

A lock is the operating system's, on a file named by a hash. It is free the moment its holder dies and is never taken
over by age (RELIABILITY K4, K8).
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.ports import Clock
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.home_folder import HomeFolder


def name_hash(name: str) -> str:
    """A file name for any name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _machine() -> str:
    """The machine's own id where it has one; its name must do elsewhere."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


class RunLocks:
    """The locks of one home folder, as one process sees them."""

    def __init__(self, home: HomeFolder, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._held: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, configuration: str) -> Iterator[None]:
        """Nobody else holds it inside. Raises AlreadyRunningError at once."""
        with self._home.gate():
            lock = FileLock.take(self._file(configuration))
        if lock is None:
            raise AlreadyRunningError(configuration, self.holder(configuration))
        try:
            with self._home.faults():
                lock.write(self._description())
            with self._guard:
                self._held.add(configuration)
            yield
        finally:
            with self._guard:
                self._held.discard(configuration)
            lock.release()

    def is_held(self, configuration: str) -> bool:
        """Whether anybody holds it."""
        with self._home.gate():
            lock = FileLock.take(self._file(configuration))
            if lock is None:
                return True
            lock.release()  # inside: a run that begins must not meet this look
            return False

    def is_held_here(self, configuration: str) -> bool:
        """Whether this object holds it."""
        with self._guard:
            return configuration in self._held

    def _file(self, configuration: str) -> Path:
        return self._home.locks / f"{name_hash(configuration)}.run"

    def _description(self) -> str:
        since = self._clock.now().isoformat(timespec="seconds")
        return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})

    def me(self) -> tuple[str, str]:
        """This process for people, and a text that tells its home folder on its machine from all others."""
        host = socket.gethostname()
        home = hashlib.sha256(f"{_machine()} {host} {self._home.path.resolve()}".encode()).hexdigest()[:32]
        return f"process {os.getpid()} on {host}", home

    def holder(self, configuration: str) -> str:
        """Who wrote into the lock last, for people; it may have been released since."""
        try:
            holder = json.loads(self._file(configuration).read_text(encoding="utf-8"))
            return f"process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"  # it has the lock but has not written its name yet
