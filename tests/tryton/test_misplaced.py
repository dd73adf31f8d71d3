"""A row that carries a company is that company's, wherever somebody put it.

The proof has nothing to refuse then: no pair holds a row of another company. So a line that SQL
put into an invoice of another company stays with its own, as its users see it in the ERP too, and
where it stands is listed, not followed.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.sichern import back_up_all
from tests.support.tryton import copy_sqlite, demo_sqlite

LINE = "account_invoice_line"


def test_a_line_in_another_companys_invoice_goes_with_its_own_company(tmp_path: Path) -> None:
    database = copy_sqlite(demo_sqlite(), tmp_path / "erp")
    with closing(sqlite3.connect(database.file)) as connection, connection:
        line, invoice = connection.execute(
            f"SELECT min(line.id), min(other.id) FROM {LINE} line, account_invoice other"
            " WHERE line.company = 1 AND line.invoice IS NOT NULL AND other.company = 2"
        ).fetchone()
        connection.execute(f"UPDATE {LINE} SET invoice = ? WHERE id = ?", (invoice, line))
    pairs = back_up_all(database, tmp_path)
    assert str(line) in pairs["1"].keys(LINE)
    assert str(line) not in pairs["2"].keys(LINE)
    assert str(invoice) not in pairs["1"].keys("account_invoice")
    listed = [LINE, str(line), "invoice", "account_invoice", str(invoice), "other-tenant"]
    assert listed in pairs["1"].lines("references.tsv")
