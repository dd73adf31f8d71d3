"""Put what the pair holds beside the target's tables: rows, identities, the list of documents."""

from collections.abc import Callable, Iterator

from sichern.archive.names import DOCUMENTS, Kind, parse_member
from sichern.archive.reader import ArchiveReader
from sichern.target.documents import COLUMNS, STAGED
from sichern.target.remap import Remap
from sichern.target.session import TargetSession
from sichern.target.stage import stage


def stage_pair(
    session: TargetSession, remap: Remap, reader: ArchiveReader, step: Callable[[str], None]
) -> None:
    """Stage every member with rows; `step` is called at each block, with the table's name.

    Raises what `stage` raises.
    """
    members: dict[tuple[Kind, str], list[str]] = {}
    for member in reader.members:
        name = parse_member(member.name)
        if name is not None and name.table is not None:
            members.setdefault((name.kind, name.table), []).append(member.name)

    def blocks(kind: Kind, table: str) -> Iterator[bytes]:
        for name in members.get((kind, table), ()):
            for block in reader.blocks(name):
                step(table)
                yield block

    for table in remap.mapped:
        said = remap.manifest.tables[table.name]
        for kind, place, columns in (
            (Kind.DATA, remap.staged(table.name), said.columns),
            (Kind.IDENTITIES, remap.named(table.name), said.identity),
        ):
            if (kind, table.name) in members:
                stage(
                    session,
                    place,
                    columns,
                    blocks(kind, table.name),
                    table=table.name,
                    like=remap.sql.table(table.name),
                    numeric_as_bytes=remap.model.numeric_as_bytes,
                )
    stage(session, STAGED, COLUMNS, reader.blocks(DOCUMENTS), table=DOCUMENTS, like=None)


def filled(reader: ArchiveReader, kind: Kind) -> frozenset[str]:
    """The tables that have members of a kind."""
    names = (parse_member(member.name) for member in reader.members)
    return frozenset(
        name.table for name in names if name is not None and name.kind is kind and name.table
    )
