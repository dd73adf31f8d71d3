"""The Tryton module: tenant management, backups, imports and saved jobs inside the ERP.

trytond imports this where it loads its modules, and nothing else does: the routes have to be
known before the first request.
"""

from sichern.hosts.tryton.module import routes, watching

__all__ = ["routes", "watching"]
