"""The section `[host]` of `sichern.toml`, as Tryton's host understands it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sichern.hosts.tryton.errors import RoleUnclear, SettingMissing, SettingUnknown
from sichern_hooks import Role, Table

FOLLOWING = frozenset({Role.PART_OF, Role.USED_WITH})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where Tryton's configuration is, which database it is about, roles of unknown tables."""

    config: Path
    database: str
    tables: Mapping[str, Table] = field(default_factory=dict)


def read_settings(options: Mapping[str, object]) -> Settings:
    """Check the options.

    Raises SettingMissing, SettingUnknown, RoleUnclear.
    """
    if unknown := options.keys() - {"config", "database", "tables"}:
        raise SettingUnknown(settings=", ".join(sorted(unknown)))
    for name in ("config", "database"):
        value = options.get(name)
        if not isinstance(value, str) or not value:
            raise SettingMissing(setting=name)
    said = options.get("tables", {})
    if not isinstance(said, Mapping):
        raise RoleUnclear(table="[host.tables]", role=repr(said), roles=_roles())
    return Settings(
        config=Path(str(options["config"])),
        database=str(options["database"]),
        tables={str(name): _table(str(name), value) for name, value in said.items()},
    )


def _table(name: str, said: object) -> Table:
    """Read `"shared"`, or `{ role = "part-of", parent = "party" }`."""
    values = said if isinstance(said, Mapping) else {"role": said}
    words = {str(key): value for key, value in values.items() if isinstance(value, str)}
    role = {str(role): role for role in Role}.get(words.get("role", ""))
    parent, tenant = words.get("parent"), words.get("tenant")
    if (
        role is None
        or len(words) < len(values)
        or not words.keys() <= {"role", "parent", "tenant"}
        or (role in FOLLOWING and parent is None)
        or (role is Role.OWNED and parent is None and tenant is None)
    ):
        raise RoleUnclear(table=name, role=str(said), roles=_roles())
    return Table(name=name, role=role, parent=parent, tenant=tenant)


def _roles() -> str:
    return ", ".join(str(role) for role in Role)
