"""Transactions beside the one that goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from trytond.transaction import Transaction


@contextmanager
def of_its_own(database: str) -> Iterator[None]:
    """A transaction of Tryton's root, also at the end of one that is not off the stack yet."""
    with Transaction(new=True).start(database, 0, context={"_check_access": False}):
        yield
