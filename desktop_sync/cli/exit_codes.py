"""Exit codes (SPEC §11)."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from desktop_sync.core import errors
from desktop_sync.core.run import Outcome


class ExitCode(enum.IntEnum):
    DONE = 0
    PROBLEMS = 1  # done, but records failed or wait for a decision
    CONFIGURATION = 2  # usage or configuration error
    ENDPOINT = 3  # an endpoint could not be used, or the configuration is running already
    GUARD = 4
    BUG = 70  # the program broke its own rules; none of the above is true then
    CANCELLED = 130


OF_OUTCOME: Mapping[Outcome, ExitCode] = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.PROBLEMS: ExitCode.PROBLEMS,
    Outcome.GUARD: ExitCode.GUARD,
    Outcome.FAILED: ExitCode.ENDPOINT,
    Outcome.CANCELLED: ExitCode.CANCELLED,
    Outcome.RUNNING: ExitCode.ENDPOINT,
}

OF_ERROR: Mapping[type[BaseException], ExitCode] = {
    errors.DesktopSyncError: ExitCode.BUG,
    errors.ConfigurationError: ExitCode.CONFIGURATION,
    errors.EndpointError: ExitCode.ENDPOINT,
    errors.SecretUnavailableError: ExitCode.ENDPOINT,
    errors.AlreadyRunningError: ExitCode.ENDPOINT,
    errors.BoundElsewhereError: ExitCode.ENDPOINT,
    errors.LeaseLostError: ExitCode.ENDPOINT,
    errors.StepError: ExitCode.ENDPOINT,
    errors.VersionMismatchError: ExitCode.CONFIGURATION,
    errors.RecordError: ExitCode.PROBLEMS,
    errors.GuardError: ExitCode.GUARD,
    errors.CancelledError: ExitCode.CANCELLED,
    errors.LedgerError: ExitCode.ENDPOINT,
    errors.BugError: ExitCode.BUG,
    OSError: ExitCode.ENDPOINT,
    KeyboardInterrupt: ExitCode.CANCELLED,
}


def code_of_error(error: BaseException) -> ExitCode:
    """The exit code of an error that ended a command."""
    return next((OF_ERROR[kind] for kind in type(error).__mro__ if kind in OF_ERROR), ExitCode.BUG)
