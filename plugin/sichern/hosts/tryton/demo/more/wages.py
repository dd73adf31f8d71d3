"""What an employee's hour costs (module `timesheet_cost`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add the employee's cost price: no field of it names the company."""
    Pool().get("company.employee_cost_price").create([{
        "employee": scene.company.employee, "date": date(2026, 1, 1),
        "cost_price": Decimal("41.70") + scene.company.id,
    }])
