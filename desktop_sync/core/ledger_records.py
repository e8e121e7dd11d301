"""What the ledger must offer about records: peers and their statuses, baselines, intents, what is held, origin stamps.

Every call that writes is one transaction, durable when it returns. Calls may come from any thread. Errors: LedgerError.

Tables travel as Arrow streams:

peers
    record_id int64, a_id text, b_id text, status int8, deleted_in int8, a_digest binary, b_digest binary,
    attempts int32, not_before timestamp[us, UTC]; ordered by record_id.
settlements
    the columns of peers, and last_error text. A row whose record_id is known replaces that sync record; else it is
    added.
batch rows (the content of an intent, of history and of the baseline)
    record_id int64, action int8, rule int8, a_id text, b_id text, a_digest binary, b_digest binary (digests that hold
    when the batch is done), then per mapped field `a:<field>`, `b:<field>` (what A and B hold when the batch is done,
    as text, null for empty) and `before:<field>` (what the written side held before, fields of that side; of a deleted
    record, all of its fields). Where records were paired also evidence text (SPEC §4). Those of an undo have
    status_after and deleted_in_after int8, base_a and base_b binary too: how the sync record stands when the batch is
    done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import (
    DoneBatch,
    EntityKey,
    HeldRecord,
    Hold,
    Loss,
    NewConflict,
    OpenBatch,
    RecordQuery,
    Request,
    Watermark,
)
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.core.sync_group import StructureName
from desktop_sync.core.sync_record import Conflict, SyncRecord
from desktop_sync.core.write_loop import PastWrite


class RecordStore(Protocol):
    """Sync records, conflicts and watermarks."""

    def peers(
        self,
        key: EntityKey,
        *,
        a_ids: Sequence[str] | None = None,
        b_ids: Sequence[str] | None = None,
        statuses: Sequence[Status] | None = None,
    ) -> ArrowStream:
        """Peers, all of the entity or those with one of these ids or statuses (given together: any of them)."""

    def count_by_status(self, configuration: str, entity: str = "") -> dict[Status, int]: ...
    def count_peers(self, key: EntityKey) -> int:
        """Sync records with both ids whose status is not Deleted."""

    def reserve_record_ids(self, count: int) -> int:
        """The first of `count` ids that no sync record has or will get."""

    def settle(
        self,
        key: EntityKey,
        run_id: int,
        settlements: ArrowStream,
        *,
        watermarks: tuple[Watermark, Watermark] | None = None,
    ) -> None:
        """The sync records are as given, and so are the watermarks of A and B, in the same transaction: a watermark is
        never ahead of the queue (RELIABILITY 4.5). A record whose a_id or b_id another sync record of the entity holds
        takes it over only when that record is among the settlements too, or is Deleted: then it lets the id go."""

    def revise(self, key: EntityKey, record_ids: Sequence[int], revise: Callable[[ArrowStream], ArrowStream]) -> None:
        """These sync records are as `revise` says, which is given them as they stand (the columns of `peers`) and gives
        settlements. Nobody changes any of them in between; it must not use the ledger. Those that are gone are not
        among them."""

    def remove(self, key: EntityKey, record_ids: Sequence[int]) -> None:
        """The sync records are gone, with their open conflicts."""

    def records(self, query: RecordQuery) -> list[SyncRecord]: ...
    def count_records(self, query: RecordQuery) -> int: ...
    def record(self, record_id: int) -> SyncRecord | None: ...
    def baselines(self, record_ids: Sequence[int]) -> dict[int, dict[str, str | None]]:
        """`baseline` of many records; those without one are left out. Each batch is read once."""

    def baseline(self, record_id: int) -> dict[str, str | None]:
        """Values of the last done batch of the record: keys `a:<field>` and `b:<field>`; empty before the first."""

    def keep_conflicts(self, key: EntityKey, run_id: int, conflicts: Sequence[NewConflict]) -> None:
        """Kept. A record has one unsettled conflict at most: a newer one replaces it."""

    def conflicts(
        self, configuration: str, *, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]: ...
    def conflict_of(self, record_id: int) -> Conflict | None:
        """The open conflict of a record."""

    def conflict(self, conflict_id: int) -> Conflict | None:
        """That conflict, open or settled."""

    def record_conflicts(self, record_id: int) -> list[Conflict]:
        """All conflicts of a record, open or settled, oldest first."""

    def decide_conflict(self, conflict_id: int, winner: Side) -> None:
        """The open conflict is decided; its record becomes Prepared, and the next plan carries the decision out."""

    def decisions(self, key: EntityKey) -> dict[int, Side]:
        """Decided and not yet carried out: record id → winner."""

    def outdated_decisions(self, key: EntityKey, found: Sequence[NewConflict]) -> frozenset[int]:
        """The record ids of those of the conflicts whose decision was about other values. Nothing is written."""

    def waiting_decisions(self, key: EntityKey, rules: Sequence[int]) -> dict[int, int]:
        """Record id → rule of open conflicts that were found by one of these rules and nobody decided yet."""

    def update_streak(self, key: EntityKey) -> int:
        """How many of the last runs that wrote something for the entity updated records, one after the other."""

    def past_updates(self, key: EntityKey, record_ids: Sequence[int], runs: int) -> dict[int, list[PastWrite]]:
        """Of these sync records, those that were updated in each of the last runs that wrote: one update of each run,
        newest first, up to `runs`, ending at a run that did not update the record."""

    def losses(self, key: EntityKey) -> tuple[Loss, ...]:
        """Fields that were seen to be stored otherwise than they were sent, each with an example."""

    def keep_losses(
        self, key: EntityKey, run_id: int, found: Sequence[Loss], cleared: Sequence[tuple[Side, str]]
    ) -> None:
        """These fields are lossy; the cleared ones were stored as they were sent, and are not any more."""

    def absences(self, key: EntityKey, side: Side) -> dict[int, datetime]:
        """Sync records whose record a complete read of the side did not find: since when."""

    def keep_absences(self, key: EntityKey, side: Side, absences: Mapping[int, datetime]) -> None:
        """These, and no others of the side, were not found."""

    def watermark(self, key: EntityKey, side: Side) -> Watermark: ...
    def save_watermarks(self, key: EntityKey, a: Watermark, b: Watermark) -> None: ...


class DigestStore(Protocol):
    """In which form the digests of baselines were made, and what they were made of."""

    def digest_form(self, key: EntityKey) -> int:
        """The canonical form of the digests of the entity's baselines."""

    def baseline_rows(self, key: EntityKey) -> Iterator[DoneBatch]:
        """The batches that baselines of the entity are of, each with just the rows that are one, oldest first."""

    def rebase(self, key: EntityKey, digests: ArrowStream, form: int) -> None:
        """One transaction: these baselines have these digests (record_id, a_digest, b_digest), and all of the entity's
        are of that form. A side without a baseline stays without one."""


class Journal(Protocol):
    """Intents per write batch, before any external write."""

    def open_batch(
        self,
        key: EntityKey,
        run_id: int,
        side: Side,
        structure: str,
        operation: int,
        rows: ArrowStream,
        request: Request | None = None,
        identity: str = "",
    ) -> int:
        """The intent is durable; the id of the batch. `request` is None where ids alone settle it; `identity` is what
        system the side is in this run, where that is known.

        Raises LeaseLostError when a later run of the configuration has begun.
        """

    def close_batch(
        self,
        batch_id: int,
        settlements: ArrowStream,
        *,
        done_rows: Sequence[int],
        stored: ArrowStream | None = None,
        held: Mapping[int, Hold] | None = None,
    ) -> None:
        """One transaction: the settlements hold, and the batch is done with those of its rows (0-based) that were
        written;
        with none it is aborted. The written records' baseline is this batch. `stored`: the batch rows as they really
        are, replacing the intent's content (where the endpoint stored something else than was sent, or gave ids).
        `held`: rows of which nobody knows whether they were written; their records stay out of every plan."""

    def keep_batch(
        self,
        key: EntityKey,
        run_id: int,
        rows: ArrowStream,
        settlements: ArrowStream,
        *,
        instead_of: ArrowStream | None = None,
    ) -> None:
        """A batch of actions that write to no endpoint (link, adopt): done at once, with its settlements. They take the
        place of `instead_of`, sync records as `peers` gave them: one that is not among the settlements is gone. Raises
        VersionMismatchError, and nothing changed, where one of them does not stand as it did."""

    def last_written(self) -> datetime | None:
        """When a write to any endpoint was last settled (aware UTC); None before the first."""

    def open_batches(self, configuration: str) -> list[OpenBatch]:
        """Intents that were not settled, oldest first."""


class HeldStore(Protocol):
    """Records that may or may not have been written, and what helps to find out."""

    def held_batches(self, configuration: str) -> list[OpenBatch]:
        """The held rows, by intent, oldest first."""

    def held_records(self, configuration: str) -> list[HeldRecord]:
        """The same as records, oldest first."""

    def resolve_held(
        self,
        batch_id: int,
        settlements: ArrowStream,
        *,
        done_rows: Sequence[int],
        free_rows: Sequence[int],
        stored: ArrowStream | None = None,
    ) -> None:
        """One transaction: the settlements hold; the held rows in `done_rows` were written, those in `free_rows` were
        not, and neither is held any more. Rows are numbered as in the whole batch. `stored`: the batch rows of
        `done_rows`, in that order, as they really are (with the ids that were found)."""

    def hold_again(self, batch_id: int, settlements: ArrowStream, held: Mapping[int, Hold]) -> None:
        """One transaction: the settlements hold, and these rows of the batch are held for another reason now."""

    def release_held(self, key: EntityKey, record_ids: Sequence[int]) -> None:
        """The records are not held any more: a person decided what they are. Others stay as they are."""

    def keep_known_ids(self, key: EntityKey, run_id: int, side: Side, ids: ArrowStream) -> None:
        """Kept: the ids (column `id`) of all records of the side that have no peer, before the run creates any."""

    def known_ids(self, key: EntityKey, run_id: int, side: Side) -> frozenset[str] | None:
        """Those; None where the run kept none."""


class OriginStore(Protocol):
    """Origin stamps of structures that several configurations share (SPEC §7)."""

    def scanned_at(self, structure: StructureName) -> dict[str, int]:
        """Field → when it was last looked at completely, in microseconds; fields without such a look are not in it."""

    def mark_scanned(self, structure: StructureName, fields: Sequence[str], at_us: int) -> None: ...
    def origins(self, structure: StructureName, record_ids: Sequence[str]) -> ArrowStream:
        """Stamps of these records: record_id text, field text, is_pending boolean, digest binary, origin text (an
        endpoint), at_us int64, error_us int64, told_us int64 (what a wrong clock told, else null)."""

    def keep_origins(self, structure: StructureName, stamps: ArrowStream) -> None:
        """Kept, each in the place of the one that was there; the columns of `origins`. With a column `expected` only
        where none is there, or one for a value with that digest."""

    def settle_origins(self, structure: StructureName, done: Sequence[str], undone: Sequence[str] = ()) -> None:
        """Pending stamps of the records in `done` hold now; those of `undone` are dropped."""

    def forget_origins(self, structure: StructureName, record_ids: Sequence[str]) -> None:
        """The records are gone."""

    def keep_structures(self, used: Collection[StructureName]) -> None:
        """Stamps of all other structures are gone: no configuration synchronizes them any more."""
