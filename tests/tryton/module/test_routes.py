"""Pairs go down to a browser and up from one: streamed, resumed, once, and only for who may."""

import html
import json
import os
import secrets
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sichern.archive.pair import PairWriter
from tests.archive.making import fill, make_pair
from tests.hostile.mounts import tmpfs
from tests.support.serving import WebServer
from tests.support.tryton import environment
from tests.support.visitor import Answer, Visitor

STEM = "muster-gmbh_2026-03-01T020000Z"
MEGA = 1 << 20
NOWHERE = (404, 405)
"""What trytond says of an address below which it serves nothing."""
LARGE = int(os.environ.get("SICHERN_TEST_BIG", "300")) * MEGA
"""Bytes of a file each way; `SICHERN_TEST_BIG` names another number of MiB."""
ROOM = 64 * MEGA
"""What a server may need beyond what it has, in bytes, whatever the size of a file."""


class Links:
    """Makes links in the served database, as its wizards do."""

    def __init__(self, server: WebServer) -> None:
        database = server.databases[0]
        self._file = database.file
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.tryton.module.linking", str(server.config),
             database.name],
            env=environment(database.uri), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=Path(__file__).parents[3],
        )

    def down(self, login: str, tenant: str, info: Path) -> str:
        return str(self._make("down", login, tenant, str(info))[0])

    def up(self, login: str, tenant: str | None = None) -> str:
        return str(self._make("up", login, tenant)[0])

    def _make(self, *request: str | None) -> list[object]:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(request) + "\n")
        self._program.stdin.flush()
        return list(json.loads(self._program.stdout.readline()))

    def close(self) -> None:
        self._program.communicate()

    def change(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection, connection:
            connection.execute(sql, values)

    def folder(self) -> Path:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection:
            ((folder,),) = connection.execute(
                "SELECT folder FROM sichern_transfer ORDER BY id DESC LIMIT 1"
            ).fetchall()
        return Path(folder)


@pytest.fixture(scope="module")
def links(server: WebServer) -> Iterator[Links]:
    """`chef` may do everything in both companies, `anna` works in one and holds no right."""
    links = Links(server)
    yield links
    links.close()


@pytest.fixture(scope="module")
def chef(server: WebServer) -> Visitor:
    return signed_in(server, "chef")


def signed_in(server: WebServer, login: str) -> Visitor:
    visitor = Visitor(port=server.port, database=server.databases[0].name)
    visitor.sign_in(login, f"{login}-sichern")
    return visitor


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair as far as a download looks at it."""
    (tmp_path / f"{STEM}.zip").write_bytes(secrets.token_bytes(5 * MEGA + 17))
    (tmp_path / f"{STEM}.ztx").write_bytes(b'{"format": 1}\n')
    return tmp_path / f"{STEM}.ztx"


@pytest.fixture
def real_pair(tmp_path: Path) -> Path:
    """A pair that Sichern wrote."""

    def write(writer: PairWriter) -> None:
        fill(writer, documents=[secrets.token_bytes(300_000)])

    committed = make_pair(tmp_path, write=write)
    return tmp_path / committed.files[-1]


def zip_of(info: Path) -> Path:
    return info.with_suffix(".zip")


# --- down --------------------------------------------------------------------------------------


def test_both_files_come_down_whole(links: Links, chef: Visitor, pair: Path) -> None:
    link = links.down("chef", "1", pair)
    for file in (zip_of(pair), pair):
        answer = chef.ask("GET", link + file.name)
        assert answer.status == 200
        assert answer.body == file.read_bytes()
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.name}"'


def test_the_page_offers_the_files_of_the_pair(links: Links, chef: Visitor, pair: Path) -> None:
    page = chef.ask("GET", links.down("chef", "1", pair))
    assert page.status == 200
    for file in (zip_of(pair), pair):
        assert f'href="./{file.name}"' in page.body.decode()
    assert "Sicherung herunterladen" in page.body.decode()


def test_a_link_is_useless_a_second_time(links: Links, chef: Visitor, pair: Path) -> None:
    link = links.down("chef", "1", pair)
    files = (zip_of(pair), pair)
    tags = {file: chef.ask("GET", link + file.name).headers["ETag"] for file in files}
    for file, tag in tags.items():
        again = [{}, {"Range": "bytes=1-"}, {"Range": "bytes=0-", "If-Range": tag}]
        for headers in again:
            assert chef.ask("GET", link + file.name, headers=headers).status == 410
    assert chef.ask("GET", link).status == 410


def test_a_broken_download_goes_on_where_it_stopped(
    links: Links, chef: Visitor, tmp_path: Path
) -> None:
    info, content = tmp_path / f"{STEM}.ztx", secrets.token_bytes(40 * MEGA)
    info.write_bytes(b"{}")
    zip_of(info).write_bytes(content)
    address = links.down("chef", "1", info) + zip_of(info).name
    connection, answer = chef.open("GET", address)
    arrived = answer.read(3 * MEGA)
    tag = answer.headers["ETag"]
    answer.close()
    connection.close()
    rest = chef.ask(
        "GET", address, headers={"Range": f"bytes={len(arrived)}-", "If-Range": tag}
    )
    assert rest.status == 206
    first, size = len(arrived), len(content)
    assert rest.headers["Content-Range"] == f"bytes {first}-{size - 1}/{size}"
    assert arrived + rest.body == content


def test_what_may_have_been_lost_at_the_end_is_given_once_more_to_the_same_transfer(
    links: Links, chef: Visitor, pair: Path
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    tag = chef.ask("GET", address).headers["ETag"]
    tail = {"Range": f"bytes={5 * MEGA}-"}
    assert chef.ask("GET", address, headers={**tail, "If-Range": tag}).status == 206
    assert chef.ask("GET", address, headers=tail).status == 410
    assert chef.ask("GET", address, headers={**tail, "If-Range": '"another"'}).status == 410


def test_a_file_that_changed_in_the_browsers_eyes_comes_whole(
    links: Links, chef: Visitor, pair: Path
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    answer = chef.ask("GET", address, headers={"Range": "bytes=5-", "If-Range": '"old"'})
    assert (answer.status, answer.body) == (200, zip_of(pair).read_bytes())


@pytest.mark.parametrize(("asked", "got"), [
    ("bytes=0-0", slice(0, 1)),
    ("bytes=7-1000", slice(7, 1001)),
    (" bytes = 7 - 1000 ", slice(7, 1001)),
    ("bytes=-5", slice(-5, None)),
    ("bytes=-99999999", slice(None)),
    (f"bytes={5 * MEGA}-99999999", slice(5 * MEGA, None)),
])
def test_a_part_is_what_was_asked_for(
    links: Links, chef: Visitor, pair: Path, asked: str, got: slice
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    answer = chef.ask("GET", address, headers={"Range": asked})
    assert (answer.status, answer.body) == (206, zip_of(pair).read_bytes()[got])


@pytest.mark.parametrize("asked", ["bytes=5-4", "bytes=0-1,3-4", "rows=0-1", "bytes=-", "5-"])
def test_what_is_no_range_asks_for_everything(
    links: Links, chef: Visitor, pair: Path, asked: str
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    answer = chef.ask("GET", address, headers={"Range": asked})
    assert (answer.status, answer.body) == (200, zip_of(pair).read_bytes())


def test_a_range_outside_of_the_file_is_said_to_be_one(
    links: Links, chef: Visitor, pair: Path
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    assert chef.ask("GET", address, headers={"Range": f"bytes={6 * MEGA}-"}).status == 416


def test_to_look_first_does_not_use_a_link_up(links: Links, chef: Visitor, pair: Path) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    looked = chef.ask("HEAD", address)
    assert (looked.status, looked.headers["Content-Length"]) == (200, str(5 * MEGA + 17))
    assert chef.ask("GET", address).status == 200


def test_nothing_but_the_pair_can_be_fetched(links: Links, chef: Visitor, pair: Path) -> None:
    (pair.parent / "other_2026-03-01T020000Z.zip").write_bytes(b"not yours")
    link = links.down("chef", "1", pair)
    for name in ("other_2026-03-01T020000Z.zip", "..%2Fetc%2Fpasswd", "%2e%2e", "x%00.zip"):
        assert chef.ask("GET", link + name).status in NOWHERE


def test_a_file_that_became_a_link_is_not_followed(
    links: Links, chef: Visitor, pair: Path
) -> None:
    address = links.down("chef", "1", pair) + zip_of(pair).name
    secret = pair.with_name("secret")
    secret.write_bytes(b"not yours")
    zip_of(pair).unlink()
    zip_of(pair).symlink_to(secret)
    assert chef.ask("GET", address).status == 410


def test_a_pair_that_is_gone_is_said_to_be_gone(
    links: Links, chef: Visitor, pair: Path
) -> None:
    link = links.down("chef", "1", pair)
    zip_of(pair).unlink()
    for address in (link, link + zip_of(pair).name):
        said = chef.ask("GET", address)
        assert (said.status, said.data["code"]) == (410, "pair-gone")
        page = chef.ask("GET", address, headers={"Accept": "text/html"})
        assert page.status == 410
        assert said.data["message"] in html.unescape(page.body.decode())


# --- who ---------------------------------------------------------------------------------------


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


# --- up ----------------------------------------------------------------------------------------


def send(visitor: Visitor, address: str, piece: bytes, offset: int) -> Answer:
    return visitor.ask("PATCH", address, piece, {
        "Upload-Offset": str(offset), "Content-Type": "application/octet-stream",
    })


def test_a_pair_comes_up_in_pieces(links: Links, chef: Visitor, real_pair: Path) -> None:
    link = links.up("chef")
    for file in (zip_of(real_pair), real_pair):
        content = file.read_bytes()
        for start in range(0, len(content), 100_000):
            answer = send(chef, link + file.name, content[start : start + 100_000], start)
            assert answer.data == {"offset": min(start + 100_000, len(content))}
    assert chef.ask("POST", link, b"").status == 200
    folder = links.folder()
    assert (folder / zip_of(real_pair).name).read_bytes() == zip_of(real_pair).read_bytes()
    assert (folder / real_pair.name).read_bytes() == real_pair.read_bytes()


def test_nobody_else_on_the_server_reads_what_came_up(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    link = links.up("chef")
    send(chef, link + real_pair.name, b"x", 0)
    folder = links.folder()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder)}
    assert set(modes.values()) == {0o700}
    assert stat.S_IMODE((folder / real_pair.name).stat().st_mode) == 0o600


def test_a_broken_upload_goes_on_where_it_stopped(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    address = links.up("chef") + zip_of(real_pair).name
    content = zip_of(real_pair).read_bytes()
    with socket.create_connection(("localhost", chef.port)) as connection:
        connection.sendall(
            f"PATCH {urlsplit(address).path} HTTP/1.1\r\nHost: localhost:{chef.port}\r\n"
            f"Cookie: {chef.cookie}\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode() + content[:50_000]
        )
    while chef.ask("GET", address).data["offset"] < 50_000:
        time.sleep(0.05)  # what is on the way arrives
    answer = send(chef, address, content[50_000:], 50_000)
    assert answer.data == {"offset": len(content)}
    assert (links.folder() / zip_of(real_pair).name).read_bytes() == content


def test_a_piece_is_appended_only_where_the_file_ends(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    address = links.up("chef") + real_pair.name
    assert send(chef, address, b"abc", 0).data == {"offset": 3}
    for offset in (0, 2, 4):
        answer = send(chef, address, b"xyz", offset)
        assert (answer.status, answer.data) == (409, {"offset": 3})
    assert (links.folder() / real_pair.name).read_bytes() == b"abc"


@pytest.mark.parametrize("name", [
    "..%2F..%2Fevil.zip", "evil.sh", "evil.zip", ".ztx", f"{STEM}.exe", f"{STEM}%00.zip",
    f"%2Ftmp%2F{STEM}.zip", "%F0%9F%92%A9.zip",
])
def test_only_names_of_pairs_are_taken(links: Links, chef: Visitor, name: str) -> None:
    assert send(chef, links.up("chef") + name, b"abc", 0).status in (*NOWHERE, 422)
    assert list(links.folder().iterdir()) == []


def test_a_file_that_the_browser_had_saved_twice_is_taken_under_its_own_name(
    links: Links, chef: Visitor
) -> None:
    send(chef, links.up("chef") + f"{STEM}%20(1).zip", b"abc", 0)
    assert os.listdir(links.folder()) == [f"{STEM}.zip"]


def test_an_upload_ends_only_with_a_whole_pair(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    link = links.up("chef")
    assert chef.ask("POST", link, b"").status == 422
    send(chef, link + real_pair.name, real_pair.read_bytes(), 0)
    answer = chef.ask("POST", link, b"")
    assert answer.status == 422
    assert zip_of(real_pair).name in answer.data["message"]
    content = zip_of(real_pair).read_bytes()
    send(chef, link + zip_of(real_pair).name, content[:-1], 0)
    assert chef.ask("POST", link, b"").status == 422
    send(chef, link + zip_of(real_pair).name, content[-1:], len(content) - 1)
    assert chef.ask("POST", link, b"").status == 200


def test_what_was_chosen_wrongly_can_be_chosen_again(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    link = links.up("chef")
    send(chef, link + zip_of(real_pair).name, b"wrong" * 500_000, 0)
    answer = chef.ask("POST", link, b"")
    assert (answer.status, answer.data["code"]) == (422, "upload-no-info")
    send(chef, link + real_pair.name, b"{", 0)
    assert chef.ask("POST", link, b"").data["code"] == "info-damaged"
    send(chef, link + f"{STEM}.ztx", b'{"format": 1}', 0)  # another backup's, without its zip
    send(chef, link + real_pair.name, real_pair.read_bytes(), 0)
    assert chef.ask("POST", link, b"").status == 422
    content = zip_of(real_pair).read_bytes()
    send(chef, link + zip_of(real_pair).name, content, 0)
    send(chef, link + f"{STEM}.zip", content, 0)
    answer = chef.ask("POST", link, b"")
    assert answer.data["code"] == "upload-many"
    assert real_pair.name in answer.data["message"]
    send(chef, link + real_pair.name, real_pair.read_bytes(), 0)
    assert chef.ask("POST", link, b"").status == 200


def test_after_its_end_nothing_is_added_to_an_upload(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    link = links.up("chef")
    for file in (zip_of(real_pair), real_pair):
        send(chef, link + file.name, file.read_bytes(), 0)
    assert chef.ask("POST", link, b"").status == 200
    assert chef.ask("POST", link, b"").status == 200  # the answer may have been lost
    assert send(chef, link + real_pair.name, b"more", real_pair.stat().st_size).status == 410
    assert chef.ask("GET", link).status == 410


@pytest.mark.parametrize("options", ["size=300m,ro", "size=300m,nr_inodes=1"])
def test_a_disk_that_takes_nothing_is_said_to_take_nothing(
    links: Links, chef: Visitor, real_pair: Path, options: str
) -> None:
    """Read-only, and full of files though not of bytes."""
    link = links.up("chef")
    with tmpfs(links.folder(), options):
        answer = send(chef, link + real_pair.name, b"abc", 0)
    assert (answer.status, answer.data["code"]) == (507, "upload-not-kept")
    assert real_pair.name in answer.data["message"]
    assert send(chef, link + real_pair.name, b"abc", 0).data == {"offset": 3}


def test_an_upload_whose_folder_is_gone_is_refused(
    links: Links, chef: Visitor, real_pair: Path
) -> None:
    link = links.up("chef")
    links.folder().rmdir()
    for answer in (send(chef, link + real_pair.name, b"abc", 0), chef.ask("POST", link, b"")):
        assert (answer.status, answer.data["code"]) == (507, "upload-not-kept")


@pytest.mark.parametrize(("ask", "status", "code"), [
    (("GET", "/down/forged/"), 404, "link-unknown"),
    (("GET", "/up/forged/"), 404, "link-unknown"),
])
def test_a_refusal_says_what_is_wrong_and_what_to_do(
    server: WebServer, chef: Visitor, ask: tuple[str, str], status: int, code: str
) -> None:
    method, path = ask
    answer = chef.ask(method, f"/{server.databases[0].name}/sichern{path}")
    assert (answer.status, answer.data["code"]) == (status, code)
    assert answer.data["message"].count(". ") == 1


# --- memory ------------------------------------------------------------------------------------


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
