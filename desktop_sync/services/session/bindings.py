"""Whose a configuration is: looked at, taken over, and match-only mode confirmed (RELIABILITY 4.9)."""

from __future__ import annotations

from contextlib import ExitStack, closing

from desktop_sync.core.binding import Lease, MatchOnly, is_live
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import EndpointSession
from desktop_sync.services.session.run_lease import keepers, lease_of, match_only_of
from desktop_sync.services.session.sync_session import OpenEndpoint
from desktop_sync.services.views import BindingReport


class BindingService:
    """Every method blocks; any thread."""

    def __init__(self, ledger: Ledger, open_endpoint: OpenEndpoint, clock: Clock) -> None:
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._clock = clock

    def look(self, name: str) -> BindingReport:
        """What the ledger and the endpoints say. Nothing is written."""
        configuration = self._configuration(name)
        with ExitStack() as stack:
            endpoints = self._open(configuration, stack)
            leases = {endpoint: lease_of(keeper, configuration) for endpoint, keeper in keepers(endpoints).items()}
            mode = match_only_of(endpoints, self._ledger, self._clock, configuration)
        return BindingReport(name, self._ledger.binding(name), mode, leases)

    def take_over(self, name: str) -> BindingReport:
        """The configuration belongs to this ledger, and only matches until a person confirms.

        Raises ConfigurationError where no endpoint says that it belongs to another, AlreadyRunningError while a run of
        another ledger may still hold it.
        """
        configuration = self._configuration(name)
        with ExitStack() as stack:
            stack.enter_context(self._ledger.hold(name))
            found = keepers(self._open(configuration, stack))
            # What an earlier version of the program keeps there under the name is taken over too.
            keys = dict.fromkeys((configuration.lease_key, name))
            seen = {(endpoint, key): keeper.read_lease(key) for endpoint, keeper in found.items() for key in keys}
            kept = [lease for lease in seen.values() if lease is not None]
            mine = self._ledger.binding(name)
            others = [lease for lease in kept if lease.ledger != mine.ledger]
            if not others:
                raise ConfigurationError(f'"{name}" belongs to no other ledger: there is nothing to take over')
            for lease in others:
                if is_live(lease, self._clock.now()):
                    raise AlreadyRunningError(name, lease.holder)
            epoch = max(mine.epoch, *(lease.epoch for lease in kept)) + 1
            # First: if the program dies in between, this ledger only matches, and the other is refused or goes on.
            self._ledger.begin_match_only(name, MatchOnly.TAKEN_OVER)
            self._ledger.bind(name, epoch)
            holder, home = self._ledger.place()
            for (endpoint, key), expected in seen.items():
                if expected is None and key != configuration.lease_key:
                    continue
                if not found[endpoint].write_lease(Lease(key, mine.ledger, epoch, 0, holder, home), expected):
                    raise AlreadyRunningError(name, "another program")
        return self.look(name)

    def confirm_match(self, name: str) -> None:
        """The ordinary mode is back: the next run creates, updates and deletes by the configuration's rules.

        Raises ConfigurationError where it does not only match, or where no run has matched yet that could be looked at.
        """
        self._configuration(name)
        binding = self._ledger.binding(name)
        if binding.match_only is None:
            raise ConfigurationError(f'"{name}" is in its ordinary mode: there is nothing to confirm')
        if binding.matched_run is None:
            raise ConfigurationError(
                f'"{name}" has not been matched yet: run it once, look at what it found, then confirm'
            )
        self._ledger.end_match_only(name)

    def _configuration(self, name: str) -> SyncConfiguration:
        for configuration in self._ledger.configurations():
            if configuration.name == name:
                return configuration
        raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")

    def _open(self, configuration: SyncConfiguration, stack: ExitStack) -> dict[str, EndpointSession]:
        names = dict.fromkeys(configuration.endpoint_of(side) for side in Side)
        return {name: stack.enter_context(closing(self._open_endpoint(name))) for name in names}
