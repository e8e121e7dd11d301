"""The mass-delete matrix (RELIABILITY C1): every way in which a read fails × first, middle and last page × both sides ×
four connectors. A cell is one run while the listing of one side fails there.

Whatever comes, nothing may be deleted and both sides stay byte for byte; the error says whether trying again may help;
a listing that lies is stopped by a guard, by the paging, or by looking at each absent record. Lies come twice, with and
without guards. After the cells of a side, a real deletion and a real edit must travel.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from desktop_sync.bootstrap import SystemClock, TimeOrderedIds
from desktop_sync.core.configuration import Endpoint, Entity, FieldMapping, GuardLimits, PerSide, SyncConfiguration
from desktop_sync.core.errors import DesktopSyncError, EndpointError, RetriableError
from desktop_sync.core.provider_port import Provider
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import open_ledger
from desktop_sync.providers.csv.provider import CsvProvider
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.secrets.choice import choose_secrets
from desktop_sync.services.application import Application
from tests.reliability.size import Size
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_provider import ChaosProvider
from tests.support.chaos_system import CLASSES, ChaosSystem
from tests.support.cheap_starts import cheap_starts
from tests.support.failing_reads import FAULTS, FailingProvider, ReadFault
from tests.support.worlds import FolderSide, TableSide

RECORDS, PAGE = 80, 20
PAGES = {"first": 0, "middle": 1, "last": 3}
STRUCTURE, KEY = "people", "id"
NO_GUARDS = GuardLimits(None, None, False, None, None, None, False, False)
HARMLESS = (Outcome.DONE, Outcome.GUARD, RetriableError)
"""What a listing that lies may come to: each absent record was looked at, a guard stopped it, pages did not add up."""
LIES = {"empty answer": FaultKind.EMPTY_200, "short answer": FaultKind.SHORT_PAGE}


class Store:
    """One side, written and looked at without its provider."""

    def __init__(self, endpoint: Endpoint, provider: Provider, side: TableSide | FolderSide | ChaosSystem) -> None:
        self.endpoint = endpoint
        self.provider = provider
        self.side = side

    def put(self, **record: str) -> None:
        self.side.put(STRUCTURE, **record) if isinstance(self.side, ChaosSystem) else self.side.put(STRUCTURE, record)

    def edit(self, record_id: str, **changes: str) -> None:
        if isinstance(self.side, ChaosSystem):
            self.side.edit(STRUCTURE, record_id, **changes)
        else:
            self.side.edit(STRUCTURE, KEY, record_id, changes)

    def delete(self, record_id: str) -> None:
        if isinstance(self.side, ChaosSystem):
            self.side.delete(STRUCTURE, record_id)
        else:
            self.side.delete(STRUCTURE, KEY, record_id)

    def rows(self) -> dict[str, str]:
        """name by email."""
        if isinstance(self.side, ChaosSystem):
            found = list(self.side.records(STRUCTURE).values())
        else:
            found = self.side.rows(STRUCTURE)  # type: ignore[assignment]
        return {str(row["email"]): str(row["name"]) for row in found}

    def fingerprint(self) -> str:
        if isinstance(self.side, ChaosSystem):
            return hashlib.sha256(repr(self.side.records(STRUCTURE)).encode()).hexdigest()
        return self.side.fingerprint()


def _sqlite(name: str, folder: Path) -> Store:
    side = TableSide(folder / f"{name}.sqlite")
    side.create(STRUCTURE, "id INTEGER PRIMARY KEY, email TEXT, name TEXT")
    return Store(Endpoint(name, "sql", {"file": str(side.file)}), SqlProvider(), side)


def _csv(name: str, folder: Path) -> Store:
    side = FolderSide(folder / name)
    side.create(STRUCTURE, "id, email, name")
    return Store(Endpoint(name, "csv", {"folder": str(side.folder)}), CsvProvider(), side)


def _pages_by_offset(name: str, _: Path) -> Store:
    return _chaos(name, pages_by_offset=True, says_total=True)


def _pages_by_cursor(name: str, _: Path) -> Store:
    return _chaos(name, pages_by_offset=False, says_total=False)


def _chaos(name: str, **style: bool) -> Store:
    profile = replace(CLASSES["marker"], page_size=PAGE, **style)  # type: ignore[arg-type]
    system = ChaosSystem(name, profile, SystemClock())
    system.make(STRUCTURE, ("id", "email", "name"), ("id",))
    return Store(Endpoint(name, "chaos", {"system": name}), ChaosProvider(system), system)


CONNECTORS: dict[str, Callable[[str, Path], Store]] = {
    "SQLite": _sqlite,
    "CSV": _csv,
    "pages by offset": _pages_by_offset,
    "pages by cursor": _pages_by_cursor,
}


class _Registry:
    def __init__(self, *providers: Provider) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._providers))

    def get(self, name: str) -> Provider:
        return self._providers[name]


@dataclass
class Matrix:
    """One connector on one side, against SQLite or, for SQLite, against files."""

    failing: Store
    other: Store
    provider: FailingProvider
    app: Application
    configuration: SyncConfiguration
    counts: Counter[str]

    def cell(self, fault: ReadFault, page: int, *, guards: bool = True) -> None:
        """One run while the listing fails at that page."""
        self.counts["cells" if guards else "cells_without_guards"] += 1
        before = [(store.fingerprint(), len(store.rows())) for store in (self.failing, self.other)]
        with self._failing(fault, page) as expected:
            outcome = self._outcome()
        is_right = outcome is expected or (expected is None and outcome in HARMLESS)
        self.counts["wrong_errors"] += not is_right
        for store, (fingerprint, number) in zip((self.failing, self.other), before, strict=True):
            self.counts["deletes"] += max(0, number - len(store.rows()))
            self.counts["changed_sides"] += store.fingerprint() != fingerprint

    @contextmanager
    def _failing(self, fault: ReadFault, page: int) -> Iterator[type[EndpointError] | None]:
        """The class of error that must come, None where the listing lies and nobody can tell."""
        lie = LIES.get(fault.name)
        if lie is not None and isinstance(self.failing.side, ChaosSystem):
            planned = self.failing.side.faults.add("page", lie, nth=page + 1)
            yield None
            self.failing.side.faults.planned.remove(planned)
            return
        self.provider.fault, self.provider.at = fault, page
        yield fault.shows
        self.provider.fault = None

    def _outcome(self) -> object:
        try:
            result = self.app.synchronization.run(self.configuration.name)
        except DesktopSyncError as error:
            (run,) = self.app.records.runs(self.configuration.name)[:1]
            assert run.outcome is Outcome.FAILED, "the run that failed is not kept as such"
            return type(error)
        return result.outcome

    def recover(self) -> None:
        """The reads work again: a deletion and an edit of the side that failed reach the other one."""
        self.failing.delete("7")
        self.failing.edit("8", name="edited")
        result = self.app.synchronization.run(self.configuration.name)
        is_whole = self.failing.rows() == self.other.rows() and len(self.other.rows()) == RECORDS - 1
        self.counts["not_recovered"] += not (result.outcome is Outcome.DONE and is_whole)


def matrix_of(connector: str, side: str, folder: Path, counts: Counter[str], guards: GuardLimits) -> Matrix:
    folder.mkdir(parents=True)
    failing = CONNECTORS[connector](f"failing {side}", folder)
    other = (_csv if connector == "SQLite" else _sqlite)("other", folder)
    provider = FailingProvider(failing.provider, PAGE)
    provider.endpoint = failing.endpoint.name
    clock = SystemClock()
    app = Application(
        folder / "home",
        clock,
        TimeOrderedIds(),
        _Registry(provider, other.provider),
        lambda: open_ledger(folder / "home", clock, TimeOrderedIds()),
        lambda: choose_secrets(folder / "home", None),
    )
    for number in range(1, RECORDS + 1):
        failing.put(id=str(number), email=f"p{number}", name=f"name {number}")
    for store in (failing, other):
        app.endpoints.save(store.endpoint)
    fields = (FieldMapping("email", "email", identifying=True), FieldMapping("name", "name"))
    entity = Entity("people", PerSide(STRUCTURE, STRUCTURE), fields, key=PerSide((KEY,), (KEY,)))
    a, b = (failing, other) if side == "a" else (other, failing)
    configuration = SyncConfiguration("Sync", a.endpoint.name, b.endpoint.name, (entity,), guards=guards)
    app.configurations.save(configuration)
    first = app.synchronization.run("Sync")
    assert first.outcome is Outcome.DONE, first
    assert failing.rows() == other.rows()
    return Matrix(failing, other, provider, app, configuration, counts)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Every cell; SMALL has one connector a side, and every third fault."""
    names = {"deletes", "changed_sides", "wrong_errors", "not_recovered"}
    counts: Counter[str] = Counter(dict.fromkeys(names, 0))
    faults = FAULTS if size is not Size.SMALL else (FAULTS[7], *FAULTS[-3:])
    began = datetime.now(UTC)
    with cheap_starts(for_few_only=True):
        for connector in CONNECTORS:
            for side in ("a", "b"):
                if size is Size.SMALL and (side == "a") != (connector in ("SQLite", "pages by cursor")):
                    continue
                _cells(matrix_of(connector, side, folder / f"{connector} {side}", counts, GuardLimits()), faults)
    return {**counts, "seconds_per_cell": round((datetime.now(UTC) - began).total_seconds() / counts["cells"], 3)}


def _cells(matrix: Matrix, faults: Sequence[ReadFault]) -> None:
    """With guards, and without them where a fault is one that lies."""
    for fault in faults:
        for page in PAGES.values():
            matrix.cell(fault, page)
    matrix.recover()
    matrix.app.configurations.save(replace(matrix.configuration, guards=NO_GUARDS))
    for fault in faults:
        for page in PAGES.values() if fault.name in LIES else ():
            matrix.cell(fault, page, guards=False)
    matrix.app.close()
