"""What the steps of the demo hand on: ids, since records do not outlive a transaction."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How one of the demo's companies looks to people."""

    name: str
    short: str
    currency: str
    country: str
    subdivision: str
    street: str
    number: str
    postal_code: str
    city: str
    tax_identifier: tuple[str, str]
    tax_rate: str
    user: tuple[str, str]
    employee: str


MUSTER = Profile(
    name="Muster GmbH", short="MU", currency="EUR", country="DE", subdivision="DE-BY",
    street="Königstraße", number="12", postal_code="90402", city="Nürnberg",
    tax_identifier=("eu_vat", "DE136695976"), tax_rate="0.19",
    user=("anna", "Anna Schütz"), employee="Anna Schütz",
)
BEISPIEL = Profile(
    name="Beispiel AG", short="BE", currency="CHF", country="CH", subdivision="CH-ZH",
    street="Bahnhofstrasse", number="7", postal_code="8001", city="Zürich",
    tax_identifier=("ch_vat", "CHE107787577IVA"), tax_rate="0.081",
    user=("bernd", "Bernd Müller"), employee="Bernd Müller",
)
PROFILES = (MUSTER, BEISPIEL)


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company, its currency, its one employee, and the user who keeps its books."""

    id: int
    party: int
    currency: int
    country: int
    employee: int
    user: int
    profile: Profile


@dataclass(frozen=True, kw_only=True)
class Books:
    """The accounts and settings with which a company's invoices are made."""

    receivable: int
    payable: int
    revenue: int
    expense: int
    cash: int
    sales_tax: int
    purchase_tax: int
    sales_journal: int
    purchase_journal: int
    cash_journal: int
    payment_term: int
    category: int


@dataclass(frozen=True, kw_only=True)
class Partners:
    """Parties by what the company does with them; `(party, address)` each."""

    customers: tuple[tuple[int, int], ...]
    suppliers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Goods:
    """Products of both companies: `goods` have lots, `services` have not."""

    goods: tuple[int, ...]
    services: tuple[int, ...]
    unused: int
    unit: int
    lots: tuple[tuple[int, int], ...]
