from __future__ import annotations

import dataclasses
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop_sync.core import configuration_check
from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.finding import Level
from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.core.provider_port import Provider
from desktop_sync.providers.csv.provider import CsvProvider
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.services.sample.sample_configuration import sample_configuration
from desktop_sync.services.sample.sample_data import Customer, make_sample_data
from desktop_sync.services.sample.sample_project import SampleProject
from tests.support.definition_store_fake import MemoryDefinitionStore


class Registry:
    def names(self) -> tuple[str, ...]:
        return ("csv", "sql")

    def get(self, name: str) -> Provider:
        return CsvProvider() if name == "csv" else SqlProvider()


class NoSecrets:
    def read(self, name: str) -> SecretReading:
        return SecretReading(SecretState.ABSENT)

    def write(self, name: str, value: str) -> SecretState:
        return SecretState.NO_BACK_END

    def delete(self, name: str) -> SecretState:
        return SecretState.ABSENT

    @property
    def is_lasting(self) -> bool:
        return True

    def describe(self) -> str:
        return "Nowhere."


class Store(MemoryDefinitionStore):
    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []
        self.is_running = False

    @contextmanager
    def hold(self, configuration: str) -> Iterator[None]:
        if self.is_running:
            raise AlreadyRunningError(configuration, "the window")
        yield

    def delete_configuration(self, name: str) -> None:
        super().delete_configuration(name)
        self.deleted.append(name)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def sample(store: Store, own_home: Path) -> SampleProject:
    return SampleProject(own_home, store, EndpointService(store, Registry(), NoSecrets()))


def crm_rows(home: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(home / "sample" / "crm.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_data_is_the_same_every_time() -> None:
    assert make_sample_data() == make_sample_data()


def test_the_records_overlap_in_part_and_five_customers_contradict_each_other() -> None:
    data = make_sample_data()
    crm = {each.email.strip().lower(): each for each in data.crm_customers}
    shop = {each.email.strip().lower(): each for each in data.shop_customers}
    assert len(crm) == len(data.crm_customers)
    assert len(shop) == len(data.shop_customers)
    assert (len(crm | shop), len(crm.keys() & shop.keys())) == (60, 36)
    assert len({each.number for each in (*data.crm_orders, *data.shop_orders)}) == 150

    def mapped(customer: Customer) -> dict[str, object]:
        values = dataclasses.asdict(customer)
        phone = values["phone"] and "".join(each for each in values["phone"] if each in "+0123456789")
        ignored = ("number", "email", "extra", "updated_at")
        return {key: value for key, value in values.items() if key not in ignored} | {"phone": phone}

    different = [email for email in crm.keys() & shop.keys() if mapped(crm[email]) != mapped(shop[email])]
    assert len(different) == 5
    assert all(crm[email].updated_at != shop[email].updated_at for email in different)
    assert any(each.email != each.email.strip() for each in data.shop_customers)
    assert any(each.email != each.email.lower() for each in data.shop_customers)


def test_every_order_belongs_to_a_customer_of_the_same_system_and_of_the_other() -> None:
    data = make_sample_data()
    email_in_crm = {each.number: each.email.lower().strip() for each in data.crm_customers}
    email_in_shop = {each.number: each.email.lower().strip() for each in data.shop_customers}
    of_crm = {order.number: email_in_crm[order.customer] for order in data.crm_orders}
    of_shop = {order.number: email_in_shop[order.customer] for order in data.shop_orders}
    shared = of_crm.keys() & of_shop.keys()
    assert len(shared) == 104
    assert all(of_crm[number] == of_shop[number] for number in shared)


def test_all_addresses_are_on_reserved_domains() -> None:
    data = make_sample_data()
    domains = Counter(each.email.strip().lower().partition("@")[2] for each in data.crm_customers + data.shop_customers)
    assert set(domains) == {"example.org", "example.com", "example.net"}


def test_the_configuration_has_no_error() -> None:
    findings = configuration_check.check(sample_configuration("CRM and Shop", "CRM", "Shop"))
    assert [finding.message for finding in findings if finding.level is not Level.NOTE] == []


def test_the_sample_stands_in_a_database_and_a_folder_of_files(
    sample: SampleProject, store: Store, own_home: Path
) -> None:
    assert sample.create() == "CRM and Shop"
    data = make_sample_data()
    assert crm_rows(own_home, "SELECT count(*) FROM customers") == [(len(data.crm_customers),)]
    first = data.crm_orders[0]
    assert crm_rows(own_home, "SELECT order_no, customer_id, amount FROM orders WHERE id = 1") == [
        (first.number, first.customer, float(first.amount))
    ]
    lines = (own_home / "sample" / "shop" / "orders.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "order_no,customer_no,ordered_on,total,status,updated_at"
    assert len(lines) == len(data.shop_orders) + 1
    assert [endpoint.name for endpoint in store.endpoints()] == ["CRM", "Shop"]


def test_the_database_is_readable_by_its_owner_only(sample: SampleProject, own_home: Path) -> None:
    sample.create()
    assert stat.S_IMODE((own_home / "sample" / "crm.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE((own_home / "sample").stat().st_mode) == 0o700


def test_a_sample_that_is_there_is_kept_with_its_edits(sample: SampleProject, store: Store, own_home: Path) -> None:
    sample.create()
    orders = own_home / "sample" / "shop" / "orders.csv"
    orders.write_text("order_no,customer_no,ordered_on,total,status,updated_at\n", encoding="utf-8")
    assert sample.create() == "CRM and Shop"
    assert len(orders.read_text(encoding="utf-8").splitlines()) == 1
    assert store.deleted == []


def test_a_reset_makes_data_and_configuration_anew(sample: SampleProject, store: Store, own_home: Path) -> None:
    sample.create()
    orders = own_home / "sample" / "shop" / "orders.csv"
    orders.write_text("order_no\n", encoding="utf-8")
    assert sample.create(reset=True) == "CRM and Shop"
    assert len(orders.read_text(encoding="utf-8").splitlines()) == 125
    assert store.deleted == ["CRM and Shop"]


def test_a_sample_that_was_cut_off_while_it_was_made_is_made_again(
    sample: SampleProject, store: Store, own_home: Path
) -> None:
    sample.create()
    store.delete_configuration("CRM and Shop")
    (own_home / "sample" / "shop" / "orders.csv").unlink()
    assert sample.create() == "CRM and Shop"
    assert (own_home / "sample" / "shop" / "orders.csv").is_file()


def test_endpoints_and_configurations_of_the_same_name_are_not_touched(sample: SampleProject, store: Store) -> None:
    real = Endpoint("CRM", "sql", {"file": "real.sqlite"})
    store.save_endpoint(real)
    own = store.save_configuration(SyncConfiguration("CRM and Shop", "CRM", "CRM", ()))
    assert sample.create() == "CRM and Shop (sample)"
    assert store.endpoint_by_name["CRM"] == real
    assert store.configuration_by_name["CRM and Shop"] == own
    made = store.configuration_by_name["CRM and Shop (sample)"]
    assert (made.a, made.b) == ("CRM (sample)", "Shop")
    assert sample.create() == "CRM and Shop (sample)"


def test_nothing_is_made_anew_under_a_run(sample: SampleProject, store: Store, own_home: Path) -> None:
    sample.create()
    store.is_running = True
    before = (own_home / "sample" / "shop" / "orders.csv").read_bytes()
    with pytest.raises(AlreadyRunningError):
        sample.create(reset=True)
    assert (own_home / "sample" / "shop" / "orders.csv").read_bytes() == before
    assert store.deleted == []
