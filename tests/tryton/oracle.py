"""The second opinion on a company's rows: what Tryton's own ORM says, from its fields alone.

It knows no role of the Sichern host. As root, without access checks and with inactive records:

- a model with a stored Many2One `company` to `company.company`: its records of that company;
- every other model: records whose parent belongs to the company. Parents are a field that the
  model derives its access from (`__access__`, the `resource` of attachments, notes and logs),
  a required Many2One or Reference, and the inverse field of a One2Many of the parent's model;
  and so on, down to the last child;
- the same again for the records whose optional `company` is empty, and their children.

Left out, with the reason: models that are queries, and `res.user`, whose `company` is the one
that the user works in at the moment.

trytond belongs to the process, so this is a program: `python -m tests.tryton.oracle --config F
--database D` prints JSON; `ask` runs it.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.tryton import TrytonDatabase, run_tryton

COMPANY = "company.company"
QUERY = "its table is a query"
NOT_AN_OWNER = "its company is the one that the user works in at the moment"
HISTORY = "old versions are no records: compare %s by hand"

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Owned:
    """The records of one model: `how` names the fields through which they were found."""

    table: str
    ids: frozenset[int]
    how: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """By model: what belongs to the company, what belongs to no company though it could.

    `incomparable` maps models, and `<model>/history`, to the reason why they are not here.
    """

    company: int
    owned: Mapping[str, Owned]
    null: Mapping[str, Owned]
    incomparable: Mapping[str, str]

    def tables(self) -> dict[str, frozenset[int]]:
        """Give the owned ids by table."""
        return {each.table: each.ids for each in self.owned.values()}


def ask(database: TrytonDatabase) -> dict[int, Opinion]:
    """Ask the ORM of a database in a process of its own; its opinion by company."""
    done = run_tryton(
        ["-m", "tests.tryton.oracle", "--config", str(database.config),
         "--database", database.name],
        database.uri,
    )
    answer = json.loads(done.stdout)

    def read(part: Mapping[str, Any]) -> dict[str, Owned]:
        return {
            model: Owned(
                table=each["table"], ids=frozenset(each["ids"]), how=tuple(each["how"])
            )
            for model, each in part.items()
        }

    return {
        int(company): Opinion(
            company=int(company), owned=read(owned), null=read(answer["null"]),
            incomparable=answer["incomparable"],
        )
        for company, owned in answer["owned"].items()
    }


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A record and one that it hangs on, through a field."""

    child: Key
    parent: Key
    field: str


@dataclass(kw_only=True)
class Found:
    """Records that were found so far, by model, and through which fields."""

    ids: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    how: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, key: Key, how: str) -> bool:
        """Add a record; True where it is new."""
        model, number = key
        self.how[model].add(how)
        if number in self.ids[model]:
            return False
        self.ids[model].add(number)
        return True


def close(seeds: Iterable[tuple[Key, str]], edges: Iterable[Edge]) -> Found:
    """Add to the seeds whatever hangs on them, down to the last child."""
    children: dict[Key, list[Edge]] = defaultdict(list)
    for edge in edges:
        children[edge.parent].append(edge)
    found = Found()
    queue = [key for key, how in seeds if found.add(key, how)]
    while queue:
        queue.extend(
            edge.child
            for edge in children.get(queue.pop(), ())
            if found.add(edge.child, edge.field)
        )
    return found


class Introspection:
    """What the ORM's fields say: which models have a company, and what hangs on what."""

    def __init__(self, pool: Any) -> None:
        from trytond.model import ModelSQL

        self.models: dict[str, Any] = {}
        self.incomparable: dict[str, str] = {}
        for name, model in sorted(pool.iterobject()):
            if not issubclass(model, ModelSQL):
                continue
            if model._is_table_query():
                self.incomparable[name] = QUERY
                continue
            self.models[name] = model
            if model._history:
                self.incomparable[f"{name}/history"] = HISTORY % f"{model._table}__history"
        self.incomparable["res.user"] = NOT_AN_OWNER
        self.direct = {
            name: bool(model.company.required)
            for name, model in self.models.items()
            if name != "res.user" and self._is_company(model._fields.get("company"))
        }
        self._inverse = self._find_inverse()

    @staticmethod
    def _is_company(found: Any) -> bool:
        return _is_stored(found) and found._type == "many2one" and found.model_name == COMPANY

    def _find_inverse(self) -> dict[str, dict[str, set[str]]]:
        """Give, by model and field, the models that have it as inverse of a One2Many."""
        inverse: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, model in self.models.items():
            for each in model._fields.values():
                if each._type == "one2many" and _is_stored(each) and each.field:
                    inverse[each.model_name][each.field].add(name)
        return inverse

    @staticmethod
    def _access_of(model: Any) -> set[str]:
        """Give the fields whose records decide who may see this model's."""
        from trytond.ir.resource import ResourceAccessMixin

        more = {"resource"} if issubclass(model, ResourceAccessMixin) else set()
        return set(model.__access__) | more

    def parents(self, name: str) -> dict[str, set[str] | None]:
        """Give the fields that lead to a parent, with the parents' models (None: any)."""
        model = self.models[name]
        fields: dict[str, set[str] | None] = {}
        for label, each in model._fields.items():
            if each._type not in {"many2one", "reference"} or not _is_stored(each):
                continue
            if each.required or label in self._access_of(model):
                fields[label] = None
            elif label in self._inverse[name]:
                fields[label] = self._inverse[name][label]
        return fields

    def edges(self) -> Iterator[Edge]:
        """Read, for every model without a company of its own, what its records hang on."""
        for name, model in self.models.items():
            if name in self.direct or name in {COMPANY, "res.user"}:
                continue
            wanted = self.parents(name)
            if not wanted:
                continue
            rows = model.read([r.id for r in model.search([], order=[])], list(wanted))
            for row in rows:
                for label, allowed in wanted.items():
                    parent = self._key(model._fields[label], row[label])
                    if parent and (allowed is None or parent[0] in allowed):
                        yield Edge(child=(name, row["id"]), parent=parent, field=label)

    @staticmethod
    def _key(found: Any, value: Any) -> Key | None:
        if value is None:
            return None
        if found._type == "many2one":
            return found.model_name, value
        model, _, number = str(value).partition(",")
        return (model, int(number)) if number.lstrip("-").isdigit() else None

    def of_company(self, company: int | None) -> Iterator[tuple[Key, str]]:
        """Search the records that name the company, or none where it is None."""
        for name, required in self.direct.items():
            if company is None and required:
                continue
            for record in self.models[name].search([("company", "=", company)], order=[]):
                yield (name, record.id), "company"
        if company is not None:
            yield (COMPANY, company), "id"

    def describe(self, found: Found) -> dict[str, dict[str, object]]:
        """Give the records with their tables, sorted."""
        return {
            name: asdict(Owned(
                table=self.models[name]._table, ids=frozenset(ids), how=tuple(found.how[name])
            )) | {"ids": sorted(ids), "how": sorted(found.how[name])}
            for name, ids in sorted(found.ids.items())
        }


def _is_stored(found: Any) -> bool:
    """Say whether a field is one of the table, or a list whose inverse is: no computed one."""
    from trytond.model import fields

    return found is not None and not isinstance(found, (fields.Function, fields.MultiValue))


def examine(database: str) -> dict[str, object]:
    """Find each company's records in this process's trytond."""
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool.start()
    Pool(database).init()
    context = {"_check_access": False, "active_test": False}
    with Transaction().start(database, 0, readonly=True, context=context):
        ask_fields = Introspection(Pool())
        edges = list(ask_fields.edges())
        companies = [record.id for record in Pool().get(COMPANY).search([])]
        owned = {each: close(ask_fields.of_company(each), edges) for each in companies}
        null = close(ask_fields.of_company(None), edges)
        for model, ids in null.ids.items():
            for each in owned.values():
                ids -= each.ids.get(model, set())
        return {
            "owned": {each: ask_fields.describe(found) for each, found in owned.items()},
            "null": ask_fields.describe(null),
            "incomparable": ask_fields.incomparable,
        }


def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    """Print the opinion as JSON."""
    parser = argparse.ArgumentParser(description="which records are a company's, says the ORM")
    for name in ("config", "database"):
        parser.add_argument(f"--{name}", required=True)
    chosen = parser.parse_args()
    from trytond import config

    config.update_etc(chosen.config)
    write(json.dumps(examine(chosen.database)))


if __name__ == "__main__":
    main()
