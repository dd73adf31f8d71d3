"""One-time links to a pair: down to a browser, or up from one. Nothing here asks for rights."""

import datetime as dt
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any, Self

from trytond.model import Index, ModelSQL, fields
from trytond.pool import Pool

from sichern.archive.stems import DATA, DOCUMENTS, INFO
from sichern.hosts.tryton.module import places, staging, states
from sichern.hosts.tryton.module.links import address_here
from sichern.hosts.tryton.module.staging import DOWN, UP
from sichern_hooks import N_

START = dt.timedelta(minutes=15)
"""How long a link waits for its first use: it is opened by the click that made it."""
RESUME = dt.timedelta(hours=24)
"""How long, from its first use, a transfer may be taken up again."""
TAIL = 16 << 20
"""Bytes at a file's end that may still be on the way when the server has given them away."""
FETCH = dt.timedelta(hours=24)
"""How long a backup waits on the server to be fetched, from its end."""


class Transfer(ModelSQL):
    """A link for one user and one tenant; only the hash of its token is kept.

    `files` says of each file which `tag` its bytes go under (known only to who asked for them
    before), and whether its last byte was given away. No client can read or write this.
    """

    __name__ = "sichern.transfer"
    __string__ = N_("Transfer")

    user = fields.Many2One("res.user", N_("User"), required=True, ondelete="CASCADE")
    kind = fields.Selection(
        [(DOWN, N_("Download")), (UP, N_("Upload"))], N_("Kind"), required=True, sort=False
    )
    tenant = fields.Char(N_("Tenant"))
    token = fields.Char(N_("Token"), required=True, strip=False)
    folder = fields.Char(N_("Folder"), strip=False)
    info = fields.Char(N_("Info File"), strip=False)
    files = fields.Text(N_("Files"), strip=False)
    expires = fields.DateTime(N_("Expires"), required=True)
    ended = fields.Boolean(N_("Ended"))

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        cls.__rpc__ = {}
        table = cls.__table__()
        cls._sql_indexes.add(
            Index(table, (table.token, Index.Equality(cardinality="high")))
        )

    @classmethod
    def default_ended(cls) -> bool:
        """A new link is good for one transfer."""
        return False

    @classmethod
    def offer(cls, user: int, tenant: str, info: Path) -> str:
        """Give the address at which this user may fetch the pair of an info file, once.

        `tenant` is the key of the tenant whose pair it is. The caller has asked for the right,
        and knows the path from a run of its own, never from a client.
        """
        stem = info.name.removesuffix(INFO)
        names = [stem + ending for ending in (DATA, DOCUMENTS, INFO)]
        there = [name for name in names if info.with_name(name).is_file()]
        return cls._issue(
            user=user, kind=DOWN, tenant=tenant, folder=str(info.parent), info=info.name,
            files=json.dumps({name: {"tag": "", "ended": False} for name in there}),
        )[1]

    @classmethod
    def expect(cls, user: int, tenant: str | None = None) -> tuple[int, str]:
        """Give the id of an upload by this user, and the address at which its page is.

        `tenant` is the key of the one that will be replaced, None where one comes into being.
        """
        folder = staging.make(UP, secrets.token_hex(16))
        made, address = cls._issue(user=user, kind=UP, tenant=tenant, folder=str(folder))
        return made.id, address

    @classmethod
    def _issue(cls, **values: Any) -> tuple[Self, str]:
        cls.clean()
        token = secrets.token_urlsafe(32)
        made = cls(token=_hash(token), expires=states.now() + START, **values)
        made.save()
        return made, f"{address_here()}/{made.kind}/{token}/"

    @classmethod
    def find(cls, kind: str, token: str, user: int) -> Self | None:
        """Give a link that this user may still use or has just used up, None for all others."""
        found = cls.search([
            ("token", "=", _hash(token)), ("kind", "=", kind), ("user", "=", user),
            ("expires", ">", states.now()),
        ])
        return found[0] if found else None

    @classmethod
    def uploaded(cls, id_: int, user: int) -> Path | None:
        """Give the info file of an upload of this user that has ended, None otherwise."""
        found = cls.search([
            ("id", "=", id_), ("kind", "=", UP), ("user", "=", user), ("ended", "=", True),
        ])
        return Path(found[0].folder, found[0].info) if found else None

    @classmethod
    def is_upload(cls, info: Path, user: int) -> bool:
        """Whether an info file came by an upload of this user that has ended."""
        return bool(cls.search([
            ("folder", "=", str(info.parent)), ("info", "=", info.name), ("kind", "=", UP),
            ("user", "=", user), ("ended", "=", True),
        ]))

    @property
    def pair(self) -> dict[str, dict[str, Any]]:
        """What is known of each file, the info file last."""
        return dict(json.loads(self.files or "{}"))

    def begin(self, name: str, tag: str | None, first: int, size: int) -> str | None:
        """Note that a file is fetched from `first` on, and give the tag that its bytes go under.

        `tag` is the one that the browser has from before. None where the link was used up: then
        only the last bytes of the same transfer are given once more, since nobody knows whether
        they arrived.
        """
        files = self.pair
        file = files[name]
        resumed = bool(tag) and secrets.compare_digest(str(tag), str(file["tag"]))
        if file["ended"]:
            return str(file["tag"]) if resumed and first and size - first <= TAIL else None
        if not (first and resumed):
            file["tag"] = secrets.token_hex(16)
        self._note(files)
        return str(file["tag"])

    def end(self, name: str, tag: str) -> bool:
        """Note that the last byte of a file is given away; False where it was asked for anew."""
        files = self.pair
        if not secrets.compare_digest(tag, str(files[name]["tag"])):
            return False
        files[name]["ended"] = True
        self._note(files)
        if self.ended:
            self._note_fetched()
        return True

    def _note_fetched(self) -> None:
        """Note that somebody has the pair of a run now; which run's folder it lies in says so."""
        tenant = Pool().get("sichern.run.tenant")
        found = tenant.search([
            ("run.name", "=", Path(self.folder).name), ("key", "=", self.tenant),
        ])
        tenant.write(found, {"fetched": states.now()})

    def prolong(self) -> None:
        """Note a first use: from now on the transfer may take its time."""
        self.expires = max(self.expires, (self.create_date or states.now()) + RESUME)
        self.save()

    def close(self, info: str) -> None:
        """Note that an upload has ended, with the name of its info file."""
        self.info, self.ended = info, True
        self.expires = states.now() + RESUME
        self.save()

    def _note(self, files: dict[str, dict[str, Any]]) -> None:
        self.files = json.dumps(files)
        self.ended = all(file["ended"] for file in files.values())
        self.prolong()

    @classmethod
    def clean(cls) -> None:
        """Remove links that are over, and what lies on the server that nobody can fetch or import.

        Tryton's scheduler calls this, and each new link.
        """
        run = Pool().get("sichern.run")
        needed = {
            str(Path(each.file).parent)
            for each in run.search([("state", "in", list(states.GOING_ON)), ("file", "!=", None)])
        }
        over = cls.search([("expires", "<=", states.now())])
        cls._remove([each for each in over if each.folder not in needed])
        good = {way: {Path(each.folder).name for each in cls.search([("kind", "=", way)])}
                for way in (UP, DOWN)}
        staging.sweep(UP, good[UP])
        waiting = run.search([
            ("destination", "=", places.BROWSER),
            ["OR", ("state", "in", list(states.GOING_ON)), ("finished", ">", states.now() - FETCH)],
        ])
        staging.sweep(DOWN, good[DOWN] | {each.name for each in waiting})

    @classmethod
    def _remove(cls, transfers: list[Self]) -> None:
        for each in transfers:
            if each.kind == UP:
                staging.remove(Path(each.folder))
        cls.delete(transfers)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
