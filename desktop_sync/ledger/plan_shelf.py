"""The shelf of plans that wait: an owner-only folder each, and a pointer to the current one of a configuration."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from desktop_sync.core.errors import BugError
from desktop_sync.core.plan import Mode
from desktop_sync.ledger.home_folder import OWNER_FILE, OWNER_FOLDER
from desktop_sync.ledger.run_lock import name_hash
from desktop_sync.ledger.store import Store

_PLAN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,127}")
_POINTER = "waiting.json"


class SqlPlanShelf(Store):
    """The `PlanShelf` of the ledger: plans/<hash of the configuration's name>/<plan id>."""

    def put(self, configuration: str, plan_id: str, mode: Mode) -> str:
        """A fresh, empty, owner-only folder; an older plan of the configuration is gone."""
        if not _PLAN_ID.fullmatch(plan_id):
            raise BugError(f"a plan id that cannot name a folder: {plan_id!r}")
        self.drop(configuration)
        shelf = self._shelf(configuration)
        folder = shelf / plan_id
        with self._parts.home.faults():
            shelf.mkdir(mode=OWNER_FOLDER, exist_ok=True)
            folder.mkdir(mode=OWNER_FOLDER)
            _write_owned(shelf / _POINTER, json.dumps({"plan": plan_id, "mode": mode.value}))
        return str(folder)

    def folder(self, configuration: str) -> tuple[str, str] | None:
        """(plan id, folder) of the waiting plan."""
        shelf = self._shelf(configuration)
        try:
            plan_id = str(json.loads((shelf / _POINTER).read_text(encoding="utf-8"))["plan"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # none was put, or the program died while it was
        folder = shelf / plan_id
        return (plan_id, str(folder)) if _PLAN_ID.fullmatch(plan_id) and folder.is_dir() else None

    def drop(self, configuration: str) -> None:
        """No plan waits. May be repeated."""
        shelf = self._shelf(configuration)
        with self._parts.home.faults():
            (shelf / _POINTER).unlink(missing_ok=True)  # first: half a plan must not be found
            if shelf.exists():
                shutil.rmtree(shelf)

    def _shelf(self, configuration: str) -> Path:
        return self._parts.home.plans / name_hash(configuration)


def _write_owned(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), OWNER_FILE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
