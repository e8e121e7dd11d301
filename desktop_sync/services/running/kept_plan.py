"""A plan that waits: loaded as long as it fits, and made to fit what came since it was made (SPEC §8, §9)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.run import RunKind
from desktop_sync.engine.overtaken import DECIDED, drop_overtaken
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.plan_store import load_plan
from desktop_sync.engine.recheck import hold_back_creates, planned_creates
from desktop_sync.services.preparation.care import identities, states_of
from desktop_sync.services.preparation.planning import Planning
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.preview import Preview
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request


def waiting_plan(planning: Planning, name: str) -> Preview | None:
    """The plan that a guard stopped, or that a prepare made, if it still fits the configuration and the ledger."""
    configuration = planning.configuration(name)
    kept = planning.ledger.folder(name)
    if kept is None:
        return None
    session = planning.session(configuration)
    try:
        plan, given, basis = load_plan(session.bench, session.layouts, Path(kept[1]))
        if plan.configuration_version != configuration.version or basis != planning.basis(name):
            raise VersionMismatchError("the kept plan", basis, planning.basis(name))
        binding = planning.ledger.binding(name)
        session.match_only = binding.match_only
        if binding.match_only is not None and (binding.since is None or plan.created_at < binding.since):
            raise VersionMismatchError("the kept plan", "the ordinary mode", "match-only mode")
    except (VersionMismatchError, FileNotFoundError):
        session.close()
        return None
    except BaseException:
        session.close()
        raise
    by_name = {entity.entity: entity for entity in plan.entities}
    prepared = [
        Prepared(
            layout,
            by_name[layout.entity.name],
            given.get(layout.entity.name),
            _marks(planning.ledger, session, given.get(layout.entity.name)),
            (),
        )
        for layout in session.layouts
    ]
    return Preview(plan, session, prepared, basis, is_kept=True)


def _marks(ledger: Ledger, session: SyncSession, given: PlanInput | None) -> dict[Side, Watermark]:
    """How far a kept plan read."""
    if given is None:
        return {}
    key = session.key(given.layout)
    states = states_of(session, given.layout, identities(session))
    return {side: states[side].mark(ledger.watermark(key, side), given.read_of(side)) for side in Side}


def refuse_stale(planning: Planning, preview: Preview) -> None:
    """Raises VersionMismatchError where a run or an edit came since the plan was made."""
    name = preview.plan.configuration
    if preview.basis != planning.basis(name):
        raise VersionMismatchError("the plan", state_text(preview.basis), state_text(planning.basis(name)))
    version = planning.configuration(name).version
    if preview.plan.configuration_version != version:
        made_for = f"version {preview.plan.configuration_version} of the configuration"
        raise VersionMismatchError("the plan", made_for, f"version {version}")


def drop_decided(ledger: Ledger, preview: Preview) -> None:
    """What a person decided about single records since the plan was made holds."""
    newest = ledger.runs(preview.plan.configuration, limit=1)
    is_queued = preview.is_kept and bool(newest) and newest[0].kind is RunKind.PREPARE
    for one in preview.prepared:
        if one.given is not None:
            decided = ledger.peers(preview.session.key(one.layout), statuses=DECIDED)
            drop_overtaken(preview.session.bench, one.layout, decided, is_queued=is_queued)


def hold_back_added(preview: Preview, cancel: CancelToken) -> None:
    """Records that somebody added on the other side since the plan was made are not created a second time; the
    next prepare links them."""
    session = preview.session
    kept = []
    for one in preview.prepared:
        held_back = 0
        for side in Side:
            if one.given is None or not planned_creates(session.bench, one.layout, side):
                continue
            cancel.check()
            with reading(session.read(one.layout, side, full_request(one.layout.of(side)))) as stream:
                held_back += hold_back_creates(session.bench, one.given, side, stream)
        # What was held back must be read again: the watermark stays where it was.
        kept.append(replace(one, watermarks={}) if held_back else one)
    preview.prepared = tuple(kept)


def state_text(basis: str) -> str:
    """A basis in words."""
    return f"the state after run {basis}" if basis else "the state before any run"
