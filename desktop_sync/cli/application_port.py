"""What commands ask of the application: the services they call, as protocols, so that fakes can stand in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.explanation import Explanation
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import Mode, Plan, PlanRow, Range
from desktop_sync.core.ports import CancelToken, Clock, Progress, Secrets
from desktop_sync.core.run import Run, RunResult, Trigger
from desktop_sync.core.status import Event
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.core.undo import UndoRow, UndoTarget
from desktop_sync.services.views import (
    BindingReport,
    ConfigurationState,
    Finding,
    ImportReport,
    ReportFiles,
    VerificationReport,
)


class Configurations(Protocol):
    def get(self, name: str) -> SyncConfiguration: ...
    def check_live(self, configuration: SyncConfiguration) -> tuple[Finding, ...]: ...
    def enable_step(self, name: str, step: str, enabled: bool) -> SyncConfiguration: ...
    def states(self) -> tuple[ConfigurationState, ...]: ...


class PlanView(Protocol):
    """A plan that can be looked at. Close it."""

    @property
    def plan(self) -> Plan: ...
    @property
    def match_only(self) -> MatchOnly | None: ...
    def rows(
        self,
        *,
        entity: str = "",
        actions: tuple[Action, ...] = (),
        text: str = "",
        sort: str = "number",
        descending: bool = False,
        offset: int = 0,
        limit: int = 200,
    ) -> list[PlanRow]: ...
    def close(self) -> None: ...


class Synchronization(Protocol):
    def preview(
        self, name: str, *, mode: Mode = ..., range: Range = ..., progress: Progress = ..., cancel: CancelToken = ...
    ) -> PlanView: ...
    def run(
        self,
        name: str,
        *,
        trigger: Trigger = ...,
        mode: Mode | None = ...,
        range: Range = ...,
        allow: frozenset[Guard] = ...,
        progress: Progress = ...,
        cancel: CancelToken = ...,
    ) -> RunResult: ...
    def prepare(
        self,
        name: str,
        *,
        trigger: Trigger = ...,
        mode: Mode | None = ...,
        range: Range = ...,
        progress: Progress = ...,
        cancel: CancelToken = ...,
    ) -> RunResult: ...
    def process(
        self,
        name: str,
        *,
        trigger: Trigger = ...,
        allow: frozenset[Guard] = ...,
        progress: Progress = ...,
        cancel: CancelToken = ...,
    ) -> RunResult: ...
    def run_records(
        self,
        name: str,
        record_ids: Sequence[int],
        *,
        trigger: Trigger = ...,
        allow: frozenset[Guard] = ...,
        progress: Progress = ...,
        cancel: CancelToken = ...,
    ) -> RunResult: ...


class Bindings(Protocol):
    def look(self, name: str) -> BindingReport: ...
    def take_over(self, name: str) -> BindingReport: ...
    def confirm_match(self, name: str) -> None: ...


class Groups(Protocol):
    def run(
        self,
        name: str,
        *,
        trigger: Trigger = ...,
        allow: frozenset[Guard] = ...,
        progress: Progress = ...,
        cancel: CancelToken = ...,
    ) -> GroupResult: ...


class Records(Protocol):
    def records(self, query: RecordQuery) -> list[SyncRecord]: ...
    def count(self, query: RecordQuery) -> int: ...
    def conflicts(
        self, configuration: str, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]: ...
    def held(self, configuration: str, entity: str = "") -> list[HeldCase]: ...
    def resolve(self, conflict_id: int, winner: Side) -> None: ...
    def link(self, configuration: str, entity: str, a_id: str, b_id: str) -> None: ...
    def unlink(self, record_id: int) -> None: ...
    def set_status(self, record_ids: Sequence[int], event: Event) -> int: ...
    def runs(self, configuration: str = "", limit: int = 200, offset: int = 0) -> list[Run]: ...
    def run(self, run_id: int) -> Run | None: ...
    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]: ...
    def find(self, configuration: str, record: str, entity: str = "") -> SyncRecord: ...


class UndoView(Protocol):
    """What an undo would do. Close it."""

    @property
    def target(self) -> UndoTarget: ...
    def rows(self, *, listed: bool | None = None, offset: int = 0, limit: int = 200) -> list[UndoRow]: ...
    def count(self, *, listed: bool | None = None) -> int: ...
    def counts(self) -> dict[str, dict[Action, int]]: ...
    def findings(self) -> tuple[GuardFinding, ...]: ...
    def notes(self) -> tuple[str, ...]: ...
    def close(self) -> None: ...


class Undo(Protocol):
    def preview(self, run_id: int, *, progress: Progress = ..., cancel: CancelToken = ...) -> UndoView: ...
    def preview_bring_back(
        self, conflict_id: int, *, progress: Progress = ..., cancel: CancelToken = ...
    ) -> UndoView: ...
    def undo(
        self, run_id: int, *, trigger: Trigger = ..., progress: Progress = ..., cancel: CancelToken = ...
    ) -> RunResult: ...
    def bring_back(
        self, conflict_id: int, *, trigger: Trigger = ..., progress: Progress = ..., cancel: CancelToken = ...
    ) -> RunResult: ...


class Explanations(Protocol):
    def explain(
        self, name: str, record: str, entity: str = "", *, progress: Progress = ..., cancel: CancelToken = ...
    ) -> Explanation: ...


class Verification(Protocol):
    def verify(
        self, name: str, *, files: ReportFiles | None = ..., progress: Progress = ..., cancel: CancelToken = ...
    ) -> VerificationReport: ...


class DefinitionFiles(Protocol):
    def import_file(self, path: Path) -> ImportReport: ...
    def export(self, names: Sequence[str] = ()) -> str: ...


class Sample(Protocol):
    def create(self, *, reset: bool = False) -> str: ...


class Application(Protocol):
    """The services that commands use. Close it."""

    @property
    def clock(self) -> Clock: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def configurations(self) -> Configurations: ...
    @property
    def synchronization(self) -> Synchronization: ...
    @property
    def bindings(self) -> Bindings: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def records(self) -> Records: ...
    @property
    def undo(self) -> Undo: ...
    @property
    def explanation(self) -> Explanations: ...
    @property
    def verification(self) -> Verification: ...
    @property
    def definitions(self) -> DefinitionFiles: ...
    @property
    def sample(self) -> Sample: ...
    def close(self) -> None: ...


class BuildApplication(Protocol):
    """Makes the application. `home` is the folder given by the person, None for the platform's own."""

    def __call__(self, home: Path | None) -> Application: ...
