"""The proof: every row that is written is checked, by code that knows nothing of the plan.

It reads the finished lines of the archive, and knows of each table only which column holds the
tenant and which one the parent. A row of another tenant makes the run fail.

Most blocks are right: then it suffices that no line carries anything but the tenant, or that the
parents of all lines are among those written. Where that does not hold, each line is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sichern.schema.tsv import unescape
from sichern.tenancy.errors import ForeignRow
from sichern.tenancy.glance import Glance, Seen
from sichern.tenancy.keyset import KeySet
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern_hooks import N_, Polymorphic, Role

NULL = b"\\N"
NOBODY = KeySet.of(NULL)
"""The parent of a row that is shared."""
NAMEABLE = (Role.SYSTEM, Role.IDENTITY, Role.PRIVATE)


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
            keys.update(
                [
                    b"\t".join(line.split(b"\t", width)[:width])
                    for line in _lines(lines)
                ]
            )

    def glance(self, name: str) -> Glance:
        """Say what must be seen of the lines of a table; `rows` judges what was seen.

        Where each line must carry the tenant, only those that do not.
        """
        check = self._check(name)
        plain = check.tenant is not None and not check.nullable
        return Glance(
            position=check.tenant or 0,
            tenant=self.tenant.encode() if plain else None,
            fields=check.fields,
            keys=check.key if name in self._kept else (),
            parents=check.parent if self._by_parent(name) else (),
        )

    def rows(self, name: str, seen: Seen) -> None:
        """Check lines of a table, of which its glance saw this.

        Raises ForeignRow at the first row that is another tenant's, or whose parent was not
        written before it.
        """
        table, check = self.model.tables[name], self._check(name)
        if name in self._kept:
            self.written.setdefault(name, KeySet()).unite(seen.keys)
        if self._by_parent(name) and seen.parents.within(*self._parents(name)):
            return
        nameable = table.role in NAMEABLE
        tenant = self.tenant.encode()
        for line in _lines(seen.lines):
            values = line.split(b"\t", check.fields)
            key = b"\t".join([values[position] for position in check.key])
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

    def _by_parent(self, name: str) -> bool:
        """Whether the parents of a table's rows say all that there is to say of whose they are."""
        table, check = self.model.tables[name], self._check(name)
        return (
            check.tenant is None
            and table.role not in NAMEABLE
            and bool(check.parent)
            and isinstance(table.parent, ForeignLink)
        )

    def _parents(self, name: str) -> list[KeySet]:
        """The sets among which the parents of a table's rows must be."""
        table = self.model.tables[name]
        assert isinstance(table.parent, ForeignLink)
        written = self.written.get(table.parent.target, KeySet())
        if table.role is Role.OWNED:
            return [written]
        return [written, self.named.get(table.parent.target, KeySet()), NOBODY]

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


def _lines(block: bytes) -> list[bytes]:
    """The lines of a block without their line feeds; a line may be empty."""
    return block.split(b"\n")[:-1]


def _target(targets: Mapping[str, str], kind: bytes) -> str | None:
    return targets.get(unescape(kind.decode()) or "")
