"""What an addition works with: one company with its books, partners and goods."""

from dataclasses import dataclass
from typing import Any

from trytond.pool import Pool

from sichern.hosts.tryton.demo.records import Books, Company, Goods, Partners


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The company for which records are added, in a transaction of its user."""

    company: Company
    books: Books
    partners: Partners
    goods: Goods

    @property
    def short(self) -> str:
        """The two letters that make a name this company's."""
        return self.company.profile.short

    @property
    def customer(self) -> tuple[int, int]:
        """A customer's party and address."""
        return self.partners.customers[0]

    @property
    def supplier(self) -> tuple[int, int]:
        """A supplier's party and address."""
        return self.partners.suppliers[0]

    def account(self, code: str) -> int:
        """Give the company's account of that code."""
        (account,) = Pool().get("account.account").search(
            [("code", "=", code), ("company", "=", self.company.id)]
        )
        return int(account.id)

    def open_lines(self, kind: str, limit: int) -> list[Any]:
        """Give move lines that nobody has paid yet: `receivable` or `payable`."""
        found: list[Any] = Pool().get("account.move.line").search(
            [
                ("account.company", "=", self.company.id),
                (f"account.type.{kind}", "=", True),
                ("debit" if kind == "receivable" else "credit", ">", 0),
                ("reconciliation", "=", None), ("move.state", "=", "posted"),
            ],
            order=[("id", "ASC")], limit=limit,
        )
        return found
