"""The sample project: a small CRM database and a shop's folder of files, and the configuration between them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from desktop_sync.core.configuration import Endpoint
from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_port import DefinitionStore
from desktop_sync.core.provider_port import EndpointSession, Operation, WriteBatch, WriteStatus
from desktop_sync.core.structure import Structure
from desktop_sync.services.sample.sample_configuration import (
    CRM_CUSTOMERS,
    CRM_ORDERS,
    SHOP_CUSTOMERS,
    SHOP_ORDERS,
    sample_configuration,
)
from desktop_sync.services.sample.sample_data import COUNTRIES, STATES, Customer, Order, make_sample_data

NAME = "CRM and Shop"
Rows = Sequence[tuple[str | None, ...]]


class Endpoints(Protocol):
    def list(self) -> tuple[Endpoint, ...]: ...
    def save(self, endpoint: Endpoint, secrets: Mapping[str, str] = ...) -> Endpoint: ...
    def open(self, name: str) -> EndpointSession: ...


class SampleStore(DefinitionStore, Protocol):
    def hold(self, configuration: str) -> AbstractContextManager[None]: ...


class SampleProject:
    """Makes the sample project under `home`/sample. Blocks; from one thread at a time."""

    def __init__(self, home: Path, store: SampleStore, endpoints: Endpoints) -> None:
        self._folder = Path(home) / "sample"
        self._database = self._folder / "crm.sqlite"
        self._shop = self._folder / "shop"
        self._store = store
        self._endpoints = endpoints

    def create(self, *, reset: bool = False) -> str:
        """The sample's files, endpoints and configuration are there; the configuration's name.

        One that is there already is kept, with what was synchronized and edited since; with `reset` it is made anew,
        and its peers are gone. Endpoints and configurations of other people's making are never touched: where a name
        is taken, another one is used. Raises AlreadyRunningError, EndpointError, LedgerError.
        """
        crm = self._named("CRM", Endpoint("", "sql", {"file": str(self._database)}))
        shop = self._named("Shop", Endpoint("", "csv", {"folder": str(self._shop)}))
        stored = self._store.configurations()
        own = next((each for each in stored if (each.a, each.b) == (crm.name, shop.name)), None)
        if own is not None and not reset and self._has_files():
            return own.name
        name = own.name if own is not None else _free_name(NAME, {each.name for each in stored})
        with self._store.hold(name):  # nothing is taken from under a run
            if own is not None:
                self._store.delete_configuration(name)
            self._make_files(self._endpoints.save(crm), self._endpoints.save(shop))
            # Last, so that a sample that was cut off while it was made is made again.
            return self._store.save_configuration(sample_configuration(name, crm.name, shop.name)).name

    def _named(self, name: str, endpoint: Endpoint) -> Endpoint:
        existing = self._endpoints.list()
        own = next((each for each in existing if replace(each, name="") == endpoint), None)
        return own or replace(endpoint, name=_free_name(name, {each.name for each in existing}))

    def _has_files(self) -> bool:
        files = (self._database, self._shop / "customers.csv", self._shop / "orders.csv")
        return all(file.is_file() for file in files)

    def _make_files(self, crm: Endpoint, shop: Endpoint) -> None:
        self._remove_files()
        for folder in (self._folder, self._shop):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_empty_database()
        data = make_sample_data()
        with closing(self._endpoints.open(crm.name)) as session:
            _fill(session, CRM_CUSTOMERS, [_crm_customer(each) for each in data.crm_customers])
            numbered = enumerate(data.crm_orders, start=1)
            _fill(session, CRM_ORDERS, [_crm_order(number, each) for number, each in numbered])
        with closing(self._endpoints.open(shop.name)) as session:
            _fill(session, SHOP_CUSTOMERS, [_shop_customer(each) for each in data.shop_customers])
            _fill(session, SHOP_ORDERS, [_shop_order(each) for each in data.shop_orders])

    def _remove_files(self) -> None:
        journals = [self._database.with_name(self._database.name + end) for end in ("-wal", "-shm", "-journal")]
        files = [self._shop / "customers.csv", self._shop / "orders.csv", self._database, *journals]
        for file in files:
            file.unlink(missing_ok=True)

    def _make_empty_database(self) -> None:
        """An SQLite file without tables, for its owner only.

        Made here and not by the provider: that one refuses a file that is not there, so that a mistyped path never
        makes an empty database that looks as if all records were deleted.
        """
        os.close(os.open(self._database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(self._database)) as connection:
            connection.execute("VACUUM")  # writes the header, so that the file is known as a database from now on


def _free_name(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    candidates = (name, f"{name} (sample)", *(f"{name} (sample {number})" for number in range(2, len(used) + 3)))
    return next(each for each in candidates if each not in used)


def _fill(session: EndpointSession, structure: Structure, rows: Rows) -> None:
    """The structure is there with these records; values are given in their types' plain text form."""
    import pyarrow as pa

    session.create_structure(structure)
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(structure.field_names, columns, strict=True)}
    )
    batch = WriteBatch(Operation.CREATE, [None] * len(rows), structure.field_names, table)
    with session.writer(structure) as writer:
        writer.stage(batch)
        results = writer.commit()
    if any(status != WriteStatus.WRITTEN for result in results for status in result.statuses):
        raise BugError(f"the sample's {structure.name} were not all written")


def _crm_customer(customer: Customer) -> tuple[str | None, ...]:
    return (
        str(customer.number),
        customer.first_name,
        customer.last_name,
        customer.company,
        customer.email,
        customer.phone,
        customer.city,
        customer.country,
        customer.since.isoformat(),
        customer.extra,
        str(customer.updated_at),
    )


def _shop_customer(customer: Customer) -> tuple[str | None, ...]:
    return (
        str(customer.number),
        customer.email,
        customer.first_name,
        customer.last_name,
        customer.company,
        customer.phone,
        customer.city,
        dict(COUNTRIES)[customer.country],
        customer.since.isoformat(),
        customer.extra,
        str(customer.updated_at),
    )


def _crm_order(number: int, order: Order) -> tuple[str | None, ...]:
    return (
        str(number),
        order.number,
        str(order.customer),
        order.ordered_on.isoformat(),
        str(order.amount),
        order.state,
        str(order.updated_at),
    )


def _shop_order(order: Order) -> tuple[str | None, ...]:
    amount = f"{order.amount:f}".rstrip("0").rstrip(".")  # the shop writes 24 and 89.9 for 24.00 and 89.90
    return (
        order.number,
        str(order.customer),
        order.ordered_on.isoformat(),
        amount,
        dict(STATES)[order.state],
        str(order.updated_at),
    )
