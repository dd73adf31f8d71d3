"""What Tryton itself says of a company's books, stock and documents, to one of its users.

Everything is named as people name it (numbers, codes, names), never by an id: what is printed
before an export and after an import elsewhere is equal, or something is lost.

The user is made for the occasion, with the groups of a bookkeeper and access to this company
alone, and is gone at the end: the transaction is rolled back. Access is checked throughout.

trytond belongs to the process, so this is a program: `python -m tests.tryton.judge --config F
--database D --company NAME...` prints JSON by company; `ask` runs it.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.tryton import TrytonDatabase, run_tryton

LAST_DAY = date(2026, 12, 31)
GROUPS = (
    "group_account", "group_stock", "group_party_admin", "group_product_admin",
    "group_account_product_admin",
)
LOCATIONS = ("storage", "customer", "supplier", "lost_found", "production")

Verdict = Mapping[str, Sequence[Sequence[str]]]
"""By question, the sorted lines of the answer."""


def ask(database: TrytonDatabase, *companies: str) -> dict[str, Verdict]:
    """Ask the ORM of a database in a process of its own; the verdicts by the company's name."""
    done = run_tryton(
        ["-m", "tests.tryton.judge", "--config", str(database.config),
         "--database", database.name, "--company", *companies],
        database.uri,
    )
    answer: dict[str, Verdict] = json.loads(done.stdout)
    return answer


def differences(before: Verdict, after: Verdict) -> dict[str, object]:
    """Where two verdicts differ: by question, the lines that only one of them has."""
    found: dict[str, object] = {}
    for question in sorted({*before, *after}):
        one = {tuple(each) for each in before.get(question, ())}
        other = {tuple(each) for each in after.get(question, ())}
        if list(before.get(question, ())) != list(after.get(question, ())):
            found[question] = {"before": sorted(one - other), "after": sorted(other - one)}
    return found


def judge(config: Path, database: str, company: str) -> Verdict:
    """Ask every question in this process's trytond; `company` is its name, or its id."""
    with acting(config, database, company) as made:
        return {
            question: sorted([_spelled(part) for part in line] for line in answer(made))
            for question, answer in QUESTIONS.items()
        }


def _spelled(part: object) -> str:
    """One spelling of equal numbers: databases keep different scales."""
    if isinstance(part, Decimal | float):
        number = Decimal(str(part))
        return f"{number.normalize():f}" if number else "0"
    return str(part)


@contextmanager
def acting(
    config: Path, database: str, company: str, *, keep: bool = False, **extras: object
) -> Iterator[Any]:
    """Work as a new user of the company, with access checked; gives the company's record.

    Nothing stays, the user neither, unless `keep`. `extras` are of trytond's transaction.
    """
    from trytond import config as settings
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    settings.update_etc(str(config))
    known = database in Pool.database_list()
    pool = Pool(database)
    if not known:
        pool.init()
    context = {"_skip_warnings": True}
    with Transaction().start(database, 0, context=context, **extras) as transaction:
        try:
            named = ("id", "=", int(company)) if company.isdigit() else ("party.name", "=", company)
            (record,) = pool.get("company.company").search([named])
            user = _add_user(pool, record)
            with (
                transaction.set_user(user.id),
                transaction.set_context(
                    type(user).get_preferences(context_only=True),
                    company=record.id, companies=[record.id], _check_access=True,
                ),
            ):
                yield pool.get("company.company")(record.id)
        except BaseException:
            transaction.rollback()
            raise
        if keep:
            transaction.commit()
        else:
            transaction.rollback()
        transaction.tasks.clear()


def _add_user(pool: Any, company: Any) -> Any:
    data = pool.get("ir.model.data")
    known = data.search([("model", "=", "res.group"), ("fs_id", "in", list(GROUPS))])
    existing = pool.get("res.user").search([("login", "=", f"pruefer-{company.id}")])
    if existing:
        return existing[0]
    user, = pool.get("res.user").create([{
        "login": f"pruefer-{company.id}", "name": "Petra Prüfer",
        "groups": [("add", [entry.db_id for entry in known])],
        "companies": [("add", [company.id])], "company": company.id,
    }])
    return user


def _with(**context: object) -> Any:
    from trytond.transaction import Transaction

    return Transaction().set_context(**context)


def _model(name: str) -> Any:
    from trytond.pool import Pool

    return Pool().get(name)


Lines = Iterator[tuple[object, ...]]


def trial_balance(company: Any) -> Lines:
    """Debit, credit and balance of every account over the fiscal year, its children included."""
    for year in _model("account.fiscalyear").search([("company", "=", company.id)]):
        with _with(fiscalyear=year.id):
            for account in _model("account.account").search([("company", "=", company.id)]):
                yield year.name, account.rec_name, account.debit, account.credit, account.balance


def general_ledger(company: Any) -> Lines:
    """The same as Tryton's own report asks it."""
    for year in _model("account.fiscalyear").search([("company", "=", company.id)]):
        with _with(fiscalyear=year.id):
            for line in _model("account.general_ledger.account").search(
                [("company", "=", company.id)]
            ):
                yield (
                    year.name, line.account.rec_name, line.start_balance, line.debit,
                    line.credit, line.end_balance,
                )


def balance_sheet(company: Any) -> Lines:
    """The amount of every line of the balance sheet and the income statement, with its place."""
    types = _model("account.account.type")
    with _with(date=LAST_DAY):
        for one in types.search([("company", "=", company.id)]):
            yield one.statement, _path(one), one.sequence, one.amount


def _path(record: Any) -> str:
    return (f"{_path(record.parent)}/" if record.parent else "") + str(record.name)


def receivables_and_payables(company: Any) -> Lines:
    """What every customer owes and every supplier is owed; those that are even left out."""
    for party in _model("party.party").search([]):
        if party.receivable or party.payable:
            yield party.name, party.receivable, party.payable


def open_lines(company: Any) -> Lines:
    """Every line that is still to be paid, with its day."""
    for line in _model("account.move.line").search([
        ("move.company", "=", company.id), ("account.reconcile", "=", True),
        ("reconciliation", "=", None),
    ]):
        party = line.party.name if line.party else None
        yield (
            line.move.number, line.account.code, party, line.maturity_date, line.debit, line.credit
        )


def stock(company: Any) -> Lines:
    """The quantity of every product and lot at every location."""
    product, lot, location = map(_model, ("product.product", "stock.lot", "stock.location"))
    places = location.search([("type", "in", list(LOCATIONS))])
    with _with(stock_date_end=LAST_DAY, forecast=False):
        found = product.products_by_location(
            [place.id for place in places], grouping=("product", "lot")
        )
    for (place, one, its_lot), quantity in found.items():
        if quantity:
            yield (
                product(one).rec_name, lot(its_lot).number if its_lot else None,
                location(place).rec_name, quantity,
            )


def invoices(company: Any) -> Lines:
    """Number, totals and state of every invoice."""
    for one in _model("account.invoice").search([("company", "=", company.id)]):
        yield (
            one.number, one.type, one.reference, one.description, one.party.name, one.invoice_date,
            one.untaxed_amount, one.tax_amount, one.total_amount, one.state, one.amount_to_pay,
            one.move.number if one.move else None, len(one.lines), bool(one.reconciled),
        )


def authors(company: Any) -> Lines:
    """Who made and who last changed each posted invoice."""
    for one in _model("account.invoice").search(
        [("company", "=", company.id), ("state", "in", ["posted", "paid"])]
    ):
        changed = one.write_uid.rec_name if one.write_uid else None
        yield one.number, one.create_uid.rec_name, one.create_date, changed, one.write_date


def attachments(company: Any) -> Lines:
    """The content of every attachment and the text of every note of the company's records."""
    ours = _records_of(company)
    for one in _model("ir.attachment").search([]):
        if str(one.resource) in ours:
            data = hashlib.sha256(bytes(one.data)).hexdigest() if one.data else None
            yield "file", one.resource.rec_name, one.name, one.type, data, one.link
    for one in _model("ir.note").search([]):
        if str(one.resource) in ours:
            yield "note", one.resource.rec_name, one.message


def _records_of(company: Any) -> set[str]:
    """Invoices, with the parties and products that they name, as references."""
    found = {str(company), str(company.party)}
    for one in _model("account.invoice").search([("company", "=", company.id)]):
        found |= {str(one), str(one.party)}
        for line in one.lines:
            if line.product:
                found |= {str(line.product), str(line.product.template)}
    return found


def prices(company: Any) -> Lines:
    """What the company asks and pays for the products that it trades in, and its accounts."""
    moves = _model("stock.move").search([("company", "=", company.id)])
    for one in {move.product for move in moves}:
        yield (
            one.rec_name, one.template.list_price, one.cost_price,
            one.account_revenue_used.rec_name, one.account_expense_used.rec_name,
            ", ".join(tax.name for tax in one.customer_taxes_used),
        )


QUESTIONS = {
    each.__name__: each
    for each in (
        trial_balance, general_ledger, balance_sheet, receivables_and_payables, open_lines, stock,
        invoices, authors, attachments, prices,
    )
}


def main() -> None:
    """Print the verdicts as JSON."""
    parser = argparse.ArgumentParser(description="what Tryton says of a company")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--company", nargs="+", required=True)
    chosen = parser.parse_args()
    found = {name: judge(chosen.config, chosen.database, name) for name in chosen.company}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
