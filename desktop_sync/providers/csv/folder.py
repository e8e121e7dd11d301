"""The folder behind a CSV endpoint: its files, its lock, and replacing a file as a whole."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from desktop_sync.core.errors import (
    ConfigurationError,
    EndpointError,
    MissingError,
    NoRoomError,
    NotPermittedError,
    Place,
    RetriableError,
)
from desktop_sync.providers.csv.csv_file import CsvText, load

SUFFIXES = (".csv", ".tsv", ".txt")
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.desktop-sync-temporary")
_NAMED_BY = 40
"""Characters of a file's name in that of its temporary one, which must not become longer than names may be."""
_LOCK_WAIT_S = 5.0
_LOCK_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class CsvFolder:
    """Where an endpoint's files are, and how they are written ("" means: found by looking)."""

    endpoint: str
    path: str
    delimiter: str = ""
    encoding: str = ""

    def check(self) -> None:
        """The folder is there and can be listed. Raises MissingError, NotPermittedError."""
        place = Place(self.endpoint)
        if os.path.isfile(self.path):
            raise MissingError(f"{self.path} is a file; choose the folder that it is in", place)
        if not os.path.isdir(self.path):
            raise MissingError(f"the folder {self.path} is not there (is its drive connected?)", place)
        if not os.access(self.path, os.R_OK | os.X_OK):
            raise NotPermittedError(f"the folder {self.path} may not be read by this user", place)

    def files(self) -> dict[str, str]:
        """Structure name to file name, sorted. Of two files with one stem the later keeps its suffix in the name."""
        self.check()
        found: dict[str, str] = {}
        names = [name for name in os.listdir(self.path) if self._is_structure(name)]
        for name in sorted(names, key=lambda name: (SUFFIXES.index(os.path.splitext(name)[1].lower()), name)):
            stem = os.path.splitext(name)[0]
            found[name if stem in found else stem] = name
        return dict(sorted(found.items()))

    def _is_structure(self, name: str) -> bool:
        stem, suffix = os.path.splitext(name)
        return (
            bool(stem)
            and not name.startswith(".")
            and suffix.lower() in SUFFIXES
            and os.path.isfile(os.path.join(self.path, name))
        )

    def file_of(self, structure: str) -> str:
        """The path of a structure's file. Raises MissingError."""
        name = self.files().get(structure)
        if name is None:
            raise MissingError(
                f"there is no file {structure}.csv in the folder {self.path}", Place(self.endpoint, structure)
            )
        return os.path.realpath(os.path.join(self.path, name))

    def load(self, structure: str) -> CsvText:
        """The content of a structure's file."""
        return load(self.file_of(structure), self.encoding, self.delimiter, Place(self.endpoint, structure))

    def new_file_of(self, structure: str) -> str:
        """The path for a new structure. Raises ConfigurationError for a name that cannot be a file's or is taken."""
        place = Place(self.endpoint, structure)
        if (
            not structure
            or structure.startswith(".")
            or structure != structure.strip()
            or any(character in '/\\:*?"<>|' or ord(character) < 32 for character in structure)
            or len(os.fsencode(structure)) > 200
        ):
            raise ConfigurationError(f"“{structure}” cannot be the name of a file", place)
        path = os.path.join(self.path, structure + ".csv")
        if structure in self.files() or os.path.lexists(path):
            raise ConfigurationError("a file of this name exists already", place)
        return path


@contextmanager
def locked_folder(path: str, place: Place) -> Iterator[None]:
    """Nobody else who asks for this lock writes in the folder. Raises RetriableError after a bounded wait.

    The lock is on the folder itself (on Windows on a hidden file in it), so nothing is left in the user's folder.
    """
    try:
        descriptor = _open_lock(path)
    except FileNotFoundError:
        raise MissingError(f"the folder {path} is not there (is its drive connected?)", place) from None
    except OSError as error:
        raise RetriableError(f"the folder {path} cannot be locked ({error.strerror})", place) from error
    try:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise RetriableError("another run is still writing in the folder", place)
            time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _open_lock(path: str) -> int:
        return os.open(os.path.join(path, ".desktop-sync-lock"), os.O_RDWR | os.O_CREAT, 0o600)

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _sync_folder(path: str) -> None:
        """Windows makes renames durable itself."""

else:
    import fcntl

    def _open_lock(path: str) -> int:
        return os.open(path, os.O_RDONLY)

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _sync_folder(path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_stale(folder: str) -> None:
    """Temporary files that a killed run left are gone. Call with the folder locked."""
    for name in os.listdir(folder):
        if _TEMPORARY.fullmatch(name):
            try:
                os.unlink(os.path.join(folder, name))
            except OSError:
                pass  # not ours to remove, or gone already


def replace_file(path: str, content: bytes, place: Place) -> None:
    """The file holds `content`, durably; its mode and owner stay. On any error it is as it was, byte for byte.

    Raises RetriableError when the disk is full, else EndpointError. Call with the folder locked.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:_NAMED_BY]}.{secrets.token_hex(8)}.desktop-sync-temporary")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with open(descriptor, "wb") as file:
                _copy_mode(path, temporary)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        _sync_folder(folder)
    except OSError as error:
        raise _write_error(error, path, place) from error


def _copy_mode(path: str, temporary: str) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # a new file of the user's, as any program would make it
        return
    os.chmod(temporary, stat.S_IMODE(status.st_mode))
    if hasattr(os, "chown"):
        try:
            os.chown(temporary, status.st_uid, status.st_gid)
        except PermissionError:
            pass  # a file of another owner that this user may write becomes this user's


def _write_error(error: OSError, path: str, place: Place) -> EndpointError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoomError("the disk is full, nothing was written", place)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotPermittedError(f"the file {path} may not be written by this user", place)
    return RetriableError(f"the file {path} could not be written ({error.strerror})", place)
