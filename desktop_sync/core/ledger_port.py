"""What the ledger must offer: the only truth about peers, runs, intents and conflicts (RELIABILITY §4).

Every call that writes is one transaction, durable when it returns. Calls may come from any thread. Errors: LedgerError.
What it offers about records, with the shapes of the tables, stands in `ledger_records`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from desktop_sync.core.binding import Binding, MatchOnly
from desktop_sync.core.clock_doctor import ClockSample
from desktop_sync.core.configuration import Endpoint, Side, SyncConfiguration
from desktop_sync.core.history_retention import RetentionStore
from desktop_sync.core.ledger_records import DigestStore, HeldStore, Journal, OriginStore, RecordStore
from desktop_sync.core.ledger_values import (
    DoneBatch,
    FollowUp,
)
from desktop_sync.core.long_value import ValueStore
from desktop_sync.core.plan import Mode
from desktop_sync.core.plugin_pin import PluginPins
from desktop_sync.core.run import Run, RunKind, RunResult, Trigger
from desktop_sync.core.sync_record import HistoryRow


class ClockStore(Protocol):
    """How far the clocks of endpoints are off."""

    def clock_samples(self, endpoint: str) -> tuple[ClockSample, ...]:
        """The last measurements of the endpoint, oldest first."""

    def keep_clock_sample(self, endpoint: str, sample: ClockSample) -> None:
        """Kept as the newest; older ones than the last few are gone."""


class DefinitionStore(Protocol):
    """Endpoints and sync configurations."""

    def endpoints(self) -> tuple[Endpoint, ...]: ...
    def configurations(self) -> tuple[SyncConfiguration, ...]:
        """The current versions, by name."""

    def base_folder(self, endpoint: str) -> str:
        """The folder that relative paths of the endpoint start at (that of the imported file), or empty."""

    def systems(self, seen: Mapping[str, str] = ...) -> dict[str, str]:
        """For endpoints that are one system (one file, folder or database): the name of the one that was known first,
        as far as runs have seen it, and by `seen`: endpoint → identity."""

    def keep_systems(self, identities: Mapping[str, str]) -> None:
        """These endpoints, by name, are now the systems with these identities (`EndpointSession.identity`)."""

    def save_endpoint(self, endpoint: Endpoint, base_folder: str = "") -> None: ...
    def save_configuration(self, configuration: SyncConfiguration) -> SyncConfiguration:
        """Kept with a version one higher than the last of that name if anything differs; the kept one is returned.
        What is known of an entity goes with it to its new name. Raises AlreadyRunningError where that would be under a
        run."""

    def rename_configuration(self, name: str, new_name: str) -> None:
        """Peers, runs and history go along."""

    def delete_endpoint(self, name: str) -> None:
        """Gone; raises ConfigurationError while a configuration uses it."""

    def delete_configuration(self, name: str) -> None:
        """Gone with its peers and conflicts; its runs and history stay until they are purged."""

    def reset_peering(self, configuration: str, entity: str) -> None:
        """The entity's sync records are gone, with their conflicts, what is held and how far its sides were read."""


class RunStore(Protocol):
    """Runs, the run lock, and history."""

    def hold(self, configuration: str) -> AbstractContextManager[None]:
        """While inside, no other thread or process runs the configuration. Raises AlreadyRunningError at once."""

    def is_held(self, configuration: str) -> bool:
        """Whether anybody runs it now."""

    def open_run(self, configuration: SyncConfiguration, kind: RunKind, trigger: Trigger) -> int: ...
    def finish_run(self, run_id: int, result: RunResult) -> None: ...
    def written_by(self, run_id: int) -> frozenset[tuple[Side, str]]:
        """The structures that the run wrote to, and those that it, or a run of the configuration before it that was
        cut off, may have written to: of done and of open intents."""

    def runs(
        self,
        configuration: str = "",
        limit: int = 200,
        offset: int = 0,
        *,
        kinds: Collection[RunKind] = (),
        without: Collection[Trigger] = (),
    ) -> list[Run]:
        """Newest first, of these kinds (all where none is named) and without those that these triggers started."""

    def run_marks(self) -> tuple[int, tuple[int, ...]]:
        """The number of the newest run, 0 before the first, and those of the runs that go on. Cheap; equal marks mean
        that no run began or ended in between."""

    def run(self, run_id: int) -> Run | None: ...
    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]:
        """The actions of a run, in the order they were carried out."""

    def record_history(self, record_id: int, limit: int = 200) -> list[HistoryRow]:
        """All actions on one sync record, newest first."""

    def run_batches(self, run_id: int) -> Iterator[DoneBatch]:
        """What the run did, oldest first, a batch at a time. Read to its end or let go; it holds nothing in between."""

    def batches_before(self, batch_id: int, record_ids: Sequence[int]) -> Iterator[DoneBatch]:
        """The last thing that was done to each of the records before that batch; a record that nothing was done to is
        in none of them."""


class FollowUpStore(Protocol):
    """Configurations that are to run because another one wrote to a structure that they share (SPEC §7)."""

    def mark_follow_up(self, configurations: Sequence[str], because: str) -> None:
        """They are to follow what was written until now: a run of theirs that looked before is not enough."""

    def clear_follow_up(self, configuration: str, until: datetime) -> None:
        """What was due until then is done."""

    def follow_ups(self) -> dict[str, FollowUp]:
        """By the name of the configuration that is to run."""


class ProbeStore(Protocol):
    """What was found out about endpoints by trying it, by name."""

    def probed(self, name: str) -> str:
        """Empty where it was not tried yet."""

    def probed_at(self, name: str) -> datetime | None:
        """When it was tried last; None where that is not known."""

    def keep_probed(self, name: str, found: str) -> None:
        """Kept, as found now."""


class PlanShelf(Protocol):
    """Plans that wait: between prepare and process, and for a guard's decision. One per configuration."""

    def put(self, configuration: str, plan_id: str, mode: Mode) -> str:
        """A fresh, empty, owner-only folder for the plan's files; an older plan of the configuration is gone."""

    def folder(self, configuration: str) -> tuple[str, str] | None:
        """(plan id, folder) of the waiting plan."""

    def drop(self, configuration: str) -> None: ...


class BindingStore(Protocol):
    """Whose the configurations are (RELIABILITY 4.9)."""

    def place(self) -> tuple[str, str]:
        """Who runs here, for people, and a text that tells this home folder on this machine from all others."""

    def holder(self, configuration: str) -> str:
        """Who runs the configuration now on this machine, for people; empty when nobody does."""

    def fence(self, run_id: int) -> int:
        """The run's fence number: greater than those of all runs before it, of any configuration."""

    def last_fence(self) -> int:
        """The greatest fence number of any run, 0 before the first."""

    def raise_fence(self, run_id: int, above: int) -> int:
        """The run's new fence number, greater than `above` and than all others."""

    def binding(self, configuration: str) -> Binding: ...
    def bind(self, configuration: str, epoch: int) -> None:
        """The ledger knows of that hand-over."""

    def begin_match_only(self, configuration: str, why: MatchOnly) -> None:
        """Until a person confirms, the configuration only matches; a waiting plan is gone."""

    def note_matched(self, configuration: str, run_id: int) -> None:
        """The run only matched, and a person can look at what it found."""

    def end_match_only(self, configuration: str) -> None:
        """The ordinary mode is back. The next prepare reads completely; a waiting plan is gone."""


class Ledger(
    DefinitionStore,
    RunStore,
    RecordStore,
    DigestStore,
    Journal,
    OriginStore,
    FollowUpStore,
    HeldStore,
    ProbeStore,
    PlanShelf,
    BindingStore,
    ClockStore,
    ValueStore,
    RetentionStore,
    PluginPins,
    Protocol,
):
    """All of it. One object serves all threads."""

    def check(self) -> list[str]:
        """Sentences about damage found; empty when the store is sound."""

    def close(self) -> None: ...
