"""Who Tryton's users are, what their groups grant, and which companies they and others have."""

from dataclasses import dataclass

from sichern.hosts.tryton.installation import Installation
from sichern_hooks import Permission

GRANTS: dict[tuple[str, str], frozenset[Permission]] = {
    ("res", "group_admin"): frozenset(Permission),
    ("sichern", "group_back_up"): frozenset({Permission.BACK_UP}),
    ("sichern", "group_download"): frozenset({Permission.DOWNLOAD}),
    ("sichern", "group_import"): frozenset({Permission.IMPORT}),
    ("sichern", "group_configure"): frozenset({Permission.CONFIGURE}),
}
"""What a group grants, by the names under which modules ship it."""

# Groups inherit from their parents; an inactive group grants nothing itself.
_GROUPS = """
    WITH RECURSIVE member (id) AS (
        SELECT "group" FROM "res_user-res_group" WHERE "user" = :user
        UNION
        SELECT res_group.parent FROM res_group JOIN member ON member.id = res_group.id
        WHERE res_group.parent IS NOT NULL
    )
    SELECT data.module, data.fs_id FROM member
    JOIN res_group ON res_group.id = member.id AND res_group.active
    JOIN ir_model_data AS data ON data.model = 'res.group' AND data.db_id = member.id
"""
_USER = """
    SELECT res_user.id, res_user.login, res_user.name,
        COALESCE(ir_lang.code, (SELECT MAX(language) FROM ir_configuration))
    FROM res_user LEFT JOIN ir_lang ON ir_lang.id = res_user.language
    WHERE res_user.login = :login AND res_user.active
"""
_COMPANIES = """
    SELECT company.id, party.name, party.code FROM company_company AS company
    JOIN party_party AS party ON party.id = company.party
"""
_OF_USER = """
    WHERE company.id IN (
        SELECT company FROM "res_user-company_company" WHERE "user" = :user
    )
"""
_ORDER = " ORDER BY party.name, company.id"


@dataclass(frozen=True, kw_only=True)
class User:
    """An active user; `language` is a code (`de`, `pt_BR`), the system's where it has none."""

    id: int
    login: str
    name: str
    language: str | None


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company and its name; the party's code where the party has no name."""

    id: int
    name: str


def find_user(installation: Installation, login: str) -> User | None:
    """Give the active user of that login."""
    found = installation.rows(_USER, {"login": login})
    # A login is unique, spelled exactly so: no collation may find another one.
    for id_, spelled, name, language in found:
        if spelled == login:
            return User(id=id_, login=login, name=name or login, language=language)
    return None


def permissions(installation: Installation, user: User) -> frozenset[Permission]:
    """Give what the user's groups grant, for any company."""
    granted: frozenset[Permission] = frozenset()
    for module, name in installation.rows(_GROUPS, {"user": user.id}):
        granted |= GRANTS.get((module, name), frozenset())
    return granted


def companies(installation: Installation, user: User | None) -> list[Company]:
    """Give the companies of a user, of the whole database where `user` is None.

    A user's are those that an administrator gave access to; that holds for administrators too.
    """
    if not installation.has_table("company_company"):
        return []
    if user is None:
        found = installation.rows(_COMPANIES + _ORDER)
    else:
        found = installation.rows(_COMPANIES + _OF_USER + _ORDER, {"user": user.id})
    return [Company(id=id_, name=name or code or str(id_)) for id_, name, code in found]
