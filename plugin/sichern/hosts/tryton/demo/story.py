"""The steps in which a demo system comes into being, one transaction each."""

from sichern.hosts.tryton.demo import (
    accounting,
    companies,
    documents,
    invoices,
    parties,
    products,
    stock,
)
from sichern.hosts.tryton.demo.database import Session, activate, check_modules, copy, create
from sichern.hosts.tryton.demo.more import Scene, additions
from sichern.hosts.tryton.demo.progress import Tell
from sichern.hosts.tryton.demo.records import Books, Company, Goods, Partners
from sichern_hooks import N_


def tell(
    database: str, *, count: int, modules: tuple[str, ...], languages: tuple[str, ...],
    password: str, bare: tuple[str, ...], progress: Tell,
) -> None:
    """Create the database, activate the modules, copy it for `bare`, and fill it."""
    check_modules(modules)
    progress(N_("create database"))
    create(database)
    session = Session(database)
    progress(N_("activate modules"))
    activate(session, modules, languages, password)
    for name in bare:
        copy(database, name)
    fill(session, count=count, modules=modules, languages=languages, progress=progress)


def fill(
    session: Session, *, count: int, modules: tuple[str, ...], languages: tuple[str, ...],
    progress: Tell,
) -> None:
    """Fill a database whose modules are active and which has no company yet."""
    progress(N_("companies"))
    session.run(companies.add_places, languages)
    owners = session.run(companies.add_companies)
    chart = "de" if "de" in languages else "en"
    books = []
    for company in owners:
        progress(N_("books of %(company)s"), company=company.profile.name)
        own = _as_its_user(session, company)
        own.run(accounting.add_chart, company, chart)
        books.append(own.run(accounting.add_books, company))
    progress(N_("parties and products"))
    shared = session.run(parties.add_shared, owners)
    goods = _as_its_user(session, owners[0]).run(
        products.add_products, books[0].category, languages
    )
    for company, own_books in zip(owners, books, strict=True):
        scene = _trade(session, company, own_books, shared, goods, count, progress)
        own = _as_its_user(session, company)
        for add in additions(modules):
            progress(
                N_("further records of %(company)s: %(kind)s"),
                company=company.profile.name,
                kind=add.__module__.rpartition(".")[2],
            )
            own.run(add, scene)
    progress(N_("documents"))
    session.run(documents.add_common, owners, goods)
    session.run(documents.empty_queue)


def _as_its_user(session: Session, company: Company) -> Session:
    """Work as the company's own user does, so that records say who made them."""
    return session.acting(
        company.user, company=company.id, companies=[company.id], employee=company.employee
    )


def _trade(
    session: Session, company: Company, books: Books, shared: Partners, goods: Goods,
    count: int, progress: Tell,
) -> Scene:
    own = _as_its_user(session, company)
    name = company.profile.name
    partners = own.run(parties.add_own, company, shared)
    own.run(products.set_prices, company, goods)
    posted: list[int] = []
    values = invoices.plan(company, books, partners, goods, count)
    for batch in invoices.batches(values):
        progress(
            N_("invoices of %(company)s: %(done)d of %(total)d"),
            company=name, done=len(posted), total=len(values),
        )
        made = own.run(invoices.post, batch)
        own.run(invoices.pay, company, books, made, len(posted))
        posted += made
    own.run(invoices.draft, values[:1])
    progress(N_("stock of %(company)s"), company=name)
    own.run(stock.add_sequence, company)
    own.run(stock.receive, company, goods, count)
    own.run(stock.deliver, company, partners, goods, count)
    progress(N_("documents of %(company)s"), company=name)
    own.run(documents.add_own, company, posted)
    return Scene(company=company, books=books, partners=partners, goods=goods)
