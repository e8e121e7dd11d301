"""The whole error tree. A class says what can be done next; its attributes say about what.

    DesktopSyncError
    ├─ ConfigurationError        the user can fix it in the settings          exit 2
    │   └─ ExpressionError         an expression does not parse or is not allowed
    ├─ EndpointError             an endpoint could not be used                exit 3
    │   ├─ RetriableError          the same call may succeed later
    │   ├─ AuthenticationError     the endpoint refused the credentials
    │   │   └─ NotPermittedError     this user may not read or write the file
    │   ├─ MissingError            the file, folder, database or structure is not there
    │   ├─ DamagedError            the content cannot be read without losing something
    │   ├─ CursorLostError         what changed since the last read is not known any more: read all
    │   └─ SchemaDriftError        a mapped field vanished or changed its type
    ├─ SecretUnavailableError    the password store cannot give the value     exit 3
    ├─ AlreadyRunningError       the configuration is running elsewhere       exit 3
    ├─ BoundElsewhereError       the configuration belongs to another ledger  exit 3
    ├─ VersionMismatchError      the plan is older than what it was made of: plan again
    │   └─ PlanChangedError        a run would do something else than was allowed
    ├─ RecordError               this record only; the others go on           exit 1
    ├─ RunStoppedError           the run ended before its end
    │   ├─ GuardError              a guard stopped it before it wrote         exit 4
    │   ├─ LeaseLostError          another run took its place                 exit 3
    │   ├─ StepError               a step before the run failed               exit 3
    │   └─ CancelledError          a person stopped it                        exit 130
    ├─ LedgerError               the local store cannot be used or written    exit 3
    └─ BugError                  this program broke one of its own rules

Errors hold data. Sentences for people are made in `core.error_text`, the one place for that.
"""

from __future__ import annotations

from dataclasses import dataclass


class DesktopSyncError(Exception):
    """Base of every error that this program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong. Empty parts are unknown or do not apply."""

    endpoint: str = ""
    structure: str = ""
    record: str = ""
    field: str = ""


NOWHERE = Place()


class PlacedError(DesktopSyncError):
    """An error with a place and a sentence fragment that says what was found there.

    `problem` is a clause for people without a final full stop and without the place, for example
    "the file is not there". It never holds a secret.
    """

    def __init__(self, problem: str, place: Place = NOWHERE) -> None:
        super().__init__(problem, place)
        self.problem = problem
        self.place = place


class ConfigurationError(PlacedError):
    """The configuration cannot be used as it is. `path` names the setting (`configuration.entity.field`)."""

    def __init__(self, problem: str, place: Place = NOWHERE, path: str = "") -> None:
        super().__init__(problem, place)
        self.path = path


class ExpressionError(ConfigurationError):
    """An expression does not parse or uses something that is not allowed. `position` is a 0-based offset or None."""

    def __init__(
        self,
        problem: str,
        expression: str,
        position: int | None = None,
        place: Place = NOWHERE,
        path: str = "",
    ) -> None:
        super().__init__(problem, place, path)
        self.expression = expression
        self.position = position


class EndpointError(PlacedError):
    """An endpoint could not be used."""


class RetriableError(EndpointError):
    """The same call may succeed later: locked, busy, unreachable, full."""


class NoRoomError(RetriableError):
    """The disk of an endpoint is full, or what may be used of it."""


class AuthenticationError(EndpointError):
    """The endpoint refused the credentials."""


class NotPermittedError(AuthenticationError):
    """This computer does not let this user read or write a file or folder; there is no password to correct."""


class MissingError(EndpointError):
    """The database, folder, file or structure is not there."""


class DamagedError(EndpointError):
    """The content cannot be read without losing or altering something, so nothing of it is used."""


class CursorLostError(EndpointError):
    """The endpoint cannot tell any more what was modified since the watermark; a complete read can."""


class SchemaDriftError(EndpointError):
    """A field that the mapping uses vanished or changed its type."""


class MemoryShortError(PlacedError):
    """What was to be worked on at once has no room in memory."""


class SecretUnavailableError(DesktopSyncError):
    """The password store did not give the secret. `state` is a `core.ports.SecretState` value's name."""

    def __init__(self, name: str, state: str) -> None:
        super().__init__(name, state)
        self.name = name
        self.state = state


class AlreadyRunningError(DesktopSyncError):
    """The configuration is being run by another process or thread. `holder` says which, for people."""

    def __init__(self, configuration: str, holder: str) -> None:
        super().__init__(configuration, holder)
        self.configuration = configuration
        self.holder = holder


class BoundElsewhereError(DesktopSyncError):
    """The endpoint says that the configuration is synchronized by another ledger. `holder` says whose, for people."""

    def __init__(self, configuration: str, endpoint: str, holder: str) -> None:
        super().__init__(configuration, endpoint, holder)
        self.configuration = configuration
        self.endpoint = endpoint
        self.holder = holder


class VersionMismatchError(DesktopSyncError):
    """A plan or a decision was made from something that changed since: make it again."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(what, expected, found)
        self.what = what
        self.expected = expected
        self.found = found


class PlanChangedError(VersionMismatchError):
    """What a run would do is not what a person allowed: the plans' digests are `expected` and `found`."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__("the plan", expected, found)


class RecordError(PlacedError):
    """One record cannot be synchronized; the others go on."""


class RunStoppedError(DesktopSyncError):
    """The run ended before its end, on purpose."""


class GuardError(RunStoppedError):
    """A guard stopped the run before it wrote. `findings` are `core.guard.GuardFinding` values."""

    def __init__(self, findings: tuple[object, ...], plan_id: str) -> None:
        super().__init__(findings, plan_id)
        self.findings = findings
        self.plan_id = plan_id


class LeaseLostError(RunStoppedError):
    """Another run of the configuration began meanwhile: this one writes no more. `holder` says which, for people."""

    def __init__(self, configuration: str, holder: str) -> None:
        super().__init__(configuration, holder)
        self.configuration = configuration
        self.holder = holder


class StepError(RunStoppedError):
    """A step of the user's own that has its turn before a run failed. `problem` is a clause for people."""

    def __init__(self, step: str, problem: str) -> None:
        super().__init__(step, problem)
        self.step = step
        self.problem = problem


class CancelledError(RunStoppedError):
    """A person stopped the run; everything that was written is recorded in the ledger."""


class LedgerError(DesktopSyncError):
    """The local store cannot be opened, read or written. `path` is its file; `is_damage`: its content is not whole."""

    def __init__(self, problem: str, path: str, *, is_damage: bool = False) -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path
        self.is_damage = is_damage


class BugError(DesktopSyncError):
    """This program broke one of its own rules; the message says which."""
