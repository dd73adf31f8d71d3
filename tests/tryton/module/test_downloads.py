"""Pairs go down to a browser: streamed, resumed, once."""

import html
import secrets
from pathlib import Path

import pytest

from tests.support.visitor import Visitor
from tests.tryton.module.visiting import MEGA, NOWHERE, STEM, Links, zip_of

CHROMES = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
"""What Chrome asks for where a person follows a link."""


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
        page = chef.ask("GET", address, headers={"Accept": CHROMES})
        assert page.status == 410
        assert said.data["message"] in html.unescape(page.body.decode())
