"""The proof: what is written is checked row by row, by code that knows nothing of the plan.

It reads the finished lines of the archive, and knows of each table only which column holds the
tenant and which one the parent. A row of another tenant makes the run fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sichern.schema.tsv import unescape
from sichern.tenancy.errors import ForeignRow
from sichern.tenancy.glance import Glance
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern_hooks import N_, Polymorphic, Role

NULL = b"\\N"
ZERO = ord("0")
PAGE_BITS = 16
PAGE_MASK = (1 << PAGE_BITS) - 1
FEW = 128


class KeySet:
    """A set of keys as they stand in lines.

    Integers lie in pages of 65,536 neighbours: a set while few are there, then a bit each
    (8 KiB), so that neither millions of rows nor widely scattered keys need much memory.
    """

    def __init__(self) -> None:
        self._pages: dict[int, set[int] | bytearray] = {}
        self._others: set[bytes] = set()

    def add(self, key: bytes) -> None:
        """Add a key."""
        if not _is_number(key):
            self._others.add(key)
            return
        place = int(key)
        page = self._pages.setdefault(place >> PAGE_BITS, set())
        place &= PAGE_MASK
        if isinstance(page, bytearray):
            page[place >> 3] |= 1 << (place & 7)
            return
        page.add(place)
        if len(page) > FEW:
            bits = bytearray(1 << (PAGE_BITS - 3))
            for each in page:
                bits[each >> 3] |= 1 << (each & 7)
            self._pages[int(key) >> PAGE_BITS] = bits

    def __contains__(self, key: bytes) -> bool:
        if not _is_number(key):
            return key in self._others
        place = int(key)
        page = self._pages.get(place >> PAGE_BITS, ())
        place &= PAGE_MASK
        if isinstance(page, bytearray):
            return bool(page[place >> 3] & (1 << (place & 7)))
        return place in page


def _is_number(key: bytes) -> bool:
    """Whether a key is the one spelling of an integer: `7`, not `007`."""
    return key.isdigit() and (key[0] != ZERO or len(key) == 1)


@dataclass(frozen=True, kw_only=True)
class _Check:
    """Where a table's lines say whose they are; positions count the columns of a line."""

    name: str
    key: tuple[int, ...]
    tenant: int | None
    nullable: bool
    parent: tuple[int, ...]
    fields: int


@dataclass(kw_only=True)
class Proof:
    """Checks every line of every table, parents before their children."""

    model: TenancyModel
    tenant: str
    written: dict[str, KeySet] = field(default_factory=dict)
    named: dict[str, KeySet] = field(default_factory=dict)
    _pending: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    _checks: dict[str, _Check] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._kept = {
            name
            for table in self.model.tables.values()
            if table.parent is not None
            for name in self.model.targets(table.parent)
        } | {table.name for table in self.model.tables.values() if table.documents}

    def identities(self, table: str, lines: bytes) -> None:
        """Remember the rows that are only named: parents of rows that hang on them."""
        if table in self._kept:
            keys = self.named.setdefault(table, KeySet())
            width = len(self.model.tables[table].key)
            for line in filter(None, lines.split(b"\n")):
                keys.add(b"\t".join(line.split(b"\t", width)[:width]))

    def glance(self, name: str) -> Glance:
        """Say what must be seen of the lines of a table; `rows` judges what was seen.

        Where each line must carry the tenant and no key is kept, that are the lines that do not.
        """
        check = self._check(name)
        plain = check.tenant is not None and not check.nullable and name not in self._kept
        return Glance(
            position=check.tenant or 0,
            tenant=self.tenant.encode() if plain else None,
            fields=check.fields,
        )

    def rows(self, name: str, lines: bytes) -> None:
        """Check a block of complete lines of a table.

        Raises ForeignRow at the first row that is another tenant's, or whose parent was not
        written before it.
        """
        table, check = self.model.tables[name], self._check(name)
        nameable = table.role in (Role.SYSTEM, Role.IDENTITY, Role.PRIVATE)
        tenant = self.tenant.encode()
        keys = self.written.setdefault(name, KeySet()) if name in self._kept else None
        for line in filter(None, lines.split(b"\n")):
            values = line.split(b"\t", check.fields)
            key = b"\t".join([values[position] for position in check.key])
            if keys is not None:
                keys.add(key)
            if check.tenant is not None:
                carried = values[check.tenant]
                if carried == tenant:
                    continue
                if carried != NULL or not check.nullable:
                    raise ForeignRow(
                        table=name, key=key.decode(), reason=f"{table.tenant} = {carried.decode()}"
                    )
            if nameable:
                raise ForeignRow(table=name, key=key.decode(), reason=str(table.role))
            if check.parent:
                self._parent(table, key, [values[position] for position in check.parent])
            elif check.tenant is None and table.role is Role.OWNED:
                raise ForeignRow(table=name, key=key.decode(), reason=N_("no parent"))

    def finish(self, name: str) -> None:
        """Settle rows whose parent stands later in the same table."""
        for table, key, parent in self._pending:
            if parent not in self.written.get(name, ()):
                raise ForeignRow(table=table, key=key.decode(), reason=f"parent {parent.decode()}")
        self._pending.clear()

    def document(self, name: str, key: str) -> None:
        """Check that a document belongs to a row that was written.

        Raises ForeignRow.
        """
        if key.encode() not in self.written.get(name, ()):
            raise ForeignRow(table=name, key=key, reason="document")

    def _check(self, name: str) -> _Check:
        if name not in self._checks:
            self._checks[name] = self._find_check(self.model.tables[name])
        return self._checks[name]

    def _find_check(self, table: TenantTable) -> _Check:
        names = [column.name for column in table.columns]
        parent: Sequence[str] = ()
        if isinstance(table.parent, ForeignLink):
            parent = table.parent.columns
        elif isinstance(table.parent, Polymorphic):
            parent = [name for name in (table.parent.column, table.parent.key_column) if name]
        positions = tuple(names.index(name) for name in parent)
        tenant = names.index(table.tenant) if table.tenant is not None else None
        key = tuple(names.index(name) for name in table.key)
        return _Check(
            name=table.name,
            key=key,
            tenant=tenant,
            nullable=table.role is not Role.OWNED,
            parent=positions if table.role in (Role.OWNED, Role.PART_OF, Role.USED_WITH) else (),
            fields=max([*key, *positions, tenant or 0]) + 1,
        )

    def _parent(self, table: TenantTable, key: bytes, values: list[bytes]) -> None:
        """Check that the parent of a row was written, or is named where the row is not owned.

        A row that is not owned may have no parent at all: then it is shared.
        """
        if table.role is not Role.OWNED and values[0] == NULL:
            return
        where, parent = self._parent_of(table, values)
        if where is None:
            raise ForeignRow(
                table=table.name, key=key.decode(), reason=f"parent {b','.join(values).decode()}"
            )
        if parent in self.written.get(where, ()):
            return
        if table.role is not Role.OWNED and parent in self.named.get(where, ()):
            return
        if where == table.name:
            self._pending.append((table.name, key, parent))
            return
        raise ForeignRow(
            table=table.name, key=key.decode(), reason=f"parent {where} {parent.decode()}"
        )

    def _parent_of(self, table: TenantTable, values: list[bytes]) -> tuple[str | None, bytes]:
        link = table.parent
        if isinstance(link, ForeignLink):
            return link.target, b"\t".join(values)
        assert isinstance(link, Polymorphic)
        kind, _, rest = values[0].partition(b",")
        key = values[1] if link.key_column else rest
        return _target(link.targets, kind), key


def _target(targets: Mapping[str, str], kind: bytes) -> str | None:
    return targets.get(unescape(kind.decode()) or "")
