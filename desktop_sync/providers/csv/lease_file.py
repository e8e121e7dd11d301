"""The lease file in a user's folder: who synchronizes it with which configuration (RELIABILITY 4.9)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime

from desktop_sync.core.binding import Lease
from desktop_sync.core.errors import DamagedError, Place
from desktop_sync.providers.csv.folder import locked_folder, replace_file

NAME = ".desktop-sync-lease.json"


def read_lease(folder: str, configuration: str, place: Place) -> Lease | None:
    """What is kept for the configuration. Raises DamagedError for a file that this program did not write."""
    return _read(folder, place).get(configuration)


def write_lease(folder: str, lease: Lease, expected: Lease | None, place: Place) -> bool:
    """`lease` is kept, if `expected` was until now. The file is replaced as a whole, with the folder locked."""
    with locked_folder(folder, place):
        kept = _read(folder, place)
        if kept.get(lease.configuration) != expected:
            return False
        document = {name: asdict(each) for name, each in {**kept, lease.configuration: lease}.items()}
        for each in document.values():
            expires_at = each["expires_at"]
            each["expires_at"] = None if expires_at is None else expires_at.isoformat()
        replace_file(os.path.join(folder, NAME), json.dumps(document, indent=1).encode(), place)
        return True


def _read(folder: str, place: Place) -> dict[str, Lease]:
    path = os.path.join(folder, NAME)
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        return {str(name): _lease(each) for name, each in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"the file {NAME}, which says who synchronizes the folder, cannot be read; remove it"
        raise DamagedError(problem, place) from error


def _lease(each: dict[str, object]) -> Lease:
    expires_at = each["expires_at"]
    return Lease(
        str(each["configuration"]),
        str(each["ledger"]),
        int(str(each["epoch"])),
        int(str(each["fence"])),
        str(each["holder"]),
        str(each["home"]),
        None if expires_at is None else datetime.fromisoformat(str(expires_at)),
    )
