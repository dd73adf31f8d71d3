"""The pair of a real Tryton company opens everywhere, and a check finds what happens to it."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.archive import Pair
from tests.support.need import missing, need
from tests.support.sichern import Outcome, back_up_all, sichern
from tests.support.tryton import demo_sqlite


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Both companies, each with its documents in an archive of their own."""
    return back_up_all(
        demo_sqlite(), tmp_path_factory.mktemp("real"), "--documents", "separate"
    )


@pytest.fixture
def pair(pairs: dict[str, Pair], tmp_path: Path) -> Pair:
    """A copy of one company's pair, to be spoilt."""
    return copy(pairs["1"], tmp_path)


def copy(pair: Pair, folder: Path) -> Pair:
    for file in volumes(pair):
        shutil.copy(file, folder)
    shutil.copy(pair.ztx, folder)
    return Pair(folder / pair.ztx.name)


def volumes(pair: Pair) -> list[Path]:
    return [pair.zip, pair.zip.with_suffix(".belege.zip")]


def seven() -> Path:
    found = shutil.which("7zz") or shutil.which("7z")
    return Path(found) if found else missing("7-Zip is not installed")


def check(pair: Pair) -> Outcome:
    done = sichern("check", pair.ztx, "--json", home=pair.ztx.parent / "home")
    assert done.err == ""
    return done


def test_python_unzip_and_seven_zip_open_every_archive(pairs: dict[str, Pair]) -> None:
    for pair in pairs.values():
        for file in volumes(pair):
            with zipfile.ZipFile(file) as archive:
                assert archive.testzip() is None
                count = len(archive.namelist())
            unzip = subprocess.run([need("unzip"), "-t", file], capture_output=True, text=True)
            assert unzip.returncode == 0, unzip.stdout
            assert unzip.stdout.count(" OK\n") == count
            tested = subprocess.run([seven(), "t", file], capture_output=True, text=True)
            assert tested.returncode == 0, tested.stdout
            assert f"Files: {count}" in tested.stdout


def test_unzip_and_python_read_the_same(pairs: dict[str, Pair], tmp_path: Path) -> None:
    pair = pairs["1"]
    subprocess.run([need("unzip"), "-q", pair.zip, "-d", tmp_path], check=True)
    written = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    inside = {
        name: content
        for name, content in pair.members.items()
        if not name.startswith("documents/")
    }
    assert written == inside
    assert "README.txt" in written


def test_an_untouched_pair_is_sound(pair: Pair) -> None:
    done = check(pair)
    assert done.status == 0
    assert done.data["sound"]
    assert done.data["rows"] > 800
    assert done.data["documents"] > 0


@pytest.mark.parametrize("volume", [0, 1])
@pytest.mark.parametrize("place", [0.01, 0.5, 0.999])
def test_a_flipped_byte_is_found(pair: Pair, volume: int, place: float) -> None:
    file = volumes(pair)[volume]
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 1
    file.write_bytes(content)
    spoilt(check(pair))


def test_a_missing_member_is_found(pair: Pair) -> None:
    """Repacked without it by a stranger's program, so that the zip itself is in order."""
    with zipfile.ZipFile(pair.zip) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    gone = next(name for name in members if name.startswith("data/account_move/"))
    with zipfile.ZipFile(pair.zip, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if name != gone:
                archive.writestr(name, content)
    spoilt(check(pair))


def test_a_missing_volume_is_found(pair: Pair) -> None:
    volumes(pair)[1].unlink()
    done = check(pair)
    assert done.status == 1
    assert ".belege.zip" in done.data["error"]["message"]


def test_the_info_file_of_another_company_is_found(pairs: dict[str, Pair], pair: Pair) -> None:
    pair.ztx.write_bytes(pairs["2"].ztx.read_bytes())
    spoilt(check(pair))


@pytest.mark.parametrize("left", [0, 0.5, 0.999])
def test_a_truncated_archive_is_found(pair: Pair, left: float) -> None:
    os.truncate(pair.zip, int(pair.zip.stat().st_size * left))
    spoilt(check(pair))


def spoilt(done: Outcome) -> None:
    assert done.status == 1
    assert done.data["sound"] is False
    for problem in done.data["problems"]:
        assert problem["message"]
        assert problem["hint"]
