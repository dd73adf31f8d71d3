"""Recognise rows that hold documents: the target has one that says the same and holds the same."""

from collections import Counter

from sichern.target.documents import NOT_INSIDE, STAGED, HeldDocuments
from sichern.target.remap import State
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import literal


def match_with_documents(held: HeldDocuments, table: TenantTable, pairs: str) -> int:
    """Take those of the pairs (`old`, `key`) whose documents are the same; give their number.

    A document that the pair does not hold is taken for the one that the target has.
    """
    session, keys = held.session, held.remap.map(table.name)
    found = [
        (old, key)
        for old, key in session.ask(pairs).all()
        if all(_same(held, table, place, old, key) for place in range(len(table.documents)))
    ]
    here, there = Counter(old for old, _ in found), Counter(key for _, key in found)
    return sum(
        session.write(
            f"UPDATE {keys} SET new = :key, state = {int(State.MATCHED)} WHERE old = :old"
            f" AND NOT EXISTS (SELECT 1 FROM {keys} k WHERE k.new = :key)",
            {"old": old, "key": key},
        )
        for old, key in found
        if here[old] == there[key] == 1
    )


def _same(
    held: HeldDocuments, table: TenantTable, place: int, old: object, key: object
) -> bool:
    column = table.documents[place]
    listed = held.session.ask(
        f'SELECT sha256, origin FROM {STAGED} WHERE "table" = {literal(table.name)}'
        f" AND label = {literal(column.label)} AND key = {literal(str(old))}"
    ).first()
    if listed is not None and listed[1] in NOT_INSIDE:
        return True
    return held.sha256(table, column, key) == (listed[0] if listed is not None else "")
