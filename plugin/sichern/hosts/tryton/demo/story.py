"""The steps in which a demo system comes into being, one transaction each."""

from collections.abc import Callable

from sichern.hosts.tryton.demo import (
    accounting,
    companies,
    documents,
    invoices,
    parties,
    products,
    stock,
)
from sichern.hosts.tryton.demo.database import Session, activate, check_modules, create
from sichern.hosts.tryton.demo.more import Scene, additions
from sichern.hosts.tryton.demo.records import Books, Company, Goods, Partners


def tell(
    database: str, *, count: int, modules: tuple[str, ...], languages: tuple[str, ...],
    password: str, progress: Callable[[str], None],
) -> None:
    """Create the database, activate the modules, and fill it."""
    check_modules(modules)
    progress("create database")
    create(database)
    session = Session(database)
    progress("activate modules")
    activate(session, modules, languages, password)
    fill(session, count=count, modules=modules, languages=languages, progress=progress)


def fill(
    session: Session, *, count: int, modules: tuple[str, ...], languages: tuple[str, ...],
    progress: Callable[[str], None],
) -> None:
    """Fill a database whose modules are active and which has no company yet."""
    progress("companies")
    session.run(companies.add_places, languages)
    owners = session.run(companies.add_companies)
    chart = "de" if "de" in languages else "en"
    books = []
    for company in owners:
        progress(f"books of {company.profile.name}")
        own = _as_its_user(session, company)
        own.run(accounting.add_chart, company, chart)
        books.append(own.run(accounting.add_books, company))
    progress("parties and products")
    shared = session.run(parties.add_shared, owners)
    goods = _as_its_user(session, owners[0]).run(
        products.add_products, books[0].category, languages
    )
    for company, own_books in zip(owners, books, strict=True):
        scene = _trade(session, company, own_books, shared, goods, count, progress)
        own = _as_its_user(session, company)
        for add in additions(modules):
            progress(f"{add.__module__.rpartition('.')[2]} of {company.profile.name}")
            own.run(add, scene)
    progress("documents")
    session.run(documents.add_common, owners, goods)
    session.run(documents.empty_queue)


def _as_its_user(session: Session, company: Company) -> Session:
    """Work as the company's own user does, so that records say who made them."""
    return session.acting(
        company.user, company=company.id, companies=[company.id], employee=company.employee
    )


def _trade(
    session: Session, company: Company, books: Books, shared: Partners, goods: Goods,
    count: int, progress: Callable[[str], None],
) -> Scene:
    own = _as_its_user(session, company)
    name = company.profile.name
    partners = own.run(parties.add_own, company, shared)
    own.run(products.set_prices, company, goods)
    posted: list[int] = []
    values = invoices.plan(company, books, partners, goods, count)
    for batch in invoices.batches(values):
        progress(f"invoices of {name}: {len(posted)} of {len(values)}")
        made = own.run(invoices.post, batch)
        own.run(invoices.pay, company, books, made, len(posted))
        posted += made
    own.run(invoices.draft, values[:1])
    progress(f"stock of {name}")
    own.run(stock.add_sequence, company)
    own.run(stock.receive, company, goods, count)
    own.run(stock.deliver, company, partners, goods, count)
    progress(f"documents of {name}")
    own.run(documents.add_own, company, posted)
    return Scene(company=company, books=books, partners=partners, goods=goods)
