"""Sync records, conflicts, reviews and history as people see them: values for screens and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.status import Status


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """A peer, or half of one, with its status. `a_id`/`b_id` are None where that half is missing."""

    id: int
    configuration: str
    entity: str
    a_id: str | None
    b_id: str | None
    status: Status
    attempts: int
    last_error: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two different changes of one record. `winner` is None while it waits; `rule` says what settled it.

    `fields` hold a, b and base for every mapped field. `plan_digest_a`/`_b` fence a decision: if a side changed since,
    the decision is not carried out on it.
    """

    id: int
    record_id: int
    run_id: int
    configuration: str
    entity: str
    a_id: str | None
    b_id: str | None
    rule: Rule
    winner: Side | None
    a_changed_at: datetime | None
    b_changed_at: datetime | None
    found_at: datetime
    settled_at: datetime | None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One action on one record in a run, down to each field's before and after.

    `evidence`: by which fields, or by whom, the two records were paired, where they were. `at`: when it was done, or
    begun; aware UTC. `run_id` is 0 for what a person did between runs."""

    run_id: int
    batch_id: int
    row: int
    entity: str
    record_id: int
    action: Action
    rule: Rule
    a_id: str | None
    b_id: str | None
    result: str
    fields: tuple[FieldChange, ...] = ()
    evidence: str = ""
    at: datetime | None = None
