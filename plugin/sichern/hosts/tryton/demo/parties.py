"""Customers and suppliers: some of one company, some of both, one of none."""

from random import Random

from trytond.pool import Pool

from sichern.hosts.tryton.demo.records import Company, Partners

# Customers and suppliers that both companies deal with, then those of one company each.
SHARED = ("Bäckerei Süßmilch & Söhne", "Österreichische Öl-Handels GmbH", "Café Zürichsee")
FIRST = ("Schäfer", "Weiß", "Jäger", "Groß", "Böhm", "Kühn", "Vögel", "Lößner", "Grünwald", "Höfer")
TRADE = ("Druckerei", "Schreinerei", "Gärtnerei", "Metzgerei", "Spedition", "Weinhandel")
STREETS = ("Mühlgasse", "Lindenstraße", "Am Fluß", "Höhenweg", "Schloßplatz")
CUSTOMERS, SUPPLIERS = 20, 4
NOBODYS = "Noch Ohne Beleg e. K."
FORMER = "Früher Einmal GmbH"


def add_shared(companies: tuple[Company, ...]) -> Partners:
    """Add the parties of both companies, one that no document names, and an inactive one."""
    pool = Pool()
    category = pool.get("party.category")
    kinds = {
        name: category.create([{"name": name}])[0].id
        for name in ("Kunde", "Lieferant", "Stammkunde")
    }
    category.create([{"name": "Premium", "parent": kinds["Kunde"]}])
    rng = Random(1)  # noqa: S311 - the same addresses in every demo
    shared = _add([_party(name, companies[0].country, rng, kinds["Stammkunde"], n)
                   for n, name in enumerate(SHARED)])
    _add([_party(NOBODYS, companies[0].country, rng, kinds["Kunde"], 90)])
    former, = _add([_party(FORMER, companies[0].country, rng, kinds["Kunde"], 91)])
    party = pool.get("party.party")
    party.write([party(former[0])], {"active": False})
    _add_rates_of_exchange_sequence()
    return Partners(customers=shared, suppliers=shared[1:2])


def add_own(company: Company, shared: Partners) -> Partners:
    """Add the company's own customers and suppliers."""
    pool = Pool()
    kinds = {c.name: c.id for c in pool.get("party.category").search([])}
    rng = Random(company.id)  # noqa: S311 - the same addresses in every demo
    short = company.profile.short
    names = [
        f"{TRADE[n % len(TRADE)]} {FIRST[n % len(FIRST)]} {short}{n + 1:02d}"
        for n in range(CUSTOMERS)
    ]
    customers = _add([_party(name, company.country, rng, kinds["Kunde"], n)
                      for n, name in enumerate(names)])
    suppliers = _add([
        _party(f"Großhandel {FIRST[n]} {short}{n + 1:02d}", company.country, rng,
               kinds["Lieferant"], n)
        for n in range(SUPPLIERS)
    ])
    return Partners(
        customers=customers + shared.customers, suppliers=suppliers + shared.suppliers
    )


def _add(values: list[dict[str, object]]) -> tuple[tuple[int, int], ...]:
    parties = Pool().get("party.party").create(values)
    return tuple((party.id, party.addresses[0].id) for party in parties)


def _party(name: str, country: int, rng: Random, category: int, number: int) -> dict[str, object]:
    mail = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
    languages = Pool().get("ir.lang").search([("code", "=", "de")])
    values: dict[str, object] = {
        "name": name,
        "categories": [("add", [category])],
        "lang": languages[0].id,
        "addresses": [("create", [{
            "street_name": STREETS[number % len(STREETS)],
            "building_number": str(rng.randrange(1, 120)),
            "postal_code": f"{rng.randrange(1000, 9999)}",
            "city": rng.choice(("Nürnberg", "Köln", "Zürich", "Düsseldorf", "Genève")),
            "country": country,
        }])],
        "contact_mechanisms": [("create", [
            {"type": "email", "value": f"{mail}@example.com"},
            {"type": "website", "value": f"https://{mail}.example.com"},
        ])],
    }
    if number % 5 == 0:
        values["identifiers"] = [("create", [{"type": None, "code": f"HRB-{mail}-{number}"}])]
    return values


def _add_rates_of_exchange_sequence() -> None:
    """Add a sequence of no company, which both may draw from."""
    pool = Pool()
    kind = pool.get("ir.model.data").get_id("party", "sequence_type_party")
    pool.get("ir.sequence").create([
        {"name": "Gemeinsame Parteien", "sequence_type": kind, "company": None, "prefix": "GP-"},
    ])
