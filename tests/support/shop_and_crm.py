"""Two small systems that hold the same customers under different names, for tests of services and wizards."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from desktop_sync.core.configuration import Endpoint, Entity, FieldMapping, PerSide, SyncConfiguration
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.services.configuration_setup.configurations import ConfigurationService
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.services.unattended.scheduling import ScheduleService
from tests.support.memory_provider import MemoryProvider, MemoryRegistry, MemorySecrets, MemoryStore, SetClock

CUSTOMER = Structure(
    "Customer",
    (
        Field("CustomerId", FieldType.INTEGER, nullable=False, is_unique=True, is_generated=True),
        Field("FirstName", FieldType.TEXT, length=40, is_required=True, nullable=False),
        Field("Email", FieldType.TEXT, length=60, is_required=True, nullable=False),
        Field("Phone", FieldType.TEXT, length=24),
        Field("PostalCode", FieldType.TEXT, length=10),
        Field("Credit", FieldType.DECIMAL, scale=2),
        Field("UpdatedAt", FieldType.TIMESTAMP),
    ),
    ("CustomerId",),
)
CUSTOMERS_CSV = Structure(
    "customers",
    tuple(Field(name, is_typed=False) for name in ("no", "given_name", "e-mail", "tel", "zip", "credit", "updated_at")),
    ("no",),
)
NAMES = ("Ada", "Bea", "Cleo", "Dora", "Eve", "Fay", "Gil", "Hal")


def crm_rows() -> list[tuple[object, ...]]:
    return [
        (n, name, f"{name}@example.org", f"+43 1 {n:03d}", f"10{n}0", n * 1.5, datetime(2026, 2, 1, 8, n, 7))
        for n, name in enumerate(NAMES, 1)
    ]


def shop_rows() -> list[tuple[object, ...]]:
    return [
        (f"S{n}", name, f"{name}@Example.org", f"+431{n:03d}", f"10{n}0", f"{n * 1.5:.2f}", f"2026-02-01 08:{n:02d}:09")
        for n, name in enumerate(NAMES, 1)
    ]


class Scene:
    """The services over both systems, as the program makes them."""

    def __init__(self, home: Path) -> None:
        self.provider = MemoryProvider()
        self.store = MemoryStore()
        self.secrets = MemorySecrets()
        self.clock = SetClock()
        self.home = home
        self.registry = MemoryRegistry(self.provider)
        self.endpoints = EndpointService(self.store, self.registry, self.secrets)
        self.schedules = ScheduleService(self.store, self.clock, home)  # type: ignore[arg-type]
        self.configurations = ConfigurationService(self.store, self.endpoints, self.schedules, self.clock)  # type: ignore[arg-type]

    def furnish(self) -> Scene:
        for name in ("CRM", "Shop"):
            self.store.save_endpoint(Endpoint(name, "memory", {"folder": name.lower()}))
        self.provider.add("CRM", CUSTOMER, crm_rows())
        self.provider.add("Shop", CUSTOMERS_CSV, shop_rows())
        return self


def customers_entity() -> Entity:
    return Entity(
        "customers",
        PerSide("Customer", "customers"),
        (
            FieldMapping("Email", "e-mail", identifying=True, normal_form=("trim", "lower")),
            FieldMapping("FirstName", "given_name"),
            FieldMapping("Phone", "tel", normal_form=("digits",)),
        ),
        modified=PerSide("UpdatedAt", "updated_at"),
    )


def customers() -> SyncConfiguration:
    return SyncConfiguration("Customers", "CRM", "Shop", (customers_entity(),))
