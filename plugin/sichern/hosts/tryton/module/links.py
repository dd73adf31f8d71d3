"""Where a browser finds what this module serves beside Tryton's own."""

from urllib.parse import quote

from trytond.transaction import Transaction
from trytond.url import http_base


def address_here() -> str:
    """Give the address below which the pages for the transaction's database lie."""
    database = quote(Transaction().database.name, safe="")
    return f"{http_base().rstrip('/')}/{database}/sichern"
