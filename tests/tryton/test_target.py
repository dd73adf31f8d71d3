"""What a Tryton does for an import: placeholders, its document store.

Judged by Tryton's own ORM. trytond belongs to the process, so this module is a program as well:
`python -m tests.tryton.test_target act|judge CONFIG DATABASE ...`. `act` is what an import does
with the target; `judge` runs afterwards, in a process of its own.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import DocumentRef
from tests.support.tryton import copy_sqlite, demo_sqlite
from tests.tryton.copies import BACKENDS, Copy, copy_demo

PROGRAM = "tests.tryton.test_target"
PLACEHOLDER = 90_001
PIECES = [b"first ", b"", b"second " * 50_000, b"last"]
KNOWN = {"login": "h.meier", "name": "Hans Meier"}


def act(config: str, database: str) -> None:
    """Insert a placeholder and replace a document; print what was given."""
    from sichern.hosts.tryton.host import open_host
    from sichern.target.session import open_session

    host = open_host({"config": config, "database": database})
    assert host.sichern_open_target("another") is None
    target = host.sichern_open_target("tryton")
    assert target is not None
    with closing(target), open_session(target.database) as session:
        described = target.describe(session)
        session.begin()
        prefix = f"{described.schema}." if described.schema else ""
        row = {"id": PLACEHOLDER, **target.placeholder("res_user", KNOWN)}
        session.write(
            f"INSERT INTO {prefix}res_user ({', '.join(row)})"
            f" VALUES ({', '.join(':' + name for name in row)})",
            row,
        )
        table = f"{prefix}ir_attachment"
        (key, old), *_ = session.rows(
            f"SELECT id, file_id FROM {table} WHERE type = 'data' ORDER BY id"
        )
        document = DocumentRef(table="ir_attachment", key=str(key), label="data", locator="")
        pieces = iter(PIECES)
        locator = target.put_document(document, pieces)
        column, value = ("file_id", locator) if locator else ("data", b"".join(pieces))
        emptied = "data" if locator else "file_id"
        session.write(
            f"UPDATE {table} SET {emptied} = NULL, {column} = :value WHERE id = :key",
            {"key": key, "value": value},
        )
        session.commit()
        needless = target.put_document(document, iter([b"not needed"]))
        if needless is not None:
            target.drop_document(replace(document, locator=needless))
    said = {
        "login": row["login"],
        "other": target.placeholder("res_user", KNOWN)["login"],
        "attachment": key,
        "old": old,
        "locator": locator,
        "needless": needless,
    }
    sys.stdout.write(json.dumps(said))


def fail(config: str, database: str, how: str) -> None:
    """Put a document whose content cannot be read on, or into a store that is no folder."""
    from sichern.hosts.tryton.host import open_host
    from sichern_hooks import SichernError

    def content() -> Iterator[bytes]:
        yield b"begun"
        if how == "content":
            raise RuntimeError("the pair is gone")

    target = open_host({"config": config, "database": database}).sichern_open_target("tryton")
    assert target is not None
    document = DocumentRef(table="ir_attachment", key="1", label="data", locator="")
    with closing(target):
        try:
            target.put_document(document, content())
        except SichernError as error:
            sys.stdout.write(error.code)
        except RuntimeError as error:
            sys.stdout.write(str(error))


def judge(config_path: str, database: str, login: str, attachment: str) -> None:
    """Print what Tryton says of the placeholder, the document, and everybody's companies."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    logins = []
    for parameters in ({"password": ""}, {"password": "x"}):
        with Transaction().start(database, 0) as transaction:
            logins.append(Pool().get("res.user").get_login(login, parameters))
            transaction.rollback()
    with Transaction().start(database, 0, readonly=True, context={"active_test": False}):
        pool = Pool()
        user = pool.get("res.user")
        (placeholder,) = user.search([("login", "=", login)])
        found = {
            "logins": logins,
            "name": placeholder.rec_name,
            "active": placeholder.active,
            "groups": len(placeholder.groups),
            "companies": len(placeholder.companies),
            "hash": placeholder.password_hash,
            "created": placeholder.create_date is not None,
            "document": hashlib.sha256(
                pool.get("ir.attachment")(int(attachment)).data
            ).hexdigest(),
        }
    sys.stdout.write(json.dumps(found))


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A system after what an import asks of the target: what was given, and what Tryton says."""

    system: Copy
    given: dict[str, Any]
    files: tuple[set[Path], set[Path]]
    judged: dict[str, Any]


@pytest.fixture(scope="module", params=BACKENDS)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    system = copy_demo(request, tmp_path_factory.mktemp("target"), PROGRAM)
    before = _files(system)
    given = json.loads(system.run("act"))
    return Imported(
        system=system,
        given=given,
        files=(before, _files(system)),
        judged=json.loads(system.run("judge", given["login"], given["attachment"])),
    )


def _files(system: Copy) -> set[Path]:
    return {path for path in system.database.documents.rglob("*") if path.is_file()}


def test_nobody_can_log_in_as_a_placeholder(imported: Imported) -> None:
    assert imported.judged["logins"] == [None, None]
    assert not imported.judged["active"]
    assert imported.judged["hash"] is None
    assert (imported.judged["groups"], imported.judged["companies"]) == (0, 0)


def test_a_placeholder_keeps_the_name_and_not_the_login(imported: Imported) -> None:
    """The login may be somebody's here tomorrow."""
    assert imported.judged["name"] == KNOWN["name"]
    assert imported.judged["created"] is True
    assert KNOWN["login"] not in imported.given["login"]
    assert imported.given["login"] != imported.given["other"]


def test_a_document_is_readable_through_tryton(imported: Imported) -> None:
    assert imported.judged["document"] == hashlib.sha256(b"".join(PIECES)).hexdigest()


def test_a_document_gets_a_file_of_its_own(imported: Imported) -> None:
    before, after = imported.files
    locator = imported.given["locator"]
    path = imported.system.database.documents / locator[:2] / locator[2:4] / locator
    assert after - before == {path}
    assert locator != imported.given["old"]
    assert path.read_bytes() == b"".join(PIECES)


def test_what_was_dropped_is_gone(imported: Imported) -> None:
    _, after = imported.files
    assert imported.given["needless"] not in {path.name for path in after}
    assert imported.given["needless"] != imported.given["locator"]


@pytest.fixture
def system(tmp_path: Path) -> Copy:
    return Copy(database=copy_sqlite(demo_sqlite(), tmp_path / "copy"), program=PROGRAM)


def test_where_documents_stand_in_the_table_nothing_is_read_or_stored(
    system: Copy, tmp_path: Path
) -> None:
    config = tmp_path / "tables.conf"
    text = system.database.config.read_text(encoding="utf-8")
    config.write_text(text.replace("filestore = True", "filestore = False"), encoding="utf-8")
    before = _files(system)
    given = json.loads(system.run("act", config=config))
    assert (given["locator"], given["needless"]) == (None, None)
    assert _files(system) == before
    judged = json.loads(
        system.run("judge", given["login"], given["attachment"], config=config)
    )
    assert judged["document"] == hashlib.sha256(b"".join(PIECES)).hexdigest()


def test_a_document_that_breaks_off_leaves_no_file(system: Copy) -> None:
    before = _files(system)
    assert system.run("fail", "content") == "the pair is gone"
    assert _files(system) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_puts_into_the_store_belongs_to_whom_the_store_belongs(system: Copy) -> None:
    """trytond, which is not root, must read it."""
    before = _files(system)
    # All of it: which folders the new document's random name falls into is not known before.
    for each in (system.database.documents, *system.database.documents.rglob("*")):
        os.chown(each, 65534, 65534)
    system.run("act")
    (made,) = _files(system) - before
    for path in (made, made.parent, made.parent.parent):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534), path


def test_a_store_of_another_class_is_written_through_its_own_methods(
    system: Copy, tmp_path: Path
) -> None:
    """As one in the cloud would be; what it raises is not ours to name."""
    (tmp_path / "sichern_test_store.py").write_text(
        "from trytond.filestore import FileStore as Own\n"
        "class FileStore(Own):\n"
        "    def _filename(self, id, prefix):\n"
        "        return super()._filename(id, prefix + '/cloud')\n",
        encoding="utf-8",
    )
    config = tmp_path / "other.conf"
    text = system.database.config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("[database]", "[database]\nclass = sichern_test_store.FileStore"),
        encoding="utf-8",
    )
    before = _files(system)
    given = json.loads(system.run("act", config=config, path=tmp_path))
    (made,) = _files(system) - before
    assert made.is_relative_to(system.database.documents / "cloud")
    assert made.name == given["locator"]
    assert made.read_bytes() == b"".join(PIECES)


def test_a_store_that_cannot_be_written_is_told_in_one_line(system: Copy) -> None:
    system.database.documents.rename(system.database.folder / "elsewhere")
    system.database.documents.write_text("no folder", encoding="utf-8")
    assert system.run("fail", "store") == "tryton-store-unwritable"


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {"act": act, "fail": fail, "judge": judge}
    programs[sys.argv[1]](*sys.argv[2:])
