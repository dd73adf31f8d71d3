"""A demo system: two companies with books, stock and documents, made by Tryton itself.

`build` makes the database in this process, `python -m sichern.hosts.tryton.demo` in its own.
trytond's configuration belongs to the process, and its kind of database is chosen when it is
first imported: one process makes databases of one kind, as many as it likes.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sichern.hosts.tryton.demo.configuration import check_backend, use_config, write_config
from sichern.hosts.tryton.demo.errors import NoCopies
from sichern.hosts.tryton.demo.progress import Tell, silent

__all__ = ["ADMIN_PASSWORD", "DEMO_MODULES", "build", "write_config"]

DEMO_MODULES = (
    "account", "account_invoice", "account_product", "company", "country", "currency", "party",
    "product", "stock", "stock_lot",
)
# The users `anna`, `bernd` and `chef` have `<login>-sichern`.
ADMIN_PASSWORD = "admin-sichern"  # noqa: S105 - of a demo, printed for whoever looks at it


def build(
    uri: str,
    database: str,
    folder: Path,
    *,
    invoices: int = 200,
    modules: Sequence[str] = DEMO_MODULES,
    languages: Sequence[str] = ("de",),
    bare: Sequence[str] = (),
    progress: Tell = silent,
) -> None:
    """Make the demo database, with its configuration in `<folder>/trytond.conf`.

    `uri` is `sqlite://` (the file is `<folder>/<database>.sqlite`) or `postgresql://...`;
    documents go below `folder` on both. `invoices` is the number of customer invoices of each
    company; credit notes, supplier invoices and stock moves grow with it. `modules` beyond
    `DEMO_MODULES` get a few records of their own where the demo knows them. `bare` are names of
    copies on SQLite with the same modules and nothing else: no company, no country. `progress` is
    called with each step before it is done: a msgid, and values by keyword.

    Raises OtherBackend, NoCopies, DatabaseExists and ModuleMissing.
    """
    check_backend(uri)
    scheme = urlsplit(uri).scheme
    if bare and scheme != "sqlite":
        raise NoCopies(backend=scheme)
    use_config(write_config(folder, uri))
    from sichern.hosts.tryton.demo import story

    story.tell(
        database, count=invoices, modules=tuple(modules), languages=tuple(languages),
        password=ADMIN_PASSWORD, bare=tuple(bare), progress=progress,
    )
