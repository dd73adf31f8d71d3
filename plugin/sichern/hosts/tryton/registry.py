"""Read the facts of a database's models from Tryton's own registry."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sichern.collector import uncollected
from sichern.hosts.tryton.constraints import read_uniques
from sichern.hosts.tryton.errors import PoolUnavailable, one_line
from sichern.hosts.tryton.facts import ColumnFact, ListFact, ModelFact, Models
from sichern_hooks import Reader

LISTS = frozenset({"one2many", "many2many", "one2one"})

STORES: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("account.invoice", "invoice_report_cache"): (
        "invoice_report_cache_id", "account_invoice", "store_prefix",
    ),
    ("account.invoice.report.revision", "invoice_report_cache"): (
        "invoice_report_cache_id", "account_invoice", "store_prefix",
    ),
    ("account.payment.sepa.message", "message"): (
        "message_file_id", "account_payment_sepa", "store_prefix",
    ),
    ("account.statement", "origin_file"): ("origin_file_id", "account_statement", "store_prefix"),
    ("document.incoming", "data"): ("file_id", "document_incoming", "store_prefix"),
    ("inbound.email", "data"): ("data_id", "inbound_email", "store_prefix"),
    ("ir.attachment", "data"): ("file_id", "attachment", "store_prefix"),
    ("ir.avatar", "image"): ("image_id", "database", "avatar_prefix"),
    ("ir.avatar.cache", "image"): ("image_id", "database", "avatar_prefix"),
}  # fmt: skip
"""Column of the file id, section and option of the prefix, by model and field.

A field itself knows them only while its module is configured to use the file store: a file
that went there before the configuration was changed still stands behind its file id.
"""


def load(database: str, modules: Iterable[str]) -> Any:
    """Give the database's pool; it is initialised once per process, and when modules changed.

    Raises PoolUnavailable where the database's modules are not installed here.
    """
    from trytond.pool import Pool

    Pool.refresh(database, list(modules))
    if database in Pool.database_list():
        return Pool(database)
    try:
        return initialised(database)
    except Exception as error:
        Pool.stop(database)
        raise PoolUnavailable(database=database, reason=one_line(error)) from error


def initialised(database: str) -> Any:
    """Give the database's pool, with the classes of all of its modules.

    Raises whatever a module raises that cannot be loaded.
    """
    from trytond.pool import Pool

    # A third of the time would be the collector's, for what stays as long as the process: but
    # for a server in which modules change, and that is started again for that.
    with uncollected():
        pool = Pool(database)
        pool.init()
        gc.freeze()
    return pool


def read_models(pool: Any, reader: Reader, schema: str | None = None) -> Models:
    """Give the facts of every model that has a table, by its name."""
    table = f"{schema}.ir_model" if schema else "ir_model"
    known = {
        str(name): (str(module or ""), str(label or ""))
        for name, module, label in reader.rows(
            f"SELECT name, module, string FROM {table}"  # noqa: S608 - our own schema's name
        )
    }
    classes = dict(_with_table(pool))
    models = {}
    for name, model in sorted(classes.items()):
        module, label = known.get(name, ("", ""))
        models[name] = _model(model, classes, module, label)
    return models


def _with_table(pool: Any) -> Iterator[tuple[str, Any]]:
    from trytond.model import ModelSQL

    for name, model in pool.iterobject():
        if issubclass(model, ModelSQL) and not model._is_table_query():
            yield name, model


def _model(model: Any, classes: Mapping[str, Any], module: str, label: str) -> ModelFact:
    from trytond.model import ModelSingleton
    from trytond.model.multivalue import ValueMixin

    stored = {name: each for name, each in model._fields.items() if _is_stored(each)}
    return ModelFact(
        name=model.__name__,
        table=model._table,
        module=module,
        label=label,
        columns={
            name: _column(model, name, each, classes)
            for name, each in sorted(stored.items())
            if each._type not in LISTS
        },
        lists=tuple(_lists(stored, classes)),
        access=frozenset(model.__access__),
        history=bool(model._history),
        singleton=issubclass(model, ModelSingleton),
        value=issubclass(model, ValueMixin),
        uniques=tuple(read_uniques(model)),
    )


def _is_stored(found: Any) -> bool:
    from trytond.model import fields

    return not isinstance(found, (fields.Function, fields.MultiValue))


def _column(model: Any, name: str, found: Any, classes: Mapping[str, Any]) -> ColumnFact:
    from trytond.model import fields

    if isinstance(found, fields.Many2One):
        return ColumnFact(
            name=name,
            kind=found._type,
            required=bool(found.required),
            target=found.model_name if found.model_name in classes else None,
            cascades=found.ondelete == "CASCADE",
            tree=tuple(border for border in (found.left, found.right) if border),
            path=found.path,
        )
    if isinstance(found, fields.Binary):
        file_id, prefix = _store(model, name, found)
        filename = found.filename if found.filename in model._fields else None
        stored = filename is not None and _is_stored(model._fields[filename])
        return ColumnFact(
            name=name,
            kind=found._type,
            file_id=file_id,
            prefix=prefix,
            filename=filename if stored else None,
            stored=bool(found.file_id),
        )
    return ColumnFact(name=name, kind=found._type, required=bool(found.required))


def _store(model: Any, name: str, found: Any) -> tuple[str | None, str | None]:
    """The column with the file id, and the prefix under which the store keeps the files."""
    from trytond import config

    if found.file_id:
        return found.file_id, found.store_prefix
    file_id, section, option = STORES.get((model.__name__, name), ("", "", ""))
    if file_id not in model._fields:
        return None, None
    prefix = config.get(section, option, default=None)
    return file_id, str(prefix) if prefix is not None else None


def _lists(stored: Mapping[str, Any], classes: Mapping[str, Any]) -> Iterator[ListFact]:
    for found in stored.values():
        if found._type == "one2many" and found.model_name in classes and found.field:
            yield ListFact(name=found.model_name, field=found.field)
        elif found._type in {"many2many", "one2one"} and found.relation_name in classes:
            yield ListFact(name=found.relation_name, field=found.origin, related=True)

