"""Tenants are chosen by key or by name; a name that fits several says which."""

from pathlib import Path

import pytest

from sichern.config import Config
from sichern.session import AmbiguousTenant, Session
from sichern_hooks import Actor, Tenant, TenantRef, UnknownTenant, create_manager, hookimpl
from tests.support.small_host import ADMIN, SmallHost

TWINS = [
    Tenant(ref=TenantRef(host="small", key=key), name=name)
    for key, name in (("7", "Muster GmbH"), ("9", "Muster GmbH"), ("11", "9"))
]


class Twins(SmallHost):
    """A host with two tenants of one name."""

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> list[Tenant]:
        """The twins."""
        return TWINS


def test_a_key_chooses_before_a_name_and_a_name_of_several_chooses_none(tmp_path: Path) -> None:
    manager = create_manager(Twins(url="sqlite://"))
    session = Session(manager=manager, actor=ADMIN, config=Config(path=tmp_path, host={}))
    assert session.choose(["9"], [], everyone=False) == [TWINS[1]]
    with pytest.raises(AmbiguousTenant, match="7, 9"):
        session.choose(["Muster GmbH"], [], everyone=False)
    with pytest.raises(UnknownTenant):
        session.choose(["Muster"], [], everyone=False)
