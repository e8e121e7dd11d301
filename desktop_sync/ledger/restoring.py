"""A damaged ledger: the newest good backup takes its place, unattended, and the damaged file is kept (RELIABILITY 4.1).

May be cut off at any moment and repeated: until the backup stands in its place the file is found damaged again, and the
note that it was restored stays until the ledger itself knows.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from desktop_sync.core.errors import LedgerError
from desktop_sync.ledger.home_folder import OWNER_FILE, OWNER_FOLDER, HomeFolder
from desktop_sync.ledger.ledger_faults import ledger_faults

_PARTS = ("", "-wal", "-shm")
_FORM = "%Y%m%dT%H%M%SZ"


def check_whole(path: Path) -> None:
    """The file is sound, with what its log adds. Opened for reading only, so that a damaged one stays as it is.

    Raises LedgerError, telling of damage.
    """
    with ledger_faults(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    if found is None or found[0] != "ok":
        raise HomeFolder(path.parent).damaged("the ledger is damaged")


def restore(home: HomeFolder, now: datetime) -> bool:
    """Whether a good backup stands in the place of the damaged ledger. Nobody else may have it open."""
    newest_first = sorted(home.backups.glob("ledger-*.sqlite"), reverse=True)
    good = next((backup for backup in newest_first if _is_good(backup)), None)
    if good is None:
        return False
    with home.faults():
        aside = home.path / "damaged"
        aside.mkdir(mode=OWNER_FOLDER, exist_ok=True)
        fresh = home.ledger.with_suffix(".restored")
        _copy(good, fresh)
        stamp = now.astimezone(UTC).strftime(_FORM)
        for part in _PARTS[:2]:
            file = home.ledger.with_name(home.ledger.name + part)
            kept = aside / f"ledger-{stamp}.sqlite{part}"
            if file.exists() and not kept.exists():
                _copy(file, kept)
        os.close(os.open(_note(home), os.O_WRONLY | os.O_CREAT, OWNER_FILE))
        # The log goes first: it would be played into the backup.
        for part in _PARTS[1:]:
            home.ledger.with_name(home.ledger.name + part).unlink(missing_ok=True)
        home.sync()
        fresh.replace(home.ledger)
        home.sync()
    return True


def was_restored(home: HomeFolder) -> bool:
    """Whether a backup stands in the ledger's place and the ledger has not been told yet."""
    return _note(home).exists()


def forget_restored(home: HomeFolder) -> None:
    with home.faults():
        _note(home).unlink(missing_ok=True)


def _note(home: HomeFolder) -> Path:
    return home.path / "ledger.was-damaged"


def _is_good(backup: Path) -> bool:
    try:
        check_whole(backup)
    except LedgerError:
        return False
    return backup.stat().st_size > 0


def _copy(source: Path, target: Path) -> None:
    """Durable, and readable by its owner only."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with source.open("rb") as read, os.fdopen(os.open(target, flags, OWNER_FILE), "wb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
