"""Decide each model's role from the facts: by company, by an owner, or by what was reviewed.

Nothing is guessed: a model of a module that nobody looked at has a role only where it carries a
company in every record, or is a child of something owned.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sichern.hosts.tryton import reviewed
from sichern.hosts.tryton.facts import COMPANY, ColumnFact, ModelFact, Models
from sichern_hooks import Role

CARRIED = frozenset({Role.OWNED, Role.SHARED, Role.PART_OF, Role.USED_WITH})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A model's role; `role` None where it was not found. `tenant` and `parent` are columns."""

    role: Role | None = None
    tenant: str | None = None
    parent: str | None = None


Decisions = Mapping[str, Decision]
Rule = Callable[[ModelFact], Iterable[ColumnFact]]


def decide(models: Models, modules: frozenset[str] = reviewed.MODULES) -> Decisions:
    """Give the decision about every model; `modules` are those that were reviewed."""
    return _Deciding(models, modules).decide()


class _Deciding:
    """The decisions so far. An owner is decided before what it owns, so no chain is a circle."""

    def __init__(self, models: Models, modules: frozenset[str]) -> None:
        self._models = models
        self._modules = modules
        self._found: dict[str, Decision] = {}
        self._inverse: dict[str, list[tuple[str, str, bool]]] = {}
        for model in models.values():
            for each in model.lists:
                self._inverse.setdefault(each.name, []).append(
                    (each.field, model.name, each.related)
                )

    def decide(self) -> Decisions:
        for model in self._models.values():
            if model.name in reviewed.ROLES:
                self._found[model.name] = Decision(
                    role=reviewed.ROLES[model.name], parent=reviewed.PARENTS.get(model.name)
                )
            elif model.name == COMPANY:
                self._found[model.name] = Decision(role=Role.OWNED, tenant="id")
            elif model.company is not None and model.company.required:
                self._found[model.name] = Decision(role=Role.OWNED, tenant="company")
        self._own()
        self._share()
        return {name: self._found.get(name, Decision()) for name in self._models}

    def _pending(self) -> list[ModelFact]:
        return [model for name, model in self._models.items() if name not in self._found]

    # -- owned --------------------------------------------------------------------------

    def _own(self) -> None:
        """Find what is owned through a parent: the surest way first, down to the last child."""
        rules: Sequence[Rule] = (self._origins, self._accesses, self._cascading, self._required,
                                 self._listed)  # fmt: skip
        while any(self._own_by(rule) for rule in rules):
            pass

    def _own_by(self, rule: Rule) -> bool:
        grown = False
        for model in self._pending():
            if model.company is not None:
                continue
            for column in rule(model):
                if self._role_of(column.target) is Role.OWNED:
                    self._found[model.name] = Decision(role=Role.OWNED, parent=column.name)
                    grown = True
                    break
        return grown

    def _origins(self, model: ModelFact) -> Iterator[ColumnFact]:
        """The side of a relation on which its list is kept."""
        yield from self._inverse_columns(model, related=True)

    @staticmethod
    def _accesses(model: ModelFact) -> Iterator[ColumnFact]:
        """The records whose rights decide about this one's."""
        yield from (model.columns[name] for name in sorted(model.access & set(model.columns)))

    @staticmethod
    def _cascading(model: ModelFact) -> Iterator[ColumnFact]:
        """The records that this one cannot do without, and does not outlive."""
        yield from (each for each in model.columns.values() if each.required and each.cascades)

    @staticmethod
    def _required(model: ModelFact) -> Iterator[ColumnFact]:
        """The records that this one cannot do without."""
        yield from (each for each in model.columns.values() if each.required)

    def _listed(self, model: ModelFact) -> Iterator[ColumnFact]:
        """The records that list this one: wages are found in no other way."""
        yield from self._inverse_columns(model, related=False)

    def _inverse_columns(self, model: ModelFact, *, related: bool) -> Iterator[ColumnFact]:
        """The columns through which lists of other models hold this one's records."""
        for field, owner, relation in sorted(self._inverse.get(model.name, ())):
            column = model.columns.get(field)
            if column is not None and relation is related and column.target == owner != model.name:
                yield column

    # -- not owned ----------------------------------------------------------------------

    def _share(self) -> None:
        """Decide about what no company owns: it follows a shared record, or is shared itself."""
        shared = [model for model in self._pending() if self._may_share(model)]
        for model in shared:
            column = self._followed(model, {each.name for each in shared})
            tenant = "company" if model.company is not None else None
            self._found[model.name] = Decision(
                role=Role.PART_OF if column else Role.SHARED, tenant=tenant, parent=column
            )
        while any(self._inherit(model.name) for model in shared):
            pass

    def _may_share(self, model: ModelFact) -> bool:
        """Whether a model was reviewed; models of `ir` and `res` are all named there."""
        if model.module in {"ir", "res"}:
            return model.company is not None or model.name in reviewed.PARENTS
        return model.module in self._modules

    def _followed(self, model: ModelFact, shared: set[str]) -> str | None:
        """The column of the record that this one is a part of."""
        if model.name in reviewed.PARENTS:
            return reviewed.PARENTS[model.name]
        listed = [
            column
            for column in self._listed(model)
            if column.required or column.cascades or model.value
        ]
        listed.sort(key=lambda column: not column.required)
        for column in (*self._accesses(model), *self._origins(model), *listed):
            target = column.target
            if target != model.name and (target in shared or self._role_of(target) is not None):
                return column.name
        return None

    def _inherit(self, name: str) -> bool:
        """A part of what never leaves never leaves; a part of the system is of the system."""
        decision = self._found[name]
        column = self._models[name].columns.get(decision.parent or "")
        role = self._role_of(column.target if column is not None else None)
        if role not in {Role.PRIVATE, Role.SYSTEM}:
            return False
        self._found[name] = Decision(role=role)
        return True

    def _role_of(self, name: str | None) -> Role | None:
        found = self._found.get(name or "")
        return found.role if found is not None else None
