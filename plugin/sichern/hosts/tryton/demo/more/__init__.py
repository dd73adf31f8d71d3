"""Records of modules beyond the demo's own, each added where its modules are active."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sichern.hosts.tryton.demo.more import (
    analytics,
    assets,
    banking,
    documents,
    dunning,
    forecasts,
    landed_costs,
    payments,
    prices,
    production,
    projects,
    purchases,
    relations,
    sales,
    statements,
    subscriptions,
    wages,
    web,
)
from sichern.hosts.tryton.demo.more.scene import Scene

__all__ = ["Scene", "additions"]


@dataclass(frozen=True, kw_only=True)
class Addition:
    """A function that adds a few records, and the modules that it needs."""

    modules: tuple[str, ...]
    add: Callable[[Scene], None]


# In this order: what comes later may use what came before.
ADDITIONS = (
    Addition(modules=("bank",), add=banking.add),
    Addition(modules=("account_statement",), add=statements.add),
    Addition(modules=("account_dunning",), add=dunning.add),
    Addition(modules=("account_payment_sepa", "bank"), add=payments.add),
    Addition(modules=("account_asset",), add=assets.add),
    Addition(modules=("analytic_invoice",), add=analytics.add),
    Addition(modules=("product_price_list",), add=prices.add),
    Addition(modules=("purchase",), add=purchases.add),
    Addition(modules=("sale",), add=sales.add),
    Addition(modules=("sale_subscription",), add=subscriptions.add),
    Addition(modules=("production",), add=production.add),
    Addition(modules=("project",), add=projects.add),
    Addition(modules=("timesheet_cost",), add=wages.add),
    Addition(modules=("stock_forecast",), add=forecasts.add),
    Addition(modules=("account_stock_landed_cost",), add=landed_costs.add),
    Addition(modules=("party_relationship",), add=relations.add),
    Addition(modules=("web_user",), add=web.add),
    Addition(modules=("document_incoming",), add=documents.add),
)


def additions(active: Collection[str]) -> Iterator[Callable[[Scene], None]]:
    """Give what can be added to a database with these modules."""
    return (each.add for each in ADDITIONS if set(each.modules) <= set(active))
