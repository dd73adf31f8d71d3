"""Pairs as nobody's backup writes them: other lines, sound in every hash."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sichern.archive.info import Facts
from sichern.archive.names import README
from sichern.archive.pair import PairWriter
from sichern.archive.reader import open_pair
from sichern.archive.stems import INFO
from tests.archive.making import destination
from tests.support.archive import Pair

Lines = Mapping[str, str | None]
"""What members say instead, by their names; None takes one out."""


def forge(
    file: Path, members: Lines | None = None, schema: Callable[[Any], None] | None = None
) -> Path:
    """Write a pair anew with other members, and its `schema.json` changed by `schema`."""
    folder = file.parent / "forged"
    folder.mkdir(exist_ok=True)
    held = {name: data for name, data in Pair(file).members.items() if name != README}
    for name, text in (members or {}).items():
        held.pop(name, None)
        if text is not None:
            held[name] = text.encode()
    if schema is not None:
        said = json.loads(held["schema.json"])
        schema({table["name"]: table for table in said["tables"]})
        held["schema.json"] = json.dumps(said).encode()
    with open_pair(file) as pair:
        info = pair.info
    facts = Facts(
        sichern=info.sichern,
        actor=info.actor,
        tenant=info.tenant,
        system=info.system,
        options=info.options,
        outcome=info.outcome,
        warnings=info.warnings,
        schema_fingerprint=info.schema_fingerprint,
        roles={table.name: table.role for table in info.tables}
        | {name.split("/")[1]: "owned" for name in held if name.startswith("data/")},
    )
    stem = file.name.removesuffix(INFO)
    with destination(folder) as place, PairWriter(place, stem) as written:
        for name in sorted(held, key=_order):
            written.data.add(name, [held[name]])
        (ztx,) = [each for each in written.commit(facts).files if each.endswith(INFO)]
    return folder / ztx


def also(file: Path, member: str, *lines: str) -> dict[str, str | None]:
    """A member with further lines."""
    return {member: Pair(file).members.get(member, b"").decode() + "".join(lines)}


def _order(name: str) -> tuple[int, str]:
    places = ("schema.json", "data/", "identities/", "documents/", "documents.tsv")
    return next((n for n, each in enumerate(places) if name.startswith(each)), 9), name
