"""A block that is judged as a whole is judged as its lines are, one by one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.schema.columns import WireColumn
from sichern.tenancy.errors import ForeignRow
from sichern.tenancy.glance import Seen
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern.tenancy.proof import Proof
from sichern_hooks import Role

Line = tuple[bytes, bytes, bytes, bytes]
COLUMNS = ("key", "tenant", "parent", "other")
KEY = st.sampled_from([b"1", b"2", b"3", b"01", b"0", b"-1", b"9223372036854775807", b"a", b""])
TENANT = st.sampled_from([b"1", b"1", b"1", b"2", b"11", b"", b"\\N"])
LINE = st.tuples(KEY, TENANT, KEY | st.just(b"\\N"), KEY)
BLOCKS = st.lists(st.lists(LINE, max_size=4), max_size=3)
ROLES = st.sampled_from([Role.OWNED, Role.OWNED, Role.PART_OF, Role.USED_WITH, Role.SYSTEM])


def table_of(
    name: str, role: Role, columns: Sequence[str], tenant: str | None, target: str | None
) -> TenantTable:
    """A table of text columns; `target` is the table of its parents."""
    parent = ForeignLink(columns=("parent",), target=str(target), target_columns=("key",))
    return TenantTable(
        name=name, label=name, role=role, key=("key",),
        columns=tuple(WireColumn(name=each, wire="text", nullable=True) for each in columns),
        wires={}, tenant=tenant, parent=None if target is None else parent, links=(), identity=(),
        natural_keys=(), embedded=(), documents=(), derived=frozenset(), stamps=frozenset(),
        uniques=(), trees=(), shipped=None, history_of=None,
    )  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, name: str, above: Sequence[str]) -> TenantTable:
    """A table whose columns stand in any order, and whose parent may be the table itself."""
    return table_of(
        name,
        draw(ROLES),
        draw(st.permutations(COLUMNS)),
        draw(st.none() | st.just("tenant")),
        draw(st.none() | st.sampled_from([*above, name])),
    )


def block_of(table: TenantTable, lines: Sequence[Line]) -> bytes:
    """Lines as the archive has them, in the order of the table's columns."""
    values = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
    return b"".join(
        b"\t".join(each[column.name] for column in table.columns) + b"\n" for each in values
    )


def judged(model: TenancyModel, blocks: dict[str, list[bytes]], together: bool) -> bool:
    """Whether everything passes, each block alone, or what was seen of all of them together."""
    proof = Proof(model=model, tenant="1")
    try:
        for name, of_table in blocks.items():
            proof.identities(name, b"3\tonly named\n")
            seen = [proof.glance(name).at(block) for block in of_table]
            for each in [Seen.united(seen)] if together else seen:
                proof.rows(name, each)
            proof.finish(name)
    except ForeignRow:
        return False
    return True


@given(
    above=tables("above", ()),
    below=tables("below", ("above",)),
    lines_above=BLOCKS,
    lines_below=BLOCKS,
)
def test_blocks_pass_where_their_lines_do(
    above: TenantTable,
    below: TenantTable,
    lines_above: list[list[Line]],
    lines_below: list[list[Line]],
) -> None:
    model = TenancyModel(
        dialect="sqlite", schema=None, tables={"above": above, "below": below}, external=None
    )
    blocks = {
        "above": [block_of(above, lines) for lines in lines_above],
        "below": [block_of(below, lines) for lines in lines_below],
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Proof, "_by_parent", lambda *_: False)
        one_by_one = {
            name: [block_of(model.tables[name], [line]) for lines in given_lines for line in lines]
            for name, given_lines in (("above", lines_above), ("below", lines_below))
        }
        expected = judged(model, one_by_one, together=False)
    assert judged(model, blocks, together=False) == expected
    assert judged(model, blocks, together=True) == expected


def test_a_line_of_which_only_an_empty_key_is_seen_is_judged_too() -> None:
    table = table_of("t", Role.SYSTEM, ["key"], None, None)
    model = TenancyModel(dialect="sqlite", schema=None, tables={"t": table}, external=None)
    assert not judged(model, {"t": [b"\n"]}, together=False)
