"""A project with tasks, hours on them (modules `project` and `timesheet`)."""

from datetime import date, timedelta

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a project, a task with a timesheet, and lines of hours."""
    pool = Pool()
    party, address = scene.customer
    base = {"company": scene.company.id}
    work = pool.get("project.work")
    (project,) = work.create([{
        **base, "name": f"Umbau {scene.short}", "type": "project", "party": party,
        "party_address": address,
    }])
    (task,) = work.create([{
        **base, "name": f"Planung {scene.short}", "type": "task", "parent": project.id,
        "effort_duration": timedelta(hours=8),
    }])
    (sheet,) = pool.get("timesheet.work").create([{**base, "origin": str(task)}])
    pool.get("timesheet.line").create([
        {
            **base, "employee": scene.company.employee, "work": sheet.id,
            "date": date(2026, 3, 2 + day), "duration": timedelta(hours=2, minutes=15 * day),
            "description": f"Entwürfe, Tag {day + 1}",
        }
        for day in range(3)
    ])
