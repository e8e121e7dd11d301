"""The records of the sample project: two systems of one small company that nobody has kept the same.

Made from word lists by a seeded generator: the same on every machine. All e-mail addresses are on reserved domains.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

_SEED = 20250301
_CUSTOMERS_IN_BOTH = 36
_CUSTOMERS_IN_CRM = 13
_CUSTOMERS_IN_SHOP = 11
_ORDERS_IN_BOTH = 104
_ORDERS_IN_CRM = 26
_ORDERS_IN_SHOP = 20

COUNTRIES: tuple[tuple[str, str], ...] = (
    ("AT", "Austria"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("ES", "Spain"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("NL", "Netherlands"),
    ("PT", "Portugal"),
    ("SE", "Sweden"),
)
STATES: tuple[tuple[str, str], ...] = (("NEW", "n"), ("PAID", "p"), ("SHIPPED", "s"), ("CANCELLED", "c"))

_PLACES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("AT", "+43 {} {}", ("Vienna", "Graz", "Linz", "Salzburg")),
    ("CA", "+1 ({}) {}", ("Toronto", "Montréal", "Halifax")),
    ("CH", "+41 {} {}", ("Zürich", "Genève", "Basel")),
    ("DE", "+49 {}/{}", ("Hamburg", "München", "Köln", "Leipzig")),
    ("ES", "+34 {} {}", ("Madrid", "Sevilla", "Bilbao")),
    ("FR", "+33 {} {}", ("Lyon", "Nantes", "Lille")),
    ("GB", "+44 {}-{}", ("Leeds", "Bristol", "Glasgow")),
    ("IE", "+353 {} {}", ("Dublin", "Cork")),
    ("IT", "+39 {} {}", ("Torino", "Bologna", "Trieste")),
    ("NL", "+31 {} {}", ("Utrecht", "Delft", "Groningen")),
    ("PT", "+351 {} {}", ("Lisboa", "Porto", "Coimbra")),
    ("SE", "+46 {}-{}", ("Göteborg", "Malmö", "Uppsala")),
)
_FIRST = (
    "Anna Ben Clara David Elena Felix Greta Hugo Ines Jonas Karla Léon Maya Nils Olivia Paul Rosa Simon Tess Viktor "
    "Zoë Adam Bianca Chiara Daniel Emma Finn Grace Henrik Isabel Jack Katja Lucas Marta Noah Paula Quentin Ruth Stefan "
    "Teresa"
)
_LAST = (
    "Ahlberg Bauer Costa Dubois Eriksson Fischer García Hughes Ivanov Jansen Keller Lefèvre Moreau Novák O'Brien "
    "Pereira Quinn Rossi Schneider Taylor Urban Visser Wagner Young Zimmermann Almeida Brandt Conti Doyle Egger "
    "Ferrari Gruber Hofer Jones Krüger Lindqvist Martin Navarro Olsson Petit"
)
_COMPANIES = (
    "Alpine Outdoor",
    "Blue Harbour Café",
    "Cedar & Stone",
    "Fjord Design",
    "Green Lane Garden",
    "Hillside Books",
    "Lighthouse Studio",
    "Maple Street Bakery",
    "North Star Bikes",
    "Old Town Pharmacy",
    "Riverbank School",
    "Sunny Side Hotel",
)
_DOMAINS = ("example.org", "example.com", "example.net")
_SELLERS = ("M. Steiner", "J. Clarke", "L. Bianchi")
_PRICES = ("9.90", "14.50", "24.00", "39.95", "59.90", "89.00", "120.50", "249.00")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as one of the systems knows it. `number` is that system's own; `extra` is a field that is not mapped:
    the sales person in the CRM, the newsletter wish in the shop."""

    number: int
    first_name: str
    last_name: str
    company: str | None
    email: str
    phone: str | None
    city: str
    country: str
    since: date
    extra: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order as one of the systems knows it; `customer` is the customer's number there."""

    number: str
    customer: int
    ordered_on: date
    amount: Decimal
    state: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SampleData:
    """What stands in the two systems before the first run."""

    crm_customers: tuple[Customer, ...]
    crm_orders: tuple[Order, ...]
    shop_customers: tuple[Customer, ...]
    shop_orders: tuple[Order, ...]


def make_sample_data() -> SampleData:
    """The same records every time."""
    return _Maker().make()


_Edit = Callable[[Customer], Customer]
_EDITS: tuple[tuple[_Edit, _Edit], ...] = (
    (lambda it: replace(it, company="Harbour & Sons"), lambda it: replace(it, company="Harbour and Sons Ltd.")),
    (lambda it: replace(it, phone="+44 20 5510203"), lambda it: replace(it, phone="+44205599118")),
    (lambda it: replace(it, last_name="Kowalski"), lambda it: replace(it, last_name="Kowalska")),
    (lambda it: replace(it, company="Fjord Design"), lambda it: replace(it, phone="+46317700321")),
    (lambda it: replace(it, phone=None), lambda it: replace(it, company="Sunny Side Hotel")),
)


class _Maker:
    def __init__(self) -> None:
        self._chance = random.Random(_SEED)  # noqa: S311 - sample records are no secrets
        total = _CUSTOMERS_IN_BOTH + _CUSTOMERS_IN_CRM + _CUSTOMERS_IN_SHOP
        pairs = [(first, last) for first in _FIRST.split() for last in _LAST.split()]
        self._names = self._chance.sample(pairs, total)

    def make(self) -> SampleData:
        people = [self._customer(number, *name) for number, name in enumerate(self._names, start=1)]
        both = people[:_CUSTOMERS_IN_BOTH]
        in_crm = [*both, *people[_CUSTOMERS_IN_BOTH : _CUSTOMERS_IN_BOTH + _CUSTOMERS_IN_CRM]]
        in_shop = [*both, *people[_CUSTOMERS_IN_BOTH + _CUSTOMERS_IN_CRM :]]
        self._chance.shuffle(in_crm)
        self._chance.shuffle(in_shop)
        crm_number = {person.number: number for number, person in enumerate(in_crm, start=1)}
        shop_number = {person.number: number for number, person in enumerate(in_shop, start=1001)}
        crm_orders, shop_orders = self._orders(both, in_crm, in_shop, crm_number, shop_number)
        shop_view = {person.number: self._in_shop(person) for person in in_shop}
        crm_view = {person.number: person for person in in_crm}
        self._edit_apart([person.number for person in both], crm_view, shop_view)
        return SampleData(
            tuple(replace(crm_view[person.number], number=crm_number[person.number]) for person in in_crm),
            tuple(crm_orders),
            tuple(replace(shop_view[person.number], number=shop_number[person.number]) for person in in_shop),
            tuple(shop_orders),
        )

    def _customer(self, number: int, first: str, last: str) -> Customer:
        chance = self._chance
        country, pattern, cities = chance.choice(_PLACES)
        since = date(2021, 1, 4) + timedelta(days=chance.randrange(1400))
        phone = pattern.format(chance.randrange(20, 899), f"{chance.randrange(10, 99)} {chance.randrange(1000, 99999)}")
        return Customer(
            number,
            first,
            last,
            chance.choice(_COMPANIES) if chance.random() < 0.35 else None,
            f"{_plain(first)}.{_plain(last)}@{chance.choice(_DOMAINS)}",
            phone if chance.random() < 0.9 else None,
            chance.choice(cities),
            country,
            since,
            chance.choice(_SELLERS),
            self._moment(),
        )

    def _moment(self) -> datetime:
        return datetime(2025, 1, 7, 8) + timedelta(seconds=self._chance.randrange(80 * 24 * 60 * 60))

    def _in_shop(self, person: Customer) -> Customer:
        """The same customer as typed into the shop: other letter case, trailing spaces, plain phone number."""
        email = person.email
        habit = self._chance.random()
        if habit < 0.2:
            email = email.title()
        elif habit < 0.3:
            email = email.upper()
        elif habit < 0.45:
            email += " "
        phone = person.phone and "".join(each for each in person.phone if each in "+0123456789")
        newsletter = self._chance.choice(("yes", "no"))
        return replace(person, email=email, phone=phone, extra=newsletter)

    def _edit_apart(self, both: Sequence[int], crm: dict[int, Customer], shop: dict[int, Customer]) -> None:
        """Somebody changed these in one system or both, and nobody in the other."""
        for index, (in_crm, in_shop) in enumerate(_EDITS):
            number = both[index]
            crm_at, shop_at = datetime(2025, 4, 2, 9, 15), datetime(2025, 4, 3, 16, 40)
            if index % 2:
                crm_at, shop_at = shop_at, crm_at
            crm[number] = replace(in_crm(crm[number]), updated_at=crm_at)
            shop[number] = replace(in_shop(shop[number]), updated_at=shop_at)

    def _orders(
        self,
        both: Sequence[Customer],
        in_crm: Sequence[Customer],
        in_shop: Sequence[Customer],
        crm_number: dict[int, int],
        shop_number: dict[int, int],
    ) -> tuple[list[Order], list[Order]]:
        crm: list[Order] = []
        shop: list[Order] = []
        for number in range(1, _ORDERS_IN_BOTH + 1):
            # By phone (P) or on the web (W); these have been entered in both systems.
            order, person = self._order(f"{'PW'[number % 2]}-25{number:04}", both)
            in_crm_now = in_shop_now = order
            if number % 17 == 0:  # paid for, and the shop has not heard yet that the parcel has left
                in_shop_now = replace(order, state="PAID")
                in_crm_now = replace(order, state="SHIPPED", updated_at=order.updated_at + timedelta(hours=5))
            elif number % 23 == 0:  # new, and the CRM has not heard of the payment yet
                in_crm_now = replace(order, state="NEW")
                in_shop_now = replace(order, state="PAID", updated_at=order.updated_at + timedelta(hours=2))
            shop.append(replace(in_shop_now, customer=shop_number[person.number]))
            crm.append(replace(in_crm_now, customer=crm_number[person.number]))
        for number in range(1, _ORDERS_IN_CRM + 1):
            order, person = self._order(f"P-25{500 + number:04}", in_crm)
            crm.append(replace(order, customer=crm_number[person.number]))
        for number in range(1, _ORDERS_IN_SHOP + 1):
            order, person = self._order(f"W-25{700 + number:04}", in_shop)
            shop.append(replace(order, customer=shop_number[person.number]))
        return crm, shop

    def _order(self, number: str, people: Sequence[Customer]) -> tuple[Order, Customer]:
        person = self._chance.choice(people)
        updated_at = self._moment()
        state = self._chance.choices([state for state, _ in STATES], weights=(2, 4, 8, 1))[0]
        items = self._chance.choices(_PRICES, k=self._chance.randint(1, 4))
        amount = sum((Decimal(price) for price in items), Decimal("0.00"))
        ordered_on = updated_at.date() - timedelta(days=self._chance.randrange(12))
        return Order(number, person.number, ordered_on, amount, state, updated_at), person


def _plain(name: str) -> str:
    """Small letters from a to z only, as in an address."""
    return "".join(each for each in unicodedata.normalize("NFKD", name.lower()) if "a" <= each <= "z")
