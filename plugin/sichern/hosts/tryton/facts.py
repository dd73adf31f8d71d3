"""What Tryton's models say of themselves, as plain facts: roles are decided from these alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

COMPANY = "company.company"
USER = "res.user"


@dataclass(frozen=True, kw_only=True)
class ColumnFact:
    """A stored field: a column of the model's table.

    `kind` is Tryton's type (`many2one`, `numeric`, `dict`). `target` is the model of a
    Many2One, None where that has no table. `cascades` where deleting the target deletes the
    row. `tree` names the columns with the borders, `path` the one with the keys of all parents.
    `file_id`, `prefix` and `filename` are those of a Binary; `prefix` None is the database's name.
    `stored`: a document that is written now goes to the file store, not into the table.
    """

    name: str
    kind: str
    required: bool = False
    target: str | None = None
    cascades: bool = False
    tree: tuple[str, ...] = ()
    path: str | None = None
    file_id: str | None = None
    prefix: str | None = None
    filename: str | None = None
    stored: bool = False


@dataclass(frozen=True, kw_only=True)
class ListFact:
    """A One2Many or Many2Many: `field` of the model `name` points back at the owner of the list."""

    name: str
    field: str
    related: bool = False
    """Whether it is a Many2Many: the model is then a relation, and the owner its origin."""


@dataclass(frozen=True, kw_only=True)
class UniqueFact:
    """A constraint by which no two records may share values.

    `columns` are those that are compared for equality, `active` a boolean one that limits it to
    records where it is true. `exact` is False where the constraint says more than these tell: by
    other operators (overlapping periods), expressions of several columns, further conditions.
    """

    name: str
    columns: tuple[str, ...]
    active: str | None = None
    exact: bool = True


@dataclass(frozen=True, kw_only=True)
class ModelFact:
    """A model with a table of its own.

    `module` is the one that brought it, `access` the fields whose targets' rights decide about
    its own, `value` says that it holds the values of MultiValue fields.
    """

    name: str
    table: str
    module: str
    label: str = ""
    columns: Mapping[str, ColumnFact] = field(default_factory=dict)
    lists: tuple[ListFact, ...] = ()
    access: frozenset[str] = frozenset()
    history: bool = False
    singleton: bool = False
    value: bool = False
    uniques: tuple[UniqueFact, ...] = ()

    @property
    def company(self) -> ColumnFact | None:
        """The column with the company that a record belongs to."""
        found = self.columns.get("company")
        return found if found is not None and found.target == COMPANY else None


Models = Mapping[str, ModelFact]
