"""A scanned letter that waits for its treatment (module `document_incoming`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add an incoming document of the company."""
    Pool().get("document.incoming").create([{
        "name": f"Eingang {scene.short}.txt", "company": scene.company.id,
        "data": f"Sehr geehrte Damen und Herren von {scene.company.profile.name}\n".encode(),
    }])
