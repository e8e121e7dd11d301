"""What ledger tests are made with: a clock that is moved by hand, ids in order, settlements and batch rows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from desktop_sync.core.configuration import Endpoint, Entity, FieldMapping, PerSide, SyncConfiguration
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.status import Status

KEY = EntityKey("Customers", "customers")
OTHER_KEY = EntityKey("Customers", "orders")


@dataclass
class HandClock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def boottime_s(self) -> float:
        return self.at.timestamp()

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class CountedIds:
    """Unique also among processes."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"{os.getpid():07d}-{id(self):x}-{next(self._numbers):06d}"


def configuration(name: str = "Customers", *, enabled: bool = True, version: int = 1) -> SyncConfiguration:
    fields = (FieldMapping("Email", "email", identifying=True), FieldMapping("Phone", "phone"))
    entity = Entity("customers", PerSide("Customer", "customers"), fields)
    return SyncConfiguration(name, "CRM", "Shop", (entity,), enabled=enabled, version=version)


def endpoint(name: str = "CRM") -> Endpoint:
    return Endpoint(name, "sql", {"url": "sqlite:///crm.sqlite"})


def digest(seed: object) -> bytes:
    return str(seed).encode().rjust(16, b".")[:16]


Row = tuple[int, str | None, str | None, Status]


def settlements(
    rows: Iterable[Row],
    *,
    attempts: int = 0,
    last_error: str | None = "",
    not_before: datetime | None = None,
    deleted_in: int = 0,
    mark: str = "",
) -> pa.Table:
    """The columns of settlements; digests come from the ids and `mark`."""
    rows = list(rows)
    return pa.table(
        {
            "record_id": pa.array([row[0] for row in rows], pa.int64()),
            "a_id": pa.array([row[1] for row in rows], pa.string()),
            "b_id": pa.array([row[2] for row in rows], pa.string()),
            "status": pa.array([int(row[3]) for row in rows], pa.int8()),
            "deleted_in": pa.array([deleted_in] * len(rows), pa.int8()),
            "a_digest": pa.array([digest(f"a{row[0]}{mark}") for row in rows], pa.binary()),
            "b_digest": pa.array([digest(f"b{row[0]}{mark}") for row in rows], pa.binary()),
            "attempts": pa.array([attempts] * len(rows), pa.int32()),
            "not_before": pa.array([not_before] * len(rows), pa.timestamp("us", "UTC")),
            "last_error": pa.array([last_error] * len(rows), pa.string()),
        }
    )


def processed(ids: Iterable[int]) -> pa.Table:
    """Settlements of peers A<id>, B<id>."""
    return settlements((each, f"A{each}", f"B{each}", Status.PROCESSED) for each in ids)


def batch_rows(ids: Sequence[int], action: Action = Action.UPDATE_B, mark: str = "") -> pa.Table:
    """Batch rows of one field, Phone in A and phone in B."""
    return pa.table(
        {
            "record_id": pa.array(ids, pa.int64()),
            "action": pa.array([int(action)] * len(ids), pa.int8()),
            "rule": pa.array([int(Rule.CHANGED_ONE_SIDE)] * len(ids), pa.int8()),
            "a_id": pa.array([f"A{each}" for each in ids], pa.string()),
            "b_id": pa.array([f"B{each}" for each in ids], pa.string()),
            "a_digest": pa.array([digest(f"a{each}") for each in ids], pa.binary()),
            "b_digest": pa.array([digest(f"b{each}") for each in ids], pa.binary()),
            "a:Phone": pa.array([f"{each}{mark}" for each in ids], pa.string()),
            "b:phone": pa.array([f"{each}{mark}" for each in ids], pa.string()),
            "before:phone": pa.array([None] * len(ids), pa.string()),
        }
    )
