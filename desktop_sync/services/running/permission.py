"""Whether a guard may be let pass: only for what a person was shown (SPEC §8, RELIABILITY 4.6)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.error_text import guard_sentence
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.run import RunResult
from desktop_sync.engine.plan_store import count_unseen, kept_findings
from desktop_sync.services.preparation.preview import Preview


def was_shown(preview: Preview, finding: GuardFinding, shown: Path | None) -> bool:
    """Whether the plan does nothing of what the guard is about that the plan kept in the folder `shown` did not do.

    A guard that counts one kind of write is about these; the others are about all writes of the entity.
    """
    if shown is None:
        return False
    key = finding.guard.written
    actions = [
        action
        for action in Action
        if action.target is not None
        and (not key or (action.target is finding.side and action.key == f"{key}_{finding.side.value}"))
    ]
    for one in preview.prepared:
        if one.layout.entity.name == finding.entity and one.given is not None:
            try:
                return count_unseen(preview.session.bench, one.layout, shown, actions) == 0
            except VersionMismatchError:
                return False
    return True  # nothing of the entity is written


def shown_guards(allow: frozenset[Guard], preview: Preview | None, shown: Path | None) -> frozenset[Guard]:
    """Those of the guards in `allow` that a person saw: in the preview that is carried out, or in the plan that is kept
    in the folder `shown`."""
    if not allow:
        return allow
    findings = preview.findings() if preview is not None else kept_findings(shown) if shown is not None else ()
    return allow & {finding.guard for finding in findings}


def let_pass(result: RunResult, preview: Preview) -> RunResult:
    """The result of a run that was carried out although guards had tripped says so, with their numbers."""
    names = {side: preview.session.configuration.endpoint_of(side) for side in Side}
    said = [f"A guard was let pass for this plan: {guard_sentence(finding, names)}" for finding in preview.findings()]
    return replace(result, notes=(*result.notes, *said))
