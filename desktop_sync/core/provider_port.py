"""What a provider must offer: the port to every external system.

Tables travel as Arrow streams (`ArrowStream`, the Arrow PyCapsule interface), so that core needs no library for them.
All calls block and may come from any one thread at a time; an endpoint session is used by one thread at a time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from desktop_sync.core.binding import Lease
from desktop_sync.core.structure import Structure


class ArrowStream(Protocol):
    """Anything that gives an Arrow C stream: a pyarrow Table or RecordBatchReader, a DuckDB result."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class SettingKind(enum.Enum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    FILE = "file"
    FOLDER = "folder"
    SECRET = "secret"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that a provider declares; forms and the configuration file are made from it.

    `choices` are (value, label). `help` is one sentence for people. `file_patterns` like "*.db" for FILE.
    """

    key: str
    label: str
    kind: SettingKind = SettingKind.TEXT
    is_required: bool = False
    default: str | int | float | bool | None = None
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    file_patterns: tuple[str, ...] = ()


class ConditionalWrite(enum.Enum):
    """How surely a write fails when the target is not what the plan saw (RELIABILITY 4.2)."""

    STRONG = "strong"  # checked by the endpoint together with the write
    VERIFY = "verify"  # read just before, with a race window of one round trip
    BLIND = "blind"


class CreateClass(enum.Enum):
    """By what a create that was not acknowledged is found again, the surest first (RELIABILITY 4.2).

    The first four never make a second record when the same create is sent again. The others are waited for until no
    request can be under way any more, and then looked for among the records that were not known before; of the last
    one nobody can tell. A provider does not declare that: it follows from `can_read` (`services.settlement.ladder`).
    """

    MARKER = "marker"  # the key of the create is written beside the record, in one transaction of the endpoint
    CLIENT_ID = "client-id"  # the id is chosen before the create, which fails if the id is taken
    IDEMPOTENCY_KEY = "idempotency-key"  # the endpoint answers a key that it knows with the first answer
    EXTERNAL_ID = "external-id"  # the key is written into a field of the record
    NATURAL_KEY = "natural-key"  # the identifying fields
    NONE = "none"  # records are created one at a time
    WRITE_ONLY = "write-only"  # nobody can look, so what was not answered is held until a person says what it is


class ReadCompleteness(enum.Enum):
    """Whether absence from a full read means that the record is gone."""

    COMPLETE = "complete"
    TWICE = "twice"  # only after it was absent in two reads


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider's endpoints can do. What is missing is said in words by `core.capability_text`."""

    can_create: bool = True
    can_update: bool = True
    can_delete: bool = True
    can_create_structures: bool = False
    can_read: bool = True
    """False: records can be written, and neither listed nor read; `read` raises EndpointError. `describe` still says
    the fields, with a key. What was written there last counts as what is there; values flow only towards it, and a
    delete of a record that is gone is WRITTEN."""
    reads_modified_since: bool = False
    reads_deletions: bool = False
    reads_by_id: bool = True
    creates: CreateClass = CreateClass.NONE
    """What holds for creates at best; where no id can be reserved, CLIENT_ID counts as NATURAL_KEY."""
    is_external_id_unique: bool = False
    """EXTERNAL_ID: the endpoint refuses a second record with the same key."""
    key_lives_s: float | None = None
    """IDEMPOTENCY_KEY: how long the endpoint remembers a key; None is for ever."""
    max_in_flight_s: float = 0.0
    """How long after it was sent the endpoint may still carry a request out. 0: when the call returns or the
    program is dead, it is carried out or never will be."""
    read_lag_s: float = 0.0
    """How long after a write reads may still show what was there before it (replicas)."""
    conditional_write: ConditionalWrite = ConditionalWrite.BLIND
    completeness: ReadCompleteness = ReadCompleteness.COMPLETE
    has_transactions: bool = False
    commits_each_batch: bool = True
    """False: what is staged becomes visible all at once, at commit (files)."""
    batch_size: int = 10_000
    distinguishes_empty_and_null: bool = True
    stores_text_only: bool = False
    """Fields have no types; values are written as plain text."""
    needs_network: bool = False
    """Endpoints are on other machines: a run that nobody asks for waits until there is a network."""
    keeps_leases: bool = False
    """A session is a `LeaseKeeper` too: the user allowed it to keep a record of this program's in the system."""


@dataclass(frozen=True, slots=True)
class StructureSummary:
    """A structure in a list. `record_count` is None where counting is not cheap."""

    name: str
    record_count: int | None = None
    can_write: bool = True


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """What "Test connection" found. `clock_shift_s`: endpoint clock minus ours, None where it has none; it lies within
    `clock_error_s` of the truth."""

    is_reachable: bool
    structures: tuple[StructureSummary, ...] = ()
    can_write: bool = True
    clock_shift_s: float | None = None
    clock_error_s: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read of a structure.

    `fields` are returned in this order. `ids` limits to those record ids. `modified_field` with `since` and/or `until`
    (both included) limits by stamp: their text is in the field's own form, as `read` gave it, or a time of ISO 8601.
    What counts is the time that a stamp says; one that names no time zone is UTC. `with_unstamped`: records that have
    no stamp come too. `limit` counts records.
    """

    structure: Structure
    fields: tuple[str, ...]
    ids: Sequence[str] | None = None
    modified_field: str = ""
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    with_unstamped: bool = False


class Operation(enum.IntEnum):
    """Numbers are stored and never change."""

    CREATE = 1
    UPDATE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class WriteBatch:
    """Records to write, one operation for all.

    `ids`: record ids, one per record; in a CREATE those reserved, or None each where the endpoint gives them.
    `fields` and `values`: what to write; columns in that order, one row per record; empty for a DELETE. Key fields that
    the mapping does not fill are taken from a reserved id.
    `expected`: for UPDATE and DELETE, the records as `read` gave them: columns `expected_fields`, same rows.
    `keys`: in a CREATE of class MARKER, IDEMPOTENCY_KEY or EXTERNAL_ID, one text per record that no other create has;
    when a create is sent again, its key and every value are the same. Else empty.
    `send_before`: a record that was not sent by then (aware UTC) is not sent any more, and is CHANGED. None: any time.
    """

    operation: Operation
    ids: Sequence[str | None]
    fields: tuple[str, ...] = ()
    values: ArrowStream | None = None
    expected_fields: tuple[str, ...] = ()
    expected: ArrowStream | None = None
    keys: Sequence[str] = ()
    send_before: datetime | None = None


class WriteStatus(enum.IntEnum):
    WRITTEN = 0
    CHANGED = 1  # the record is not what was expected, or gone; nothing was written
    EXISTS = 2  # a record with the reserved id or the key is there already; nothing was written
    REJECTED = 3  # the endpoint refuses this record; `message` says why
    UNKNOWN = 4  # not known whether it was written


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch; each tuple has one item per record, in the batch's order.

    `ids`: the record's id after the write. `messages`: a sentence for REJECTED, else "".
    `stored_as_sent`: False where the record must be read back because what is stored may differ from what was sent.
    """

    statuses: Sequence[int]
    ids: Sequence[str | None]
    messages: Sequence[str]
    stored_as_sent: Sequence[bool]


class Writer(Protocol):
    """Writes to one structure. Use as a context manager; leaving without commit leaves the structure as it was."""

    def __enter__(self) -> Writer: ...
    def __exit__(self, *exc: object) -> None: ...

    def stage(self, batch: WriteBatch) -> None:
        """Take a batch. Nothing of it is visible to others before `commit`."""

    def commit(self) -> list[WriteResult]:
        """Make everything staged since the last commit durable; results in the order of staging.

        A record that cannot be written never stops the others of its batch. Raises EndpointError when nothing was
        written.
        """


@dataclass(frozen=True, slots=True)
class HighMarks:
    """Numbers that never get smaller while a structure lives, None where the endpoint does not know them. A smaller one
    than before means that an older state was put back (RELIABILITY C7).

    `written_us`: when it was written last, microseconds since 1970 by this machine's clock. `counter`: of changes, or
    of records ever made.
    """

    written_us: int | None = None
    counter: int | None = None


NO_MARKS = HighMarks()


@dataclass(frozen=True, slots=True)
class EndpointTime:
    """An endpoint's own clock: aware, as it answered, and how fine it tells the time (an HTTP date: whole seconds)."""

    at: datetime
    resolution_s: float = 0.0


class EndpointSession(Protocol):
    """An opened endpoint. Close it; it holds no lock between calls."""

    @property
    def capabilities(self) -> Capabilities: ...

    def test(self) -> EndpointReport:
        """Look without writing. Raises EndpointError with a sentence when the endpoint cannot be used."""

    def identity(self) -> str:
        """A text that stays the same while this is the same database, folder or service (guard `identity`)."""

    def high_marks(self, structure: Structure) -> HighMarks:
        """Numbers that only grow while this structure lives; costs no read of the records."""

    def time(self) -> EndpointTime | None:
        """What the endpoint's clock says now, in one short request; None where it has no clock but this machine's."""

    def structures(self) -> tuple[StructureSummary, ...]:
        """All structures, sorted by name."""

    def describe(self, name: str) -> Structure:
        """Fields and key. Raises MissingError when the structure is not there."""

    def read(self, request: ReadRequest) -> ArrowStream:
        """The requested columns, as a stream of batches, from one consistent state.

        A column is of its field's Arrow type, or text in that type's plain form (ISO 8601, digits with a point,
        `true`): a
        value that does not fit its declared type comes as it is, as text, so that nothing is lost or changed. Raises
        DamagedError before the first record, or while reading, when the content cannot be read without loss: then
        nothing of the read may be used; and CursorLostError before the first record when it cannot tell any more what
        was modified `since`.
        """

    def reserve_ids(self, structure: Structure, count: int) -> list[str] | None:
        """Ids that no record has now, for creates; None where the endpoint gives ids itself. Not durable."""

    def find_created(self, structure: Structure, keys: Sequence[str]) -> list[list[str]]:
        """For each key of a create, the ids of the records that were created with it: one at most, unless external
        ids are not unique. A MARKER's record may be gone. Asked of the classes MARKER and EXTERNAL_ID only."""

    def create_structure(self, structure: Structure) -> None:
        """The structure is there with these fields and key, empty. Raises ConfigurationError when it exists already."""

    def writer(self, structure: Structure) -> Writer:
        """A writer; raises EndpointError when the structure cannot be written."""

    def close(self) -> None: ...


@runtime_checkable
class LeaseKeeper(Protocol):
    """What a session offers besides where `keeps_leases` is declared: a record there that says who synchronizes it."""

    def read_lease(self, configuration: str) -> Lease | None:
        """What is kept for the configuration; None before anything was."""

    def write_lease(self, lease: Lease, expected: Lease | None) -> bool:
        """`lease` is kept, durably, if `expected` was until now; compared and set in one step. Whether it was.

        Never called while a writer of this session has something staged or a read of it goes on.
        """


LEASE_SETTING = "keeps_lease"


def lease_setting(where: str) -> Setting:
    """The setting by which a user allows a lease; off unless they do. `where` says what is put there."""
    return Setting(
        LEASE_SETTING,
        "Say there who synchronizes it",
        SettingKind.FLAG,
        default=False,
        help=f"For a system that several machines reach: {where} says which machine synchronizes it, so that two never "
        "do at once and a copied configuration is noticed. Nothing of the kind is put there otherwise.",
    )


@dataclass(frozen=True, slots=True)
class OpenContext:
    """What a provider gets to open an endpoint: plain settings with secrets filled in, and the folder relative
    paths start at."""

    endpoint: str
    settings: Mapping[str, str | int | float | bool]
    base_folder: str = ""


@runtime_checkable
class FileKeeper(Protocol):
    """What a provider offers besides whose endpoints are files of this machine. Cheap, and never raises for a file that
    is missing; ConfigurationError for unusable settings. Secrets need not be among the settings."""

    def place(self, context: OpenContext) -> str:
        """The absolute path of the file or folder that must be there for the endpoint to be used; empty where this
        endpoint is none of files."""

    def files(self, context: OpenContext, structure: str) -> tuple[str, ...]:
        """The absolute paths of the files that change when a record of the structure does; they need not exist."""


@runtime_checkable
class ExplainedProvider(Protocol):
    """What a provider offers besides that says what its endpoints are, for those who choose between kinds."""

    @property
    def explanation(self) -> str:
        """One sentence."""


class Provider(Protocol):
    """One kind of external system."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def settings(self) -> tuple[Setting, ...]: ...
    @property
    def capabilities(self) -> Capabilities:
        """What endpoints of this provider can do at best; a session says it exactly."""

    def open(self, context: OpenContext) -> EndpointSession:
        """A session. Raises ConfigurationError for unusable settings, EndpointError when the endpoint cannot be
        used."""
