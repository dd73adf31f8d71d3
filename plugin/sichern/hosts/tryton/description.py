"""From facts and roles to the description of every table, old versions of records included."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from sichern.hosts.tryton import reviewed
from sichern.hosts.tryton.facts import USER, ColumnFact, ModelFact, Models
from sichern.hosts.tryton.roles import CARRIED, Decision, Decisions, decide
from sichern.hosts.tryton.uniques import uniques
from sichern_hooks import (
    Description,
    DocumentColumn,
    EmbeddedKeys,
    ExternalIdentities,
    Polymorphic,
    Reference,
    Role,
    Table,
    Tree,
)

HISTORY = "__history"
AUTHORS = ("create_uid", "write_uid")
STAMPS = frozenset({*AUTHORS, "create_date", "write_date"})

WIRES: Mapping[str, str] = {
    "bigint": "integer",
    "binary": "bytes",
    "boolean": "boolean",
    "char": "text",
    "date": "date",
    "datetime": "timestamp",
    # SQLite keeps both as JSON text; PostgreSQL's type is jsonb, and values are compared.
    "dict": "jsonb",
    "multiselection": "jsonb",
    "float": "float",
    "full_text": "text",
    "fullText": "text",
    "integer": "integer",
    "many2one": "integer",
    "numeric": "numeric",
    "reference": "text",
    "selection": "text",
    "text": "text",
    "time": "time",
    "timedelta": "interval",
    "timestamp": "timestamp",
}
"""Wire types by Tryton's kind of field, for SQLite, whose declared types say too little."""

SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|secrets|token|credentials?|cookie|pin"
    r"|(api|private|secret|access|webhook|signing)_key)(_|$)"
)
"""Names of text columns that hold secrets, in any module: they stay whatever the role."""

SEQUENCES = "ir.sequence"
TRANSLATIONS = "ir.translation"


def describe(
    models: Models,
    dialect: str,
    schema: str | None = None,
    said: Mapping[str, Table] | None = None,
    found: Mapping[str, frozenset[str]] | None = None,
) -> Description:
    """Describe every table of `models`.

    `said` are the roles of the configuration, for tables that have none by themselves. `found`
    are the columns of the database: one that no field knows was left by an older version. It
    goes along by its declared type, unless its name says that it is a secret.
    """
    decisions = decide(models)
    tables: dict[str, Table] = {}
    every = {name: model.table for name, model in models.items()}
    for model in models.values():
        present = model.columns.keys() | (found or {}).get(model.table, frozenset())
        table = _table(model, models, decisions, every, dialect, present)
        if table.role is None and said and table.name in said:
            given = said[table.name]
            table = replace(
                table, role=given.role, parent=given.parent, tenant=given.tenant or table.tenant
            )
        tables[table.name] = table
        if model.history:
            old = _history(table, dialect)
            tables[old.name] = old
    for name, given in (said or {}).items():
        tables.setdefault(name, given)
    for name, columns in _leftovers(models, found or {}):
        secrets = frozenset(each for each in columns if SECRET_NAME.search(each))
        tables[name] = replace(tables[name], secrets=tables[name].secrets | secrets)
    return Description(
        tables=tables,
        schema=schema,
        external=_external(models),
        numeric_as_bytes=dialect == "sqlite",
    )


def _leftovers(
    models: Models, found: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Columns of the models' tables that no field knows."""
    for model in models.values():
        known = {"__id", *model.columns}
        for name in (model.table, model.table + HISTORY):
            if columns := found.get(name, frozenset()) - known:
                yield name, columns


def derived(models: Models) -> frozenset[str]:
    """Name the tables whose role is known without the configuration."""
    return frozenset(
        models[name].table for name, each in decide(models).items() if each.role is not None
    )


def _external(models: Models) -> ExternalIdentities:
    return ExternalIdentities(
        table="ir_model_data",
        kind="model",
        key="db_id",
        names=("module", "fs_id"),
        targets={name: model.table for name, model in models.items()},
    )


def _table(
    model: ModelFact,
    models: Models,
    decisions: Decisions,
    every: Mapping[str, str],
    dialect: str,
    present: Set[str],
) -> Table:
    decision = decisions[model.name]
    columns = model.columns.values()
    return Table(
        name=model.table,
        role=decision.role,
        label=model.label or model.name,
        tenant=decision.tenant,
        parent=decision.parent,
        references=tuple(_references(model, decisions, every)),
        embedded=tuple(_embedded(model, models)),
        natural_keys=_natural_keys(model, decision),
        types={each.name: WIRES[each.kind] for each in columns if each.kind in WIRES}
        if dialect == "sqlite"
        else {},
        documents=tuple(_documents(model)) if decision.role in CARRIED else (),
        # Another series of Tryton may not have a column yet: it is no secret there.
        secrets=(reviewed.SECRETS.get(model.name, frozenset()) & present)
        | {each.name for each in columns if _is_secret(each)},
        derived=frozenset(_derived(model)),
        stamps=STAMPS & model.columns.keys(),
        uniques=uniques(model, decisions),
        trees=tuple(_trees(model)),
        # Modules fill in their name; what users translate has none.
        shipped="module" if model.name == TRANSLATIONS else None,
    )


def _references(
    model: ModelFact, decisions: Decisions, every: Mapping[str, str]
) -> Iterator[Reference | Polymorphic]:
    """What points at other records; without foreign keys on SQLite, nor for who wrote a record."""
    for column in model.columns.values():
        if column.target is not None:
            yield Reference(columns=(column.name,), target=every[column.target])
        elif column.name in AUTHORS and USER in every:
            yield Reference(columns=(column.name,), target=every[USER])
        elif column.kind == "reference":
            yield Polymorphic(column=column.name, targets=every)
    if model.name == TRANSLATIONS:
        # "<model>,<field>" and the record's id; texts of the modules' own code have the id -1.
        carried = {
            name: table for name, table in every.items() if decisions[name].role in CARRIED
        }
        yield Polymorphic(column="name", key_column="res_id", targets=carried)


def _embedded(model: ModelFact, models: Models) -> Iterator[EmbeddedKeys]:
    for column in model.columns.values():
        if column.path is not None and column.target is not None:
            target = models[column.target].table
            yield EmbeddedKeys(column=column.path, target=target, form="path")
        inside = reviewed.KEYS_IN_DICTS.get((model.name, column.name))
        if inside is not None and inside in models:
            yield EmbeddedKeys(column=column.name, target=models[inside].table, form="json-keys")


def _natural_keys(model: ModelFact, decision: Decision) -> tuple[tuple[str, ...], ...]:
    if model.name in reviewed.NATURAL_KEYS:
        return tuple(
            key
            for key in reviewed.NATURAL_KEYS[model.name]
            if all(name in model.columns for name in key)
        )
    if model.singleton:
        return ((),)
    if model.value:
        # One value per record and company, of a singleton one per company.
        owners = (decision.parent, decision.tenant)
        return (tuple(dict.fromkeys(name for name in owners if name)),)
    return ()


def _documents(model: ModelFact) -> Iterator[DocumentColumn]:
    for column in model.columns.values():
        if column.kind == "binary":
            yield DocumentColumn(
                label=column.name,
                data=column.name,
                locator=column.file_id,
                name=column.filename,
            )


def _derived(model: ModelFact) -> Iterator[str]:
    for column in model.columns.values():
        yield from column.tree
        if column.path is not None:
            yield column.path
    if model.name == SEQUENCES:
        # Filled on SQLite only; everywhere the number goes along as a counter.
        yield "number_next_internal"


def _trees(model: ModelFact) -> Iterator[Tree]:
    for column in model.columns.values():
        if len(column.tree) == 2:
            left, right = column.tree
            yield Tree(parent=column.name, left=left, right=right)


def _is_secret(column: ColumnFact) -> bool:
    return column.kind in {"char", "text"} and SECRET_NAME.search(column.name) is not None


def _history(table: Table, dialect: str) -> Table:
    """Describe the old versions of a table's rows: they go along with the row.

    Of a table that is owned through a parent they go along with the parent, so that versions
    of deleted rows do, too. The row that only notes a deletion has neither company nor parent
    and stays behind.
    """
    own = Reference(columns=("id",), target=table.name)
    follows = table.role in {Role.SHARED, Role.PART_OF, Role.USED_WITH}
    return replace(
        table,
        name=table.name + HISTORY,
        label=f"{table.label} (history)",
        role=Role.PART_OF if follows else table.role,
        parent="id" if follows else table.parent,
        references=(own, *table.references),
        types={**table.types, "__id": "integer"} if dialect == "sqlite" else {},
        natural_keys=(),
        uniques=(),
        trees=(),
        history_of=table.name,
    )
