"""The sample project's structures and its configuration, as a person would have set them up in the wizards."""

from __future__ import annotations

from desktop_sync.core.configuration import DeleteRule, Entity, FieldMapping, PerSide, SyncConfiguration
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.services.sample.sample_data import COUNTRIES, STATES

CRM_CUSTOMERS = Structure(
    "customers",
    (
        Field("id", FieldType.INTEGER, nullable=False),
        Field("first_name", length=60),
        Field("last_name", nullable=False, length=60),
        Field("company", length=120),
        Field("email", nullable=False, length=254, is_unique=True),
        Field("phone", length=40),
        Field("city", length=80),
        Field("country", length=2),
        Field("customer_since", FieldType.DATE),
        Field("sales_person", length=60),
        Field("updated_at", FieldType.TIMESTAMP),
    ),
    key=("id",),
)
CRM_ORDERS = Structure(
    "orders",
    (
        Field("id", FieldType.INTEGER, nullable=False),
        Field("order_no", nullable=False, length=20, is_unique=True),
        Field("customer_id", FieldType.INTEGER, nullable=False),
        Field("ordered_on", FieldType.DATE),
        Field("amount", FieldType.DECIMAL, scale=2),
        Field("state", length=12),
        Field("updated_at", FieldType.TIMESTAMP),
    ),
    key=("id",),
)


def _text_file(name: str, *fields: str) -> Structure:
    return Structure(name, tuple(Field(field, is_typed=False) for field in fields), key=fields[:1])


SHOP_CUSTOMERS = _text_file(
    "customers",
    "customer_no",
    "email",
    "first_name",
    "last_name",
    "company",
    "phone",
    "city",
    "country",
    "registered",
    "newsletter",
    "updated_at",
)
SHOP_ORDERS = _text_file("orders", "order_no", "customer_no", "ordered_on", "total", "status", "updated_at")

_PLAIN_PHONE = "regexp_replace(phone, '[^0-9+]', '', 'g')"
# The stamp is only carried along to new records: each system keeps its own for those that it has.
_STAMP = FieldMapping("updated_at", "updated_at", only_new=True)


def sample_configuration(name: str, crm: str, shop: str) -> SyncConfiguration:
    """The configuration between the endpoints of these names."""
    return SyncConfiguration(name, crm, shop, (_customers(), _orders()))


def _customers() -> Entity:
    return Entity(
        "customers",
        PerSide(CRM_CUSTOMERS.name, SHOP_CUSTOMERS.name),
        (
            FieldMapping("email", "email", identifying=True, normal_form=("trim", "lower")),
            FieldMapping("first_name", "first_name", normal_form=("trim",)),
            FieldMapping("last_name", "last_name", normal_form=("trim",)),
            FieldMapping("company", "company", normal_form=("trim",)),
            FieldMapping("phone", "phone", to_b=_PLAIN_PHONE, to_a="phone"),
            FieldMapping("city", "city", normal_form=("trim",)),
            FieldMapping("country", "country", value_map=COUNTRIES),
            FieldMapping("customer_since", "registered"),
            _STAMP,
        ),
        delete=PerSide(DeleteRule.DELETE, DeleteRule.UNLINK),  # who leaves the shop stays a customer in the CRM
        modified=PerSide("updated_at", "updated_at"),
        key=PerSide((), ("customer_no",)),
    )


def _orders() -> Entity:
    return Entity(
        "orders",
        PerSide(CRM_ORDERS.name, SHOP_ORDERS.name),
        (
            FieldMapping("order_no", "order_no", identifying=True, normal_form=("trim",)),
            FieldMapping("customer_id", "customer_no", lookup="customers"),
            FieldMapping("ordered_on", "ordered_on"),
            FieldMapping("amount", "total"),
            FieldMapping("state", "status", value_map=STATES),
            _STAMP,
        ),
        delete=PerSide(DeleteRule.DELETE, DeleteRule.UNLINK),
        modified=PerSide("updated_at", "updated_at"),
        key=PerSide((), ("order_no",)),
    )
