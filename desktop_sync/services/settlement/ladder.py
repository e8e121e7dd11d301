"""Whether a write that was not acknowledged was carried out: the ladder of create classes (RELIABILITY 4.2, 4.3).

What the endpoint can tell apart by itself is asked for or sent again with the same key and values. For everything else
the deadline of the intent is waited for, so that no request is under way any more, and only then is looked at what is
there. Where that leaves a doubt, the record is held: a duplicate is never risked.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Hold, HoldReason, OpenBatch
from desktop_sync.core.ports import CancelToken, Clock, Sleep
from desktop_sync.core.provider_port import (
    Capabilities,
    ConditionalWrite,
    CreateClass,
    Operation,
    WriteBatch,
    WriteStatus,
)
from desktop_sync.core.status import Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.stated import as_if_read, measured_records, values_again, values_as_kept
from desktop_sync.services.session.conditions import IGNORED
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.session.waiting import wait_for
from desktop_sync.services.settlement.records_there import look, was_written
from desktop_sync.services.settlement.settling_guard import is_other_system
from desktop_sync.services.settlement.undo_settling import is_undo

LONGEST_QUIESCE_S = 60.0
"""A run waits so long at most for requests that may be under way; what needs longer is held and left to a later run."""


@dataclass(slots=True)
class Verdict:
    """What is known of the rows of an intent now. `rows` have the ids that were found; a row that is neither done nor
    held was not written and never will be."""

    rows: pa.Table
    done: set[int] = field(default_factory=set)
    held: dict[int, Hold] = field(default_factory=dict)


def create_class(capabilities: Capabilities, *, has_ids: bool) -> CreateClass:
    """The class that holds for creates: without an id that was chosen before, CLIENT_ID is no more than a natural
    key; and where one would have to look and cannot, it is WRITE_ONLY."""
    creates = capabilities.creates
    if creates is CreateClass.CLIENT_ID and not has_ids:
        creates = CreateClass.NATURAL_KEY
    looks = creates in (CreateClass.CLIENT_ID, CreateClass.NATURAL_KEY, CreateClass.NONE)
    looks = looks or (creates is CreateClass.EXTERNAL_ID and not capabilities.is_external_id_unique)
    return CreateClass.WRITE_ONLY if looks and not capabilities.can_read else creates


def needs_known_ids(creates: CreateClass, capabilities: Capabilities) -> bool:
    """Whether what is there before the creates must be known, to tell afterwards what they made."""
    if creates is CreateClass.IDEMPOTENCY_KEY:
        return capabilities.key_lives_s is not None and capabilities.can_read
    if creates is CreateClass.EXTERNAL_ID:
        return not capabilities.is_external_id_unique
    return creates in (CreateClass.NATURAL_KEY, CreateClass.NONE)


def lives_s(capabilities: Capabilities) -> float:
    """From when a request is prepared: so long it may be under way, or its effect be missed by reads. It may be sent
    for as long as one is under way."""
    return 2 * capabilities.max_in_flight_s + capabilities.read_lag_s


def record_keys(key: str, places: Sequence[int]) -> list[str]:
    """The keys of an intent's records: for one record of one intent always the same, and never that of another."""
    return [str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key}:{place}")) for place in places]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Judges intents of one session. One thread."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    sleep: Sleep
    cancel: CancelToken

    def judge(self, layout: Layout, batch: OpenBatch, rows: pa.Table) -> Verdict:
        """The verdict on the batch's rows. May send a create again, never with another key or other values."""
        verdict = Verdict(rows)
        if batch.operation != Operation.CREATE:
            self._judge_change(layout, batch, verdict)
            return verdict
        match batch.request.creates or CreateClass.CLIENT_ID:
            case CreateClass.CLIENT_ID:
                self._judge_client_id(layout, batch, verdict)
            case CreateClass.MARKER:
                self._judge_found(layout, batch, verdict, is_unique=True)
            case CreateClass.EXTERNAL_ID:
                is_unique = self._capabilities(batch).is_external_id_unique
                self._judge_found(layout, batch, verdict, is_unique=is_unique)
            case CreateClass.IDEMPOTENCY_KEY:
                self._judge_idempotent(layout, batch, verdict)
            case CreateClass.WRITE_ONLY:
                self._judge_unseen(batch, verdict)
            case nothing_but_values:
                by_identity = nothing_but_values is CreateClass.NATURAL_KEY
                self._judge_new(layout, batch, verdict, by_identity=by_identity)
        return verdict

    def _capabilities(self, batch: OpenBatch) -> Capabilities:
        return self.session.endpoints[batch.side].capabilities

    def _judge_change(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> None:
        """An update is done when the record is as the intent says, a delete when it is gone."""
        is_strong = self._capabilities(batch).conditional_write is ConditionalWrite.STRONG
        is_strong = is_strong and self.ledger.probed(self.session.identity_of(batch.side)) != IGNORED
        is_harmless = is_strong and not is_undo(verdict.rows)
        if not is_harmless and not self._wait_for(batch):
            # A write without a condition that arrives late could undo what is written next, and what an undo brings
            # back late would be taken for an edit.
            self._hold_all(verdict, range(verdict.rows.num_rows))
            return
        if self._capabilities(batch).can_read:
            verdict.done.update(was_written(self.session, layout, batch, verdict.rows))
        # Else it is planned and sent again: the same values under the same id, or the same delete, change nothing more.

    def _judge_client_id(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> None:
        mine = f"{batch.side.value}_id"
        ids = verdict.rows[mine].to_pylist()
        verdict.done.update(was_written(self.session, layout, batch, verdict.rows))
        there = set(look(self.session, layout, batch.side, [i for i in ids if i is not None])["rid"].to_pylist())
        missing = [row for row, record_id in enumerate(ids) if record_id is not None and record_id not in there]
        if missing and batch.request.deadline is not None:
            # The first request may still arrive. Sent again with its id, it changes nothing whichever comes first.
            for row, _ in self._send_again(layout, batch, verdict, missing):
                if row in was_written(self.session, layout, batch, verdict.rows):
                    verdict.done.add(row)

    def _judge_found(self, layout: Layout, batch: OpenBatch, verdict: Verdict, *, is_unique: bool) -> None:
        """By marker or external id."""
        if not is_unique and not self._wait_for(batch):
            self._hold_all(verdict, range(verdict.rows.num_rows))
            return
        missing = self._find(layout, batch, verdict, range(verdict.rows.num_rows))
        if missing and is_unique and batch.request.deadline is not None:
            there = [row for row, _ in self._send_again(layout, batch, verdict, missing)]
            self._find(layout, batch, verdict, there)

    def _find(self, layout: Layout, batch: OpenBatch, verdict: Verdict, wanted: Sequence[int]) -> list[int]:
        """Rows of which no record is there."""
        keys = self._keys(batch, wanted)
        structure = layout.of(batch.side).structure
        found = self.session.endpoints[batch.side].find_created(structure, keys) if keys else []
        missing: list[int] = []
        for row, ids in zip(wanted, found, strict=True):
            if len(ids) == 1:
                self._done(batch, verdict, row, ids[0])
            elif ids:
                verdict.held[row] = Hold(HoldReason.AMBIGUOUS, tuple(sorted(ids)))
            else:
                missing.append(row)
        return missing

    def _judge_idempotent(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> None:
        can = self._capabilities(batch)
        if can.key_lives_s is not None:
            # Opened in the future: the clock was set back, and nobody knows how old the key is.
            ends = batch.opened_at + timedelta(seconds=can.key_lives_s - can.max_in_flight_s)
            if not batch.opened_at <= self.clock.now() < ends:
                if can.can_read:
                    self._judge_new(layout, batch, verdict, by_identity=True)
                else:
                    self._judge_unseen(batch, verdict)
                return
        self._send_again(layout, batch, verdict, range(verdict.rows.num_rows))

    def _judge_new(self, layout: Layout, batch: OpenBatch, verdict: Verdict, *, by_identity: bool) -> None:
        """Among the records that were not there before."""
        every = range(verdict.rows.num_rows)
        if not self._wait_for(batch):
            self._hold_all(verdict, every)
            return
        unknown = self._unknown(layout, batch, verdict.rows)
        stated = measured_records(
            self.session.bench, layout, batch.side, as_if_read(layout, batch.side, verdict.rows)
        ).to_pylist()
        find = _same_identity if by_identity else _same_values
        among = [_suspects(batch, row, unknown) for row in every]
        same = [find(one, may_be) for one, may_be in zip(stated, among, strict=True)]
        taken = Counter(record_id for ids in same for record_id in ids)
        for row, said in enumerate(verdict.rows.to_pylist()):
            if len(same[row]) == 1 and taken[same[row][0]] == 1:
                self._done(batch, verdict, row, same[row][0])
                continue
            if by_identity:
                # Whoever has all its other values may be it, with what identifies it corrected since.
                may_be = same[row] or _same_rest(layout, batch.side, said, among[row])
            else:
                may_be = same[row] or [str(one["rid"]) for one in among[row]]
            if may_be:
                verdict.held[row] = Hold(HoldReason.AMBIGUOUS, tuple(sorted(may_be)))

    def _judge_unseen(self, batch: OpenBatch, verdict: Verdict) -> None:
        """Nobody can look: at most once, and a person sees it."""
        every = range(verdict.rows.num_rows)
        if self._wait_for(batch):
            verdict.held.update({row: Hold(HoldReason.AMBIGUOUS) for row in every})
        else:
            self._hold_all(verdict, every)

    def _unknown(self, layout: Layout, batch: OpenBatch, rows: pa.Table) -> list[dict[str, object]]:
        """Records of the side that were not there before and have no peer: rid, digest, match_key and texts."""
        side, key = batch.side, self.session.key(layout)
        known = self.ledger.known_ids(key, batch.run_id, side) or frozenset()
        with reading(self.session.read(layout, side, full_request(layout.of(side)))) as stream:
            listed = measured_records(self.session.bench, layout, side, stream)["rid"].to_pylist()
        fresh = [record_id for record_id in listed if record_id is not None and record_id not in known]
        taken = self._taken(layout, side, fresh, rows["record_id"].to_pylist())
        fresh = [record_id for record_id in fresh if record_id not in taken]
        if not fresh:
            return []
        request = replace(full_request(layout.of(side)), ids=fresh)
        with reading(self.session.read(layout, side, request)) as stream:
            measured = measured_records(self.session.bench, layout, side, stream).to_pylist()
        texts = {row["rid"]: row for row in look(self.session, layout, side, fresh).to_pylist()}
        return [texts.get(row["rid"], {}) | row for row in measured]

    def _taken(self, layout: Layout, side: Side, ids: Sequence[str], mine: Collection[int]) -> set[str]:
        """Those that are half of a pair, or that a person took out; not what stood in the sync records `mine` before,
        for a record that is created again may get the id again that it had."""
        a_ids, b_ids = (ids, []) if side is Side.A else ([], ids)
        peers = self.ledger.peers(self.session.key(layout), a_ids=a_ids, b_ids=b_ids)
        rows = pa.RecordBatchReader.from_stream(peers).read_all().to_pylist()
        own, other = f"{side.value}_id", f"{side.other.value}_id"
        out = (Status.SKIPPED, Status.DELETED)
        return {
            row[own]
            for row in rows
            if row["record_id"] not in mine and (row[other] is not None or row["status"] in out)
        }

    def _send_again(
        self, layout: Layout, batch: OpenBatch, verdict: Verdict, wanted: Sequence[int]
    ) -> list[tuple[int, str | None]]:
        """The same creates once more. Those that were answered are done; rows whose record is there already come back;
        those without an answer are held, and so are all where nothing may be written. To another system than the one
        that they were for nothing is sent."""
        if self.session.match_only is not None:
            self._hold_all(verdict, wanted)
            return []
        if is_other_system(self.session, self.ledger, batch):
            # Where nothing guards against that, or a person let it pass: its key is not known there, so it is planned
            # anew, when no request is under way any more.
            if not self._wait_for(batch):
                self._hold_all(verdict, wanted)
            return []
        self.session.check_lease()
        side = batch.side
        made = values_as_kept if is_undo(verdict.rows) else values_again
        values = made(self.session.bench, layout, side, batch.request.fields, verdict.rows).take(list(wanted))
        rows = verdict.rows.take(list(wanted))
        creates = batch.request.creates or CreateClass.CLIENT_ID
        with self.session.writer(layout, side) as writer:
            writer.stage(
                WriteBatch(
                    Operation.CREATE,
                    rows[f"{side.value}_id"].to_pylist(),
                    batch.request.fields,
                    values,
                    keys=() if creates is CreateClass.CLIENT_ID else self._keys(batch, wanted),
                )
            )
            (result,) = writer.commit()
        exists: list[tuple[int, str | None]] = []
        for row, status, record_id in zip(wanted, result.statuses, result.ids, strict=True):
            if status == WriteStatus.WRITTEN:
                self._done(batch, verdict, row, record_id)
            elif status == WriteStatus.EXISTS:
                exists.append((row, record_id))
            elif status in (WriteStatus.UNKNOWN, WriteStatus.CHANGED):
                verdict.held[row] = Hold(HoldReason.NO_ANSWER)
        return exists

    @staticmethod
    def _keys(batch: OpenBatch, wanted: Sequence[int]) -> list[str]:
        return record_keys(batch.request.key, [batch.places[row] if batch.places else row for row in wanted])

    @staticmethod
    def _done(batch: OpenBatch, verdict: Verdict, row: int, record_id: str | None) -> None:
        mine = f"{batch.side.value}_id"
        ids = verdict.rows[mine].to_pylist()
        ids[row] = record_id if record_id is not None else ids[row]
        place = verdict.rows.schema.get_field_index(mine)
        verdict.rows = verdict.rows.set_column(place, mine, pa.array(ids, pa.string()))
        verdict.done.add(row)

    @staticmethod
    def _hold_all(verdict: Verdict, rows: Sequence[int]) -> None:
        verdict.held.update({row: Hold(HoldReason.NO_ANSWER) for row in rows})

    def _wait_for(self, batch: OpenBatch) -> bool:
        """No request is under way any more; False where that would take too long."""
        deadline = batch.request.deadline
        if deadline is None or {hold.reason for hold in batch.holds} == {HoldReason.AMBIGUOUS}:
            return True  # for these it was waited before
        left_s = self._left_s(deadline, batch.request.deadline_boottime_s, lives_s(self._capabilities(batch)))
        if left_s > LONGEST_QUIESCE_S:
            return False
        wait_for(left_s, self.clock, self.sleep, self.cancel)
        return True

    def _left_s(self, deadline: datetime, deadline_boottime_s: float | None, longest: float) -> float:
        """How long a request may be under way yet.

        By the clock that nobody sets. Where that leaves more than requests live it began anew after the request was
        sent, which is at least as old as that clock then. What was sent before that and looks due is over, too. Only
        what an earlier version sent has no deadline on that clock and goes by the one that people set, which may have
        been set back.
        """
        if deadline_boottime_s is None:
            return min(max((deadline - self.clock.now()).total_seconds(), 0.0), longest)
        since_start_s = self.clock.boottime_s()
        left = deadline_boottime_s - since_start_s
        return max(left if left <= longest else longest - since_start_s, 0.0)


def _suspects(batch: OpenBatch, row: int, unknown: Sequence[dict[str, object]]) -> Sequence[dict[str, object]]:
    """Unknown records that the row may have become. What appeared after the deadline, when others were found already,
    cannot be it."""
    if not batch.holds or batch.holds[row].reason is not HoldReason.AMBIGUOUS:
        return unknown
    return [one for one in unknown if one["rid"] in batch.holds[row].candidates]


def _same_values(stated: dict[str, object], unknown: Sequence[dict[str, object]]) -> list[str]:
    """Ids of unknown records that hold just what the intent says."""
    return [str(one["rid"]) for one in unknown if one["digest"] == stated["digest"]]


def _same_identity(stated: dict[str, object], unknown: Sequence[dict[str, object]]) -> list[str]:
    """Ids of unknown records whose identifying values are those of the intent, in normal form."""
    key = stated["match_key"]
    return [str(one["rid"]) for one in unknown if key is not None and one["match_key"] == key]


def _same_rest(layout: Layout, side: Side, row: dict[str, object], unknown: Sequence[dict[str, object]]) -> list[str]:
    """Ids of unknown records of which all but the identifying values are those of the intent."""
    names = {f"{side.value}:{mapping.field_of(side)}" for mapping in layout.entity.identifying}
    labels = [label for label in row if label.startswith(f"{side.value}:") and label not in names]
    if not any(row[label] for label in labels):
        return []
    return [str(one["rid"]) for one in unknown if all((one.get(n) or "") == (row[n] or "") for n in labels)]
