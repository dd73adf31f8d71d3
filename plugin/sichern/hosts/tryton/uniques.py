"""Decide which constraints an import can violate, and what it does then."""

from collections.abc import Iterator

from sichern.hosts.tryton import reviewed
from sichern.hosts.tryton.facts import ModelFact, UniqueFact
from sichern.hosts.tryton.roles import CARRIED, Decisions
from sichern_hooks import Clash, Role, Unique


def uniques(model: ModelFact, decisions: Decisions) -> tuple[Unique, ...]:
    """Give the constraints of a model that an imported record can violate."""
    if decisions[model.name].role not in CARRIED:
        return ()
    return tuple(_decided(model, decisions))


def _decided(model: ModelFact, decisions: Decisions) -> Iterator[Unique]:
    for fact in model.uniques:
        if (model.name, fact.name) in reviewed.HARMLESS or not fact.columns:
            continue
        if not reviewed.SECRETS.get(model.name, frozenset()).isdisjoint(fact.columns):
            # It never leaves, so it never arrives.
            continue
        if not is_always_new(fact, model, decisions):
            rule, along = reviewed.CLASHES.get(
                (model.name, fact.columns[0]), (Clash.REFUSE, ())
            )
            yield Unique(
                columns=fact.columns,
                rule=rule,
                active=fact.active,
                along=tuple(each for each in along if each in model.columns),
            )


def is_always_new(fact: UniqueFact, model: ModelFact, decisions: Decisions) -> bool:
    """Whether one of the columns holds the key of a record that an import makes anew.

    Nobody else's record can hold it, so whatever else is compared, nothing clashes.
    """
    columns = [model.columns[name] for name in fact.columns if name in model.columns]
    return "id" in fact.columns or any(
        each.target is not None and decisions[each.target].role is Role.OWNED for each in columns
    )
