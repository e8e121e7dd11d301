"""What SQLite's errors mean to a person who keeps a ledger. Sentences are clauses without the file's name."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from desktop_sync.core.errors import LedgerError

DAMAGED_ADVICE = "nothing was changed; put one of the files of the folder `backups` beside it in its place"

_FULL = "the disk is full; nothing of this step was kept, and it can be repeated when there is room"

_SENTENCES = (
    ("SQLITE_FULL", _FULL),
    ("SQLITE_BUSY", "another program kept the ledger busy for too long; try again"),
    ("SQLITE_LOCKED", "another program kept the ledger busy for too long; try again"),
    ("SQLITE_READONLY", "the ledger may not be written; check the permissions of the file and its folder"),
    ("SQLITE_PERM", "the ledger may not be opened; check the permissions of the file and its folder"),
    ("SQLITE_AUTH", "the ledger may not be opened; check the permissions of the file and its folder"),
    ("SQLITE_CANTOPEN", "the ledger cannot be opened; check that its folder is there and belongs to you"),
    ("SQLITE_IOERR", "the disk reported an error; nothing of this step was kept"),
    ("SQLITE_CORRUPT", f"the ledger is damaged; {DAMAGED_ADVICE}"),
    ("SQLITE_NOTADB", f"the file is not a ledger; {DAMAGED_ADVICE}"),
    ("SQLITE_CONSTRAINT", "the ledger refused a row that contradicts another one; nothing of this step was kept"),
    ("SQLITE_TOOBIG", "a value is too large for the ledger; nothing of this step was kept"),
    ("SQLITE_NOMEM", "there is not enough memory for this step"),
)


_ROOM_BYTES = 1 << 20
"""With less room than this a failing write is taken for a full disk: SQLite tells of one in several ways."""


def problem_of(error: BaseException, path: Path) -> str:
    """The clause for an error of the SQLite driver over this file."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_IOERR") and _is_full(path.parent):
        name = "SQLITE_FULL"
    for prefix, sentence in _SENTENCES:
        if name.startswith(prefix):
            return sentence
    return f"the ledger cannot be used ({name or type(error).__name__}: {error})"


@contextmanager
def ledger_faults(path: Path) -> Iterator[None]:
    """Errors of the database and of the file system become LedgerError; all others pass."""
    try:
        yield
    except DBAPIError as error:
        raise _fault(error.orig or error, path) from error
    except sqlite3.Error as error:
        raise _fault(error, path) from error


def _fault(error: BaseException, path: Path) -> LedgerError:
    is_damage = str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
    return LedgerError(problem_of(error, path), str(path), is_damage=is_damage)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM_BYTES
    except OSError:
        return False  # the disk itself is gone


def disk_problem(error: OSError) -> str:
    """The clause for an error of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _FULL
    return f"the folder cannot be used ({error.strerror or type(error).__name__})"
