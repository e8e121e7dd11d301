"""Sync groups: which there are, who is to follow whom, and running one until nothing changes (SPEC §7)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import (
    AlreadyRunningError,
    BoundElsewhereError,
    ConfigurationError,
    EndpointError,
    LeaseLostError,
    SecretUnavailableError,
    StepError,
)
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_port import DefinitionStore, FollowUpStore
from desktop_sync.core.ledger_values import FollowUp
from desktop_sync.core.ports import UNWATCHED, CancelToken, Progress
from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.core.sync_group import (
    GroupResult,
    StructureName,
    SyncGroup,
    group_with,
    on_systems,
    siblings_of,
    sync_groups,
)

_CARRIED_OUT = (Outcome.DONE, Outcome.PROBLEMS)

_OF_ONE_MEMBER = (
    EndpointError,
    SecretUnavailableError,
    AlreadyRunningError,
    BoundElsewhereError,
    LeaseLostError,
    StepError,
)
"""Errors that say nothing of what the other members of a group can reach."""


class GroupStore(DefinitionStore, FollowUpStore, Protocol):
    """The part of the ledger that groups need."""


class RunOne(Protocol):
    """Runs a configuration; see `SynchronizationService.run`."""

    def __call__(
        self, name: str, *, trigger: Trigger, allow: frozenset[Guard], progress: Progress, cancel: CancelToken
    ) -> RunResult: ...


Written = Collection[tuple[Side, str]]
"""Structures of a configuration that may have been written to."""


def note_run(
    store: GroupStore, configuration: SyncConfiguration, result: RunResult, written: Written, looked_at: datetime | None
) -> None:
    """After a run, however it ended: what it was to follow is done, and the siblings of what it may have written to are
    to follow it.

    `looked_at`: when the run's plan was made over all records; None where it was not over all.
    """
    if looked_at is not None and result.outcome in _CARRIED_OUT:
        store.clear_follow_up(configuration.name, looked_at)
    systems = store.systems() if written else {}
    (mine,) = on_systems([configuration], systems)
    names = [StructureName(mine.endpoint_of(side), structure) for side, structure in written]
    siblings = siblings_of(mine.name, on_systems(store.configurations(), systems), names) if names else ()
    if siblings:
        store.mark_follow_up(siblings, configuration.name)


class GroupService:
    """Every method blocks. Any thread."""

    def __init__(self, store: GroupStore, run_one: Callable[[], RunOne]) -> None:
        self._store = store
        self._run_one = run_one

    def list(self) -> tuple[SyncGroup, ...]:
        """The groups, in the order of their first members."""
        return sync_groups(self._configurations())

    def with_member(self, name: str) -> SyncGroup | None:
        """The group that the configuration belongs to; None where it shares no structure."""
        return group_with(name, self._configurations())

    def _configurations(self) -> tuple[SyncConfiguration, ...]:
        return on_systems(self._store.configurations(), self._store.systems())

    def follow_ups(self) -> dict[str, FollowUp]:
        """Configurations that are to run because a sibling wrote to a shared structure."""
        return self._store.follow_ups()

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> GroupResult:
        """The members run, and again those that are to follow, until nobody is: at most one pass more than members.

        `name` is that of any member. Members that are switched off are left out. A member that a guard stopped, or that
        was cancelled, ends it. One that cannot run now, because an endpoint of its own cannot be used or it is running
        already, has failed, and does not keep the others from running. Raises ConfigurationError where there is no
        group, and the other errors of a run.
        """
        configurations = self._configurations()
        if all(configuration.name != name for configuration in configurations):
            raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")
        group = group_with(name, configurations)
        if group is None:
            raise ConfigurationError(f'"{name}" shares no structure with another configuration', path="group")
        enabled = {configuration.name for configuration in configurations if configuration.enabled}
        skipped = tuple(member for member in group.members if member not in enabled)
        token, run_one = cancel or CancelToken(), self._run_one()
        results: list[RunResult] = []
        able = set(enabled)
        due, passes = [member for member in group.members if member in enabled], 0
        while due and passes < group.most_passes:
            passes += 1
            for member in due:
                try:
                    result = run_one(member, trigger=trigger, allow=allow, progress=progress, cancel=token)
                except _OF_ONE_MEMBER as error:
                    result = RunResult(None, member, Outcome.FAILED, error=sentence(error))
                results.append(result)
                if result.outcome is Outcome.FAILED:
                    able.discard(member)
                if result.outcome not in (*_CARRIED_OUT, Outcome.FAILED):
                    return GroupResult(group, tuple(results), passes, self._due(group, enabled), skipped)
            due = list(self._due(group, able))
        return GroupResult(group, tuple(results), passes, self._due(group, enabled), skipped)

    def _due(self, group: SyncGroup, enabled: set[str]) -> tuple[str, ...]:
        waiting = self._store.follow_ups()
        return tuple(member for member in group.members if member in waiting and member in enabled)
