"""Verify a configuration: read both sides and prove that they agree (SPEC §9). Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import UNWATCHED, CancelToken, Clock, Phase, Progress
from desktop_sync.engine.agreement import agreement, make_pairs
from desktop_sync.engine.differences import differences_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.references import load_pairs
from desktop_sync.engine.sides import load_peers, load_side
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, full_request, open_session
from desktop_sync.services.verify.verification_report import VerificationReportWriter, writing
from desktop_sync.services.views import EntityVerification, ReportFiles, VerificationReport


class VerificationService:
    """Blocks; any thread; may be repeated."""

    def __init__(self, ledger: Ledger, open_endpoint: OpenEndpoint, work_folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._work_folder = work_folder

    def verify(
        self,
        name: str,
        *,
        files: ReportFiles | None = None,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> VerificationReport:
        """The report of all entities; with `files` also written there, with every record that differs or is missing.

        Raises errors of endpoints and configuration, CancelledError, and OSError for the files; then they are as they
        were.
        """
        token = cancel or CancelToken()
        for configuration in self._ledger.configurations():
            if configuration.name == name:
                break
        else:
            raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_session(
            configuration,
            self._open_endpoint,
            self._ledger,
            str(self._work_folder),
            values=self._ledger,
            pins=self._ledger,
        ) as session:
            for layout in session.layouts:
                if session.is_lookup(layout):
                    load_pairs(session.bench, layout, self._ledger.peers(session.key(layout)))
            with writing(files or ReportFiles(), configuration, self._clock.now()) as writer:
                entities = tuple(
                    self._verify(session, layout, progress, token, writer if files else None)
                    for layout in session.layouts
                )
        progress.phase("", Phase.FINISHED)
        return VerificationReport(name, entities)

    def _verify(
        self,
        session: SyncSession,
        layout: Layout,
        progress: Progress,
        cancel: CancelToken,
        writer: VerificationReportWriter | None,
    ) -> EntityVerification:
        bench = session.bench
        progress.phase(layout.entity.name, Phase.VERIFYING)
        if not all(session.can_read(side) for side in Side):
            peers = self._ledger.count_peers(session.key(layout))
            unseen = EntityVerification(layout.entity.name, 0, 0, 0, 0, peers, "")
            if writer is not None:
                writer.entity(unseen, layout.entity, ())
            return unseen
        load_peers(bench, layout, self._ledger.peers(session.key(layout)))
        make_pairs(bench, layout)
        reads = {}
        for side in Side:
            cancel.check()
            with reading(session.read(layout, side, full_request(layout.of(side)))) as stream:
                reads[side] = load_side(bench, layout, side, stream, is_complete=True, keeps_all=True)
            progress.advance(reads[side].count)
        given = PlanInput(layout, reads[Side.A], reads[Side.B], session.lookups(layout), {})
        found = agreement(bench, given)
        nameless = reads[Side.A].nameless + reads[Side.B].nameless
        verified = EntityVerification(
            layout.entity.name,
            found.in_sync,
            found.different,
            found.missing_a,
            found.missing_b,
            found.unverified + nameless,
            found.digest,
        )
        if writer is not None:
            with bench.stream(differences_sql(given)) as batches:
                writer.entity(verified, layout.entity, _watched(batches, cancel))
        return verified


def _watched(batches: Iterable[pa.RecordBatch], cancel: CancelToken) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        cancel.check()
        yield batch
