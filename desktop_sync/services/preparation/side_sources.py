"""Where the records of each side come from in a prepare: a read of what was modified, or a complete one (SPEC §5)."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_sync.core.care import definition_of
from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import CursorLostError, SchemaDriftError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.plan import Mode
from desktop_sync.engine.layout import Layout
from desktop_sync.services.session.seen_before import MOST_RECORDS
from desktop_sync.services.session.side_stream import SideStream
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.session.watermarks import Scope, stamped_request


@dataclass(frozen=True, slots=True)
class SideSource:
    """`stream` is None for a complete read, which is opened when its turn comes."""

    stream: SideStream | None
    is_complete: bool
    is_empty: bool
    """Nothing came, or nothing but what the last run saw."""


def whole_source() -> SideSource:
    """A complete read, to be opened when its turn comes."""
    return SideSource(None, True, False)


def open_sources(session: SyncSession, ledger: Ledger, scope: Scope) -> dict[int, dict[Side, SideSource]]:
    """What is to be read of every side of every entity that takes part."""
    found = {}
    for layout in session.layouts:
        if not scope.takes(layout.entity.name):
            continue
        try:
            found[layout.number] = {side: _open_stream(session, ledger, layout, side, scope) for side in Side}
        except SchemaDriftError as error:
            session.stop_entity(layout, error)
    return found


def _open_stream(session: SyncSession, ledger: Ledger, layout: Layout, side: Side, scope: Scope) -> SideSource:
    own = layout.of(side)
    request = full_request(own)
    before = session.mark_before(ledger, layout, side)
    # What was synchronized otherwise before must be looked at as a whole, also where nothing of it was modified.
    is_edited = before.definition not in ("", definition_of(session.configuration, layout.entity))
    can = session.endpoints[side].capabilities.reads_modified_since and own.stamp is not None
    if can and own.stamp is not None and not (is_edited and scope.mode is Mode.INCREMENTAL):
        request = stamped_request(request, own.stamp.name, before, scope)
    is_complete = not request.modified_field
    if is_complete:
        return SideSource(None, True, False)
    try:
        stream = session.read(layout, side, request)
        is_seen = scope.mode is Mode.INCREMENTAL and _is_seen(session, layout, side, stream)
        return SideSource(stream, False, stream.is_empty() or is_seen)
    except CursorLostError:
        return SideSource(None, True, False)  # everything is compared instead, under the guards (RELIABILITY C13)


def _is_seen(session: SyncSession, layout: Layout, side: Side, stream: SideStream) -> bool:
    """Whether just this was read by the last run, which had nothing left to do."""
    content = stream.content(MOST_RECORDS)
    if content is None:
        return False
    session.contents[layout.entity.name, side] = content
    return session.seen.get((layout.entity.name, side)) == content
