"""Pairs come up from a browser: in pieces, resumed, and only whole ones."""

import os
import socket
import stat
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.hostile.mounts import tmpfs
from tests.support.serving import WebServer
from tests.support.visitor import Visitor
from tests.tryton.module.visiting import NOWHERE, STEM, Links, send, zip_of


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
    assert answer.data["message"].count(": ") == 1
