"""What the page of a configuration shows, read in one job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.run import Outcome, Run
from desktop_sync.core.status import Status
from desktop_sync.core.text_order import text_key
from desktop_sync.core.unattended import Outlook
from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.text.words import SideNames

SHOWN_RUNS = 30


@dataclass(frozen=True, slots=True)
class PageContent:
    """`runs` are the newest ones, newest first; `now` is when this was read. `match_only`: why it only matches.

    `group` are the members of its sync group, `group_new` those that are switched on and never ran; `follows`: whose
    writes it is still to follow; `others` are the names of all other configurations.
    """

    configuration: SyncConfiguration
    counts: Mapping[Status, int]
    runs: tuple[Run, ...]
    outlook: Outlook
    open_conflicts: int
    now: datetime
    match_only: MatchOnly | None = None
    can_confirm: bool = False
    follows: str = ""
    group: tuple[str, ...] = ()
    group_new: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def next_run_at(self) -> datetime | None:
        return self.outlook.at

    @property
    def names(self) -> SideNames:
        return SideNames(self.configuration.a, self.configuration.b)

    @property
    def must_preview(self) -> bool:
        """Whether the next run is shown before it writes: nothing ran yet, or the configuration was edited since."""
        ended = [run for run in self.runs if run.outcome in (Outcome.DONE, Outcome.PROBLEMS)]
        is_edited = bool(ended) and ended[0].configuration_version != self.configuration.version
        return not self.runs or (is_edited and self.configuration.guards.edited)

    @property
    def last_run(self) -> Run | None:
        return self.runs[0] if self.runs else None


def read_content(application: Application, name: str) -> PageContent:
    """In a worker. Raises what the services raise."""
    states = {state.name: state for state in application.configurations.states()}
    state = states.get(name)
    group = state.group if state is not None else ()
    return PageContent(
        configuration=application.configurations.get(name),
        counts=application.records.counts(name),
        runs=tuple(application.records.runs(name, limit=SHOWN_RUNS, offset=0)),
        outlook=application.schedules.outlook(name),
        open_conflicts=state.open_conflicts if state is not None else 0,
        now=application.clock.now(),
        match_only=state.match_only if state is not None else None,
        can_confirm=state is not None and state.can_confirm,
        follows=state.follows if state is not None else "",
        group=group,
        others=tuple(sorted(states.keys() - {name}, key=text_key)),
        group_new=tuple(one for one in group if states[one].is_enabled and states[one].last_run_at is None),
    )


def read_states(application: Application) -> tuple[ConfigurationState, ...]:
    """In a worker."""
    return application.configurations.states()
