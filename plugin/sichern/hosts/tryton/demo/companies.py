"""Countries, currencies, the two companies, their employees and users."""

from datetime import date
from decimal import Decimal
from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.demo.records import PROFILES, Company, Profile

COUNTRIES = {
    "DE": ("Germany", "DEU", "276", {"DE-BY": "Bayern", "DE-NW": "Nordrhein-Westfalen"}),
    "CH": ("Switzerland", "CHE", "756", {"CH-ZH": "Zürich", "CH-BE": "Bern"}),
    "AT": ("Austria", "AUT", "040", {"AT-9": "Wien"}),
}
GERMAN = {"DE": "Deutschland", "CH": "Schweiz", "AT": "Österreich"}
CURRENCIES = {"EUR": ("Euro", "€", "978"), "CHF": ("Swiss Franc", "Fr.", "756"),
              "USD": ("US Dollar", "$", "840")}
# One price of each currency, in euro's terms; fixed so that every demo has the same amounts.
RATES = {"EUR": "1.0", "CHF": "0.945", "USD": "1.125"}
# What a bookkeeper may use, where the module that brings the group is active.
GROUPS = (
    ("account", "group_account"), ("account", "group_account_admin"),
    ("account_product", "group_account_product_admin"), ("stock", "group_stock"),
    ("party", "group_party_admin"), ("product", "group_product_admin"),
    ("sale", "group_sale"), ("purchase", "group_purchase"), ("production", "group_production"),
    ("account_statement", "group_statement"), ("account_payment", "group_payment"),
    ("project", "group_project_admin"),
)
# Whose members may back up, too.
ADMINISTRATORS = ("res", "group_admin")


def add_places(languages: tuple[str, ...]) -> None:
    """Add three countries with subdivisions and three currencies with a rate."""
    pool = Pool()
    country = pool.get("country.country")
    kinds = {"DE": "state", "CH": "canton", "AT": "state"}
    countries = country.create([
        {
            "name": name, "code": code, "code3": code3, "code_numeric": numeric,
            "subdivisions": [("create", [
                {"name": label, "code": part, "type": kinds[code]}
                for part, label in parts.items()
            ])],
        }
        for code, (name, code3, numeric, parts) in COUNTRIES.items()
    ])
    if "de" in languages:
        for one in countries:
            translate(one, "name", GERMAN[one.code])
    pool.get("currency.currency").create([
        {
            "name": name, "symbol": symbol, "code": code, "numeric_code": numeric,
            "rounding": Decimal("0.01"), "digits": 2,
            "rates": [("create", [
                {"date": date(2026, 1, 1), "rate": Decimal(RATES[code])},
                {"date": date(2026, 7, 1), "rate": Decimal(RATES[code]) + Decimal("0.0025")},
            ])] if code != "EUR" else [("create", [
                {"date": date(2026, 1, 1), "rate": Decimal(1)},
            ])],
        }
        for code, (name, symbol, numeric) in CURRENCIES.items()
    ])


def translate(record: Any, field: str, text: str, language: str = "de") -> None:
    """Give a translatable field its text in another language."""
    model = type(record)
    with Transaction().set_context(language=language):
        model.write([model(record.id)], {field: text})


def add_companies() -> tuple[Company, ...]:
    """Add the companies with a party, an employee and a user each; `chef` administers both."""
    companies = tuple(_add_company(profile) for profile in PROFILES)
    _add_user("chef", "Christa Hoffmann", companies, (*GROUPS, ADMINISTRATORS))
    return companies


def _add_company(profile: Profile) -> Company:
    pool = Pool()
    currency, = pool.get("currency.currency").search([("code", "=", profile.currency)])
    country, = pool.get("country.country").search([("code", "=", profile.country)])
    subdivision, = pool.get("country.subdivision").search([("code", "=", profile.subdivision)])
    kind, code = profile.tax_identifier
    party, person = pool.get("party.party").create([
        {
            "name": profile.name,
            "addresses": [("create", [{
                "street_name": profile.street, "building_number": profile.number,
                "postal_code": profile.postal_code, "city": profile.city,
                "country": country.id, "subdivision": subdivision.id,
            }])],
            "identifiers": [("create", [{"type": kind, "code": code}])],
        },
        {
            "name": profile.employee,
            "addresses": [("create", [{"city": profile.city, "country": country.id}])],
        },
    ])
    company, = pool.get("company.company").create([
        {"party": party.id, "currency": currency.id, "timezone": "Europe/Berlin"},
    ])
    employee, = pool.get("company.employee").create([
        {"party": person.id, "company": company.id, "start_date": date(2026, 1, 1)},
    ])
    made = Company(
        id=company.id, party=party.id, currency=currency.id, country=country.id,
        employee=employee.id, user=0, profile=profile,
    )
    login, name = profile.user
    user = _add_user(login, name, (made,))
    return Company(**{**vars(made), "user": user})


def _add_user(
    login: str, name: str, companies: tuple[Company, ...],
    groups: tuple[tuple[str, str], ...] = GROUPS,
) -> int:
    pool = Pool()
    data = pool.get("ir.model.data")
    known = data.search(["OR", *(
        [("module", "=", module), ("fs_id", "=", group), ("model", "=", "res.group")]
        for module, group in groups
    )])
    language = pool.get("ir.lang").search([("code", "=", "de"), ("translatable", "=", True)])
    user, = pool.get("res.user").create([{
        "login": login, "name": name, "password": f"{login}-sichern",
        "email": f"{login}@example.com",
        "language": language[0].id if language else None,
        "groups": [("add", [entry.db_id for entry in known])],
        "companies": [("add", [company.id for company in companies])],
        "company": companies[0].id,
        "employees": [("add", [company.employee for company in companies])],
        "employee": companies[0].employee,
    }])
    # A secret that no backup may hold.
    pool.get("ir.session").create([{"key": f"sitzung-{login}-4711"}])
    return int(user.id)
