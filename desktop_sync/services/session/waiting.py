"""Waiting until an instant, with the injected clock and sleep, so that a person can still stop the run."""

from __future__ import annotations

from datetime import datetime, timedelta

from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import CancelToken, Clock, Sleep
from desktop_sync.services.session.sync_session import SyncSession

_SLICE_S = 1.0


def wait_until(at: datetime, clock: Clock, sleep: Sleep, cancel: CancelToken) -> None:
    """It is that time, by the clock. Raises CancelledError when somebody wants to stop."""
    left = (at - clock.now()).total_seconds()
    while left > 0:
        cancel.check()
        sleep(min(left, _SLICE_S))
        left = (at - clock.now()).total_seconds()


def wait_for(seconds: float, clock: Clock, sleep: Sleep, cancel: CancelToken) -> None:
    """So much time has passed, whatever becomes of the clock that people see. Raises CancelledError when somebody wants
    to stop."""
    at = clock.boottime_s() + seconds
    while (left := at - clock.boottime_s()) > 0:
        cancel.check()
        sleep(min(left, _SLICE_S))


def wait_for_replicas(session: SyncSession, ledger: Ledger, clock: Clock, sleep: Sleep, cancel: CancelToken) -> None:
    """What this program wrote is seen by the reads that follow: a replica that lags behind must not look like somebody
    who turned the write back (RELIABILITY F10). Costs nothing where reads do not lag.

    Waits no longer than the longest lag, also when the clock was set back since the write.
    """
    lag = timedelta(seconds=max(endpoint.capabilities.read_lag_s for endpoint in session.endpoints.values()))
    if not lag:
        return
    written = ledger.last_written()
    if written is not None:
        wait_until(min(written, clock.now()) + lag, clock, sleep, cancel)
