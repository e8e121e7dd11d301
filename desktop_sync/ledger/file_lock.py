"""Locks of the operating system on small files: free at once when their holder dies, whatever its age."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    # Windows locks ranges and forbids reading them: the locked byte lies far behind the text of the holder.
    _LOCKED_BYTE = 1 << 30

    def _take(handle: int, *, wait: bool) -> bool:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if wait:
                    continue  # LK_LOCK gives up after ten seconds
                return False
            return True

else:
    import fcntl

    def _take(handle: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


class FileLock:
    """A lock held by this object until `release`. Other objects, threads and processes cannot take it meanwhile."""

    __slots__ = ("_handle", "path")

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def take(cls, path: Path, *, wait: bool = False) -> FileLock | None:
        """The lock, or None when somebody else holds it. The file is made where it is not there, for the owner only.

        Raises OSError when the file cannot be opened.
        """
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        if _take(handle, wait=wait):
            return cls(path, handle)
        os.close(handle)
        return None

    def write(self, text: str) -> None:
        """The file holds the text, for whoever finds the lock taken."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.truncate(self._handle, 0)
        os.write(self._handle, text.encode())

    def release(self) -> None:
        """Free. May be repeated."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
