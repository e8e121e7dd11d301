"""The JSON of results, in the shapes of SPEC §11."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from desktop_sync.cli.output import Json
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.plan import FieldChange, Plan
from desktop_sync.core.run import EntityResult, Outcome, Run, RunResult
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.services.views import VerificationReport

# A mark is an update of the side that it is set on: it sets one field there.
ACTION_KEYS: Mapping[str, tuple[Action, ...]] = {
    "create_a": (Action.CREATE_A,),
    "create_b": (Action.CREATE_B,),
    "update_a": (Action.UPDATE_A, Action.MARK_A),
    "update_b": (Action.UPDATE_B, Action.MARK_B),
    "delete_a": (Action.DELETE_A,),
    "delete_b": (Action.DELETE_B,),
    "link": (Action.LINK,),
    "adopt": (Action.ADOPT,),
    "conflict": (Action.CONFLICT,),
    "review": (Action.REVIEW,),
}


def action_counts(actions: Mapping[Action, int]) -> dict[str, int]:
    """The counts by the names of the JSON."""
    return {key: sum(actions.get(action, 0) for action in members) for key, members in ACTION_KEYS.items()}


def run_document(result: RunResult, configuration: SyncConfiguration) -> dict[str, Json]:
    """`run --json`. With an error its sentence stands under `error` besides, notes under `notes`, and the plan's digest
    under `plan`."""
    document: dict[str, Json] = {
        "run": result.run_id,
        "configuration": result.configuration,
        "outcome": result.outcome.value,
        "guard": guard_document(result.findings if result.outcome is Outcome.GUARD else (), configuration),
        "entities": [entity_document(entity) for entity in result.entities],
    }
    if result.plan_digest:
        document["plan"] = result.plan_digest
    if result.error:
        document["error"] = result.error
    if result.notes:
        document["notes"] = list(result.notes)
    return document


def entity_document(entity: EntityResult) -> dict[str, Json]:
    return {
        "name": entity.entity,
        "read": {"a": entity.read_a, "b": entity.read_b},
        "actions": action_counts(entity.actions),
        "failed": entity.failed,
        "records_per_s": round(entity.records_per_s, 1),
        "notes": list(entity.notes),
    }


def guard_document(findings: Sequence[GuardFinding], configuration: SyncConfiguration) -> Json:
    """None, or the first guard that tripped with its numbers, and all of them under `findings`."""
    if not findings:
        return None
    all_of_them = [
        {
            "name": finding.guard.value,
            "entity": finding.entity,
            "side": finding.side.value,
            "endpoint": configuration.endpoint_of(finding.side),
            "count": finding.count,
            "total": finding.total,
            "limit": finding.limit,
        }
        for finding in findings
    ]
    return {**all_of_them[0], "findings": all_of_them}


def preview_result(plan: Plan, findings: tuple[GuardFinding, ...], seconds: float) -> RunResult:
    """What a preview has in common with a run: no run id, and the outcome that a run of the plan could have at best.

    `findings` are those that are not allowed. `seconds`: all that the preview took; it is every entity's time.
    """
    waiting = plan.count(Action.CONFLICT, Action.REVIEW, Action.INVALID)
    outcome = Outcome.GUARD if findings else Outcome.PROBLEMS if waiting else Outcome.DONE
    entities = tuple(
        EntityResult(each.entity, each.read_a, each.read_b, each.counts, seconds=seconds, notes=each.notes)
        for each in plan.entities
    )
    return RunResult(None, plan.configuration, outcome, entities, findings, plan.id, plan_digest=plan.digest)


def verification_document(report: VerificationReport) -> dict[str, Json]:
    """`verify --json`. The digest on top is over the entities' digests, in order."""
    together = hashlib.sha256()
    for entity in report.entities:
        together.update(f"{len(entity.entity)}:{entity.entity}={entity.digest};".encode())
    return {
        "configuration": report.configuration,
        "entities": [
            {
                "name": entity.entity,
                "in_sync": entity.in_sync,
                "different": entity.different,
                "missing_a": entity.missing_a,
                "missing_b": entity.missing_b,
                "unverified": entity.unverified,
                "digest": entity.digest,
            }
            for entity in report.entities
        ],
        "digest": together.hexdigest(),
    }


def record_document(record: SyncRecord, held: HeldCase | None = None) -> dict[str, Json]:
    """`held` only where it is: a record whose write got no answer."""
    document: dict[str, Json] = {
        "id": record.id,
        "a_id": record.a_id,
        "b_id": record.b_id,
        "status": record.status.label,
        "attempts": record.attempts,
        "last_error": record.last_error,
    }
    return document if held is None else document | {"held": _held_document(held)}


def _held_document(held: HeldCase) -> dict[str, Json]:
    return {
        "since": held.since.isoformat(),
        "age_s": int(held.age.total_seconds()),
        "operation": held.operation.name.lower(),
        "endpoint": held.endpoint,
        "run": held.run_id,
        "reason": held.reason.name.lower(),
        "why": held.why,
        "may_be": [{"a_id": a_id, "b_id": b_id} for a_id, b_id in held.may_be],
        "actions": [action.value for action in held.actions],
        "advice": held.advice,
    }


def conflict_document(conflict: Conflict) -> dict[str, Json]:
    return {
        "id": conflict.id,
        "record": conflict.record_id,
        "run": conflict.run_id,
        "entity": conflict.entity,
        "a_id": conflict.a_id,
        "b_id": conflict.b_id,
        "rule": rule_key(conflict.rule.name),
        "winner": side_key(conflict.winner),
        "a_changed_at": moment(conflict.a_changed_at),
        "b_changed_at": moment(conflict.b_changed_at),
        "found_at": moment(conflict.found_at),
        "settled_at": moment(conflict.settled_at),
        "fields": [field_document(field) for field in conflict.fields],
    }


def run_head_document(run: Run, configuration: SyncConfiguration | None) -> dict[str, Json]:
    """A run in the history. `configuration` is None when it is gone: its endpoints' names are then unknown."""
    result = run.result
    known = configuration or SyncConfiguration(run.configuration, "", "", ())
    return {
        "run": run.id,
        "configuration": run.configuration,
        "kind": run.kind.value,
        "trigger": run.trigger.value,
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at),
        "outcome": run.outcome.value,
        "guard": guard_document(result.findings, known) if result and run.outcome is Outcome.GUARD else None,
        "entities": [entity_document(entity) for entity in result.entities] if result else [],
        "error": result.error if result else "",
        "undoes": result.undoes if result else None,
    }


def history_document(row: HistoryRow) -> dict[str, Json]:
    return {
        "entity": row.entity,
        "record": row.record_id,
        "action": row.action.key,
        "rule": rule_key(row.rule.name),
        "a_id": row.a_id,
        "b_id": row.b_id,
        "result": row.result,
        "fields": [
            {"label": field.label, "before": field.before, "after": field.after, "differs": field.differs}
            for field in row.fields
        ],
    }


def field_document(field: FieldChange) -> dict[str, Json]:
    document: dict[str, Json] = {
        "label": field.label,
        "a": field.a,
        "b": field.b,
        "base": field.base,
        "differs": field.differs,
    }
    verdict = field.verdict
    if verdict is not None:
        times = {"a_changed_at": moment(verdict.a_changed_at), "b_changed_at": moment(verdict.b_changed_at)}
        document |= {"winner": verdict.winner.value, "rule": rule_key(verdict.rule.name), **times}
    return document


def rule_key(name: str) -> str:
    return name.lower().replace("_", "-")


def side_key(side: Side | None) -> str | None:
    return None if side is None else side.value


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()
