"""Read from a model of Tryton which values no two of its records may share.

SQLite's tables have none of these constraints, and PostgreSQL's catalog has those with expressions
as text only: the models alone say them all.
"""

from collections.abc import Iterator
from typing import Any

from sichern.hosts.tryton.facts import UniqueFact


def read_uniques(model: Any) -> Iterator[UniqueFact]:
    """Give the unique and exclusion constraints of a model, after its pool was initialised."""
    from trytond.model import Exclude, Unique

    for name, constraint, _ in model._sql_constraints:
        if isinstance(constraint, Unique):
            yield UniqueFact(name=name, columns=tuple(each.name for each in constraint.columns))
        elif isinstance(constraint, Exclude):
            yield _exclusion(name, constraint)


def _exclusion(name: str, constraint: Any) -> UniqueFact:
    from sql.operators import Equal

    columns = []
    exact = True
    for expression, operator in constraint.excludes:
        column = _column(expression) if operator is Equal else None
        if column is None:
            exact = False
        else:
            columns.append(column)
    active = None
    for condition in _conditions(constraint.where):
        column = _true(condition)
        if column is not None and active is None:
            active = column
        elif not _says_filled(condition):
            exact = False
    return UniqueFact(name=name, columns=tuple(columns), active=active, exact=exact)


def _column(expression: Any) -> str | None:
    """The column, also within `COALESCE(column, -1)` or `NULLIF(column, '')`."""
    from sql import Column
    from sql.conditionals import Coalesce, NullIf

    if isinstance(expression, Column):
        return str(expression.name)
    # Of their kinds exactly: GREATEST is a subclass that compares several columns.
    if type(expression) in {Coalesce, NullIf}:
        inner = [each for each in expression.values if isinstance(each, Column)]
        if len(inner) == 1:
            return str(inner[0].name)
    return None


def _conditions(where: Any) -> Iterator[Any]:
    from sql.operators import And

    if isinstance(where, And):
        for each in where:
            yield from _conditions(each)
    elif where is not None:
        yield where


def _true(condition: Any) -> str | None:
    """The boolean column that a condition asks for: `active`, or `active = true`."""
    from sql import Column, Literal
    from sql.operators import Equal

    if type(condition) is Equal:
        right = condition.right
        value = right.value if isinstance(right, Literal) else right
        if value is True:
            condition = condition.left
    return str(condition.name) if isinstance(condition, Column) else None


def _says_filled(condition: Any) -> bool:
    """Whether a condition only leaves out empty texts."""
    from sql import Literal
    from sql.operators import NotEqual

    if type(condition) is not NotEqual:
        return False
    right = condition.right
    value = right.value if isinstance(right, Literal) else right
    return isinstance(value, str) and value == ""
