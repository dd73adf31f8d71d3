"""Who may use the links of downloads and uploads, and what a big file costs the server."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.serving import WebServer
from tests.support.visitor import Visitor
from tests.tryton.module.visiting import MEGA, STEM, Links, send, signed_in

LARGE = int(os.environ.get("SICHERN_TEST_BIG", "300")) * MEGA
"""Bytes of a file each way; `SICHERN_TEST_BIG` names another number of MiB."""
ROOM = 64 * MEGA
"""What a server may need beyond what it has, in bytes, whatever the size of a file."""


def test_a_link_is_useless_to_everybody_else(
    links: Links, server: WebServer, chef: Visitor, pair: Path
) -> None:
    down, up = links.down("chef", "1", pair), links.up("chef")
    nobody = Visitor(port=server.port, database=server.databases[0].name)
    for visitor, status in ((nobody, 401), (signed_in(server, "anna"), 404)):
        for method, address in every_way(down, up):
            assert visitor.ask(method, address, b"" if method != "GET" else None).status == status
    assert chef.ask("GET", down).status == 200


def every_way(down: str, up: str) -> list[tuple[str, str]]:
    return [
        ("GET", down), ("GET", f"{down}{STEM}.zip"), ("HEAD", f"{down}{STEM}.ztx"),
        ("GET", up), ("GET", f"{up}{STEM}.zip"), ("PATCH", f"{up}{STEM}.zip"), ("POST", up),
    ]


def test_a_link_does_not_stand_in_for_the_right(
    links: Links, server: WebServer, pair: Path
) -> None:
    """Whoever made the link: `anna` holds no right, whatever stands in the table."""
    down, up = links.down("anna", "1", pair), links.up("anna")
    anna = signed_in(server, "anna")
    for method, address in every_way(down, up):
        assert anna.ask(method, address, b"" if method != "GET" else None).status == 403


def test_a_right_does_not_reach_into_another_company(
    links: Links, server: WebServer, chef: Visitor, pair: Path
) -> None:
    down, up = links.down("chef", "2", pair), links.up("chef", "2")
    access = """FROM "res_user-company_company" WHERE company = 2
        AND "user" = (SELECT id FROM res_user WHERE login = 'chef')"""
    with closing(sqlite3.connect(server.databases[0].file)) as connection:
        (row,) = connection.execute(f"SELECT id, \"user\", company {access}").fetchall()
    links.change(f"DELETE {access}")
    try:
        for method, address in every_way(down, up):
            assert chef.ask(method, address, b"" if method != "GET" else None).status == 403
    finally:
        links.change(
            'INSERT INTO "res_user-company_company" (id, "user", company) VALUES (?, ?, ?)', *row
        )
    assert chef.ask("GET", down).status == 200


def test_a_link_ends(links: Links, chef: Visitor, pair: Path) -> None:
    down, up = links.down("chef", "1", pair), links.up("chef")
    links.change("UPDATE sichern_transfer SET expires = '2026-01-01 00:00:00'")
    for method, address in every_way(down, up):
        assert chef.ask(method, address, b"" if method != "GET" else None).status == 404


def test_a_link_is_for_one_direction(links: Links, chef: Visitor, pair: Path) -> None:
    down, up = links.down("chef", "1", pair), links.up("chef")
    assert chef.ask("GET", down.replace("/down/", "/up/")).status == 404
    assert chef.ask("GET", up.replace("/up/", "/down/")).status == 404


def test_no_client_reads_the_table_of_links(links: Links, server: WebServer) -> None:
    links.up("chef")
    admin = Visitor(port=server.port, database=server.databases[0].name)
    admin.sign_in("admin", "admin-sichern")
    for method, arguments in (
        ("search", [[], 0, None, None]), ("read", [[1], ["token"]]), ("create", [[{}]]),
        ("search_read", [[], 0, None, None, ["token"]]), ("export_data", [[1], [["token"]]]),
    ):
        answer = admin.call(f"model.sichern.transfer.{method}", *arguments)
        assert answer.status != 200 or "result" not in answer.data


def test_the_database_does_not_hold_a_link_that_could_be_used(
    links: Links, server: WebServer, pair: Path
) -> None:
    token = urlsplit(links.down("chef", "1", pair)).path.split("/")[-2]
    assert len(token) == 43
    assert token.encode() not in server.databases[0].file.read_bytes()


def test_the_servers_memory_does_not_grow_with_the_file(
    links: Links, server: WebServer, chef: Visitor, tmp_path: Path
) -> None:
    info, large = tmp_path / f"{STEM}.ztx", tmp_path / f"{STEM}.zip"
    info.write_bytes(b"{}")
    with large.open("wb") as file:
        file.truncate(LARGE)
    send(chef, links.up("chef") + f"{STEM}.zip", bytes(MEGA), 0)
    before = most_memory(server)
    connection, answer = chef.open("GET", links.down("chef", "1", info) + large.name)
    arrived = sum(len(block) for block in iter(lambda: answer.read(MEGA), b""))
    answer.close()
    connection.close()
    with large.open("rb") as file:
        sent = chef.ask("PATCH", links.up("chef") + large.name, file, {  # type: ignore[arg-type]
            "Upload-Offset": "0", "Content-Length": str(LARGE),
        })
    assert (arrived, sent.data) == (LARGE, {"offset": LARGE})
    grown = most_memory(server) - before
    assert grown < ROOM, f"grown by {grown // MEGA} MiB for files of {LARGE // MEGA} MiB"


def most_memory(server: WebServer) -> int:
    """The most that the server ever had in memory, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def test_nobody_reads_or_writes_links_through_any_client(server: WebServer) -> None:
    with closing(sqlite3.connect(server.databases[0].file)) as connection:
        granted = connection.execute(
            "SELECT perm_read, perm_write, perm_create, perm_delete, \"group\""
            " FROM ir_model_access WHERE model = 'sichern.transfer'"
        ).fetchall()
    assert granted == [(0, 0, 0, 0, None)]
