"""The folder that holds the ledger: owner-only from the first moment, on a local disk, looked at before it is used."""

from __future__ import annotations

import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop_sync.core.errors import BugError, LedgerError
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.ledger_faults import DAMAGED_ADVICE, disk_problem
from desktop_sync.ledger.tables import APPLICATION_ID

OWNER_FOLDER = 0o700
OWNER_FILE = 0o600
_NETWORK_SYSTEMS = {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ceph", "ncpfs", "fuse.sshfs", "fuse.rclone"}
_HEADER = 100


class HomeFolder:
    """Paths in the home folder, and its care. All raise LedgerError naming the ledger's file."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def locks(self) -> Path:
        return self.path / "locks"

    @property
    def plans(self) -> Path:
        return self.path / "plans"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Errors of the file system become LedgerError."""
        try:
            yield
        except OSError as error:
            raise LedgerError(disk_problem(error), str(self.ledger)) from error

    def make_ready(self) -> None:
        """The folder and its subfolders are there, belong to this user, can be written and are closed to others."""
        with self.faults():
            self.path.mkdir(mode=OWNER_FOLDER, parents=True, exist_ok=True)
        self._refuse_foreign()
        self._refuse_network()
        with self.faults():
            for folder in (self.path, self.locks, self.plans, self.backups):
                folder.mkdir(mode=OWNER_FOLDER, exist_ok=True)
                _close_to_others(folder, OWNER_FOLDER)

    def make_file(self) -> None:
        """The ledger's file is there (perhaps empty) and only its owner can read it: SQLite gives its helper files the
        same mode."""
        with self.faults():
            handle = os.open(self.ledger, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), OWNER_FILE)
            os.close(handle)
            for name in ("", "-wal", "-shm"):
                file = self.ledger.with_name(self.ledger.name + name)
                if file.exists():
                    _close_to_others(file, OWNER_FILE)

    def check_header(self) -> None:
        """The ledger's file is new or looks like a whole ledger. It is only read."""
        with self.faults():
            size = self.ledger.stat().st_size if self.ledger.exists() else 0
            log = self.ledger.with_name(self.ledger.name + "-wal")
            has_log = log.exists() and log.stat().st_size > 0
            head = self.ledger.read_bytes()[:_HEADER] if 0 < size < _HEADER else _read_head(self.ledger, size)
        if size == 0:
            if has_log:  # SQLite would throw the log away
                raise self.damaged("the ledger is empty though its log is not")
            if self.ledger.exists() and any(self.backups.glob("ledger-*.sqlite")):
                # Taken for a new one, it would know of no configuration, and nobody would be told of the backups.
                raise self.damaged("the ledger is empty")
            return
        if len(head) < _HEADER or not head.startswith(b"SQLite format 3\0"):
            raise self.damaged("the file is not a ledger")
        (page_size,) = struct.unpack(">H", head[16:18])
        (pages,) = struct.unpack(">I", head[28:32])
        (application,) = struct.unpack(">I", head[68:72])
        if application not in (0, APPLICATION_ID):
            raise self.damaged("the file is a database of another program", is_ours=False)
        if not has_log and pages * (65536 if page_size == 1 else page_size) > size:
            raise self.damaged("the ledger is cut short")

    def sync(self) -> None:
        """What was renamed in the folder is durable."""
        if sys.platform != "win32":
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def has_mark(self) -> bool:
        """Whether the file itself says that it is a ledger; a new one may say so only in its log."""
        with self.faults():
            head = _read_head(self.ledger, self.ledger.stat().st_size if self.ledger.exists() else 0)
        return len(head) == _HEADER and struct.unpack(">I", head[68:72]) == (APPLICATION_ID,)

    def damaged(self, what: str, *, is_ours: bool = True) -> LedgerError:
        return LedgerError(f"{what}; {DAMAGED_ADVICE}", str(self.ledger), is_damage=is_ours)

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Nobody else is inside. Looking whether a lock is free means taking it for a moment: the gate keeps such a
        look from being mistaken for a holder. It is held for microseconds only."""
        with self.faults():
            gate = FileLock.take(self.locks / "gate", wait=True)
            try:
                yield
            finally:
                if gate is not None:
                    gate.release()

    def set_marker(self, name: str) -> FileLock:
        """A mark that this program has the ledger open; `name` is unique."""
        with self.gate():
            marker = FileLock.take(self.locks / f"open-{name}")
        if marker is None:
            raise BugError(f"the mark {name!r} was given twice")
        return marker

    def is_open_elsewhere(self) -> bool:
        """Whether a program that lives has the ledger open. Stale marks do not count."""
        with self.gate():
            for marker in self.locks.glob("open-*"):
                lock = FileLock.take(marker)
                if lock is None:
                    return True
                lock.release()
        return False

    def stale_markers(self) -> list[Path]:
        """Marks of programs that had the ledger open and died. The caller removes them when the ledger is sound."""
        found: list[Path] = []
        with self.gate():
            for marker in sorted(self.locks.glob("open-*")):
                lock = FileLock.take(marker)
                if lock is not None:
                    lock.release()
                    found.append(marker)
        return found

    def _refuse_foreign(self) -> None:
        if sys.platform != "win32" and self.path.stat().st_uid != os.geteuid():
            raise LedgerError("the folder belongs to another user", str(self.ledger))
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise LedgerError("the folder cannot be written", str(self.ledger))

    def _refuse_network(self) -> None:
        if file_system_of(self.path, _mounts()) in _NETWORK_SYSTEMS:
            raise LedgerError(
                "the folder is on a network drive, where files cannot be locked reliably; choose a local one",
                str(self.ledger),
            )


def _read_head(path: Path, size: int) -> bytes:
    if size == 0:
        return b""
    with path.open("rb") as file:
        return file.read(_HEADER)


def _close_to_others(path: Path, mode: int) -> None:
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(mode)


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # not Linux: nothing is known about the file system


def file_system_of(path: Path, mounts: str) -> str:
    """The file system's type by the longest mount point above the path (lines of Linux' mountinfo), or empty."""
    real, best, kind = str(path.resolve()), "", ""
    for line in mounts.splitlines():
        head, separator, tail = line.partition(" - ")
        parts = head.split()
        if not separator or len(parts) < 5:
            continue
        point = parts[4].replace("\\040", " ")
        is_above = real == point or real.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, kind = point, tail.split()[0]
    return kind
