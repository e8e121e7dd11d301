"""The lease of a run, at each endpoint whose user allows one (RELIABILITY 4.9). The run lock keeps runs of one home
apart; a lease keeps machines apart that reach the same endpoint, and notices a ledger that was restored or copied."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

from desktop_sync.core.binding import TERM, Binding, Lease, MatchOnly, Standing, standing
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import AlreadyRunningError, BoundElsewhereError, EndpointError, LeaseLostError
from desktop_sync.core.ledger_port import BindingStore
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import EndpointSession, LeaseKeeper

RENEWED_AFTER_S = TERM.total_seconds() / 3


def keepers(endpoints: Mapping[str, EndpointSession]) -> dict[str, LeaseKeeper]:
    """Those of the opened endpoints that keep a lease, by name; of endpoints that are one system, the first."""
    found: dict[str, LeaseKeeper] = {}
    systems: set[str] = set()
    for name, session in endpoints.items():
        if session.capabilities.keeps_leases and isinstance(session, LeaseKeeper):
            system = session.identity()
            if system not in systems:
                systems.add(system)
                found[name] = session
    return found


class RunLease:
    """Held from `take` to `release`. One thread at a time, except `keep`. Where no endpoint keeps a lease, all of it
    does nothing."""

    def __init__(
        self,
        endpoints: Mapping[str, EndpointSession],
        open_endpoint: Callable[[str], EndpointSession],
        ledger: BindingStore,
        clock: Clock,
        configuration: SyncConfiguration,
        run: int,
    ) -> None:
        self._keepers = keepers(endpoints)
        self._open_endpoint = open_endpoint
        self._ledger = ledger
        self._clock = clock
        self._configuration = configuration
        self._key = configuration.lease_key
        self._run = run
        self._mine: dict[str, Lease] = {}
        self._confirmed_s = 0.0
        self._keeping = threading.Lock()

    def take(self) -> None:
        """Every endpoint that keeps leases says that this run holds it. A ledger that is behind what an endpoint saw
        only matches from now on.

        Raises AlreadyRunningError while another machine holds it, BoundElsewhereError when the configuration belongs to
        another ledger; then none is held.
        """
        if not self._keepers:
            return
        try:
            for endpoint, keeper in self._keepers.items():
                self._take(endpoint, keeper)
        except BaseException:
            self.release()
            raise
        self._confirmed_s = self._clock.boottime_s()

    def check(self) -> None:
        """The run may write. Looks at a clock, and once that went on by a third of the term, also asleep, at the
        endpoints, and renews. Raises LeaseLostError when another run took over."""
        if self._is_due():
            self._renew(self._keepers)

    def keep(self) -> None:
        """Renewed like by `check`, while a read goes on: through sessions of its own, for those of the run are in use.
        An endpoint that cannot be reached now is asked again before the next write. Raises LeaseLostError. Any thread:
        both sides may be read at once."""
        if not self._is_due():
            return
        with self._keeping, ExitStack() as stack, suppress(EndpointError):
            if not self._is_due():
                return
            opened = {name: stack.enter_context(closing(self._open_endpoint(name))) for name in self._mine}
            self._renew(keepers(opened))

    def _is_due(self) -> bool:
        return bool(self._mine) and self._clock.boottime_s() - self._confirmed_s > RENEWED_AFTER_S

    def _renew(self, found: Mapping[str, LeaseKeeper]) -> None:
        for endpoint, keeper in found.items():
            mine = self._mine[endpoint]
            renewed = replace(mine, expires_at=self._clock.now() + TERM)
            if keeper.read_lease(self._key) != mine or not keeper.write_lease(renewed, mine):
                raise LeaseLostError(self._configuration.name, self._holder(keeper))
            self._mine[endpoint] = renewed
        self._confirmed_s = self._clock.boottime_s()

    def release(self) -> None:
        """No run holds it; the binding stays there. An endpoint that cannot be reached lets it run out."""
        for endpoint, mine in self._mine.items():
            with suppress(EndpointError):
                self._keepers[endpoint].write_lease(replace(mine, expires_at=None), mine)
        self._mine.clear()

    def _take(self, endpoint: str, keeper: LeaseKeeper) -> None:
        name, ledger = self._configuration.name, self._ledger
        binding, (holder, home) = ledger.binding(name), ledger.place()
        until = self._clock.now() + TERM
        mine = Lease(self._key, binding.ledger, binding.epoch, ledger.fence(self._run), holder, home, until)
        expected = keeper.read_lease(self._key)
        kept = expected or earlier_lease(keeper, self._configuration)
        match standing(kept, mine, self._clock.now()):
            case Standing.FOREIGN:
                raise BoundElsewhereError(name, endpoint, kept.holder if kept is not None else "")
            case Standing.HELD:
                raise AlreadyRunningError(name, kept.holder if kept is not None else "")
            case Standing.BEHIND if kept is not None:
                if mine.fence < kept.fence <= ledger.last_fence():
                    raise LeaseLostError(name, kept.holder)  # this very ledger began a later run: nothing is forgotten
                ledger.begin_match_only(name, MatchOnly.RESTORED)
                mine = replace(mine, fence=ledger.raise_fence(self._run, kept.fence))
        epoch = max(mine.epoch, 1, 0 if kept is None else kept.epoch)
        mine = replace(mine, epoch=epoch)
        if not keeper.write_lease(mine, expected):
            raise AlreadyRunningError(name, self._holder(keeper))
        self._mine[endpoint] = mine
        if epoch != binding.epoch:
            ledger.bind(name, epoch)

    def _holder(self, keeper: LeaseKeeper) -> str:
        kept = keeper.read_lease(self._key)
        return kept.holder if kept is not None else "another program"


def earlier_lease(keeper: LeaseKeeper, configuration: SyncConfiguration) -> Lease | None:
    """What an earlier version of this program keeps under the configuration's name: it had no other key."""
    return None if configuration.lease_key == configuration.name else keeper.read_lease(configuration.name)


def lease_of(keeper: LeaseKeeper, configuration: SyncConfiguration) -> Lease | None:
    """What the endpoint keeps about the configuration."""
    return keeper.read_lease(configuration.lease_key) or earlier_lease(keeper, configuration)


def match_only_of(
    endpoints: Mapping[str, EndpointSession], ledger: BindingStore, clock: Clock, configuration: SyncConfiguration
) -> MatchOnly | None:
    """Why a look at the configuration must only match, if it must. Nothing is written."""
    binding = ledger.binding(configuration.name)
    if binding.match_only is not None:
        return binding.match_only
    found = [_look(keeper, ledger, clock, binding, configuration) for keeper in keepers(endpoints).values()]
    if Standing.FOREIGN in found:
        return MatchOnly.FOREIGN
    return MatchOnly.RESTORED if Standing.BEHIND in found else None


def _look(
    keeper: LeaseKeeper, ledger: BindingStore, clock: Clock, binding: Binding, configuration: SyncConfiguration
) -> Standing:
    holder, home = ledger.place()
    key, fence = configuration.lease_key, ledger.last_fence() + 1
    next_run = Lease(key, binding.ledger, binding.epoch, fence, holder, home)
    return standing(lease_of(keeper, configuration), next_run, clock.now())
