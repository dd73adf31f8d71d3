"""A pair is there, whole, or not at all."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from sichern.archive.check import check_pair
from sichern.archive.deflate import deflate_piece
from sichern.archive.errors import CompressedWrong, InfoDamaged, PairTaken, WrittenWrong
from sichern.archive.folder import create, rename_exclusively
from sichern.archive.info import FORMAT
from sichern.archive.info_text import write_info
from sichern.archive.listing import list_pairs
from sichern.archive.names import Kind, rows_member
from sichern.archive.pair import PairWriter
from sichern.archive.reader import ArchiveReader, open_pair, read_info_file
from tests.archive.making import (
    STEM,
    WHEN,
    add_document,
    destination,
    facts,
    fill,
    make_format_1,
    make_pair,
)
from tests.support.need import need

STEPS = ["open", "written", "read back", "info written", "named .zip", "named .belege.zip",
         "named .ztx"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("separate", [False, True])
def test_a_pair_is_sound_and_says_what_it_holds(tmp_path: Path, separate: bool) -> None:
    committed = make_pair(tmp_path, separate=separate)
    assert names(tmp_path) == sorted(committed.files)
    result = check_pair(tmp_path / committed.files[-1])
    assert result.sound
    assert result.info == committed.info
    assert (result.rows, result.documents) == (3, 2)
    tables = {table.name: (table.rows, table.identities) for table in result.info.tables}
    assert tables == {"party_party": (3, 0), "ir_model": (0, 1), "account_move": (0, 0)}
    assert len(result.info.volumes) == (2 if separate else 1)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_members_are_read_as_streams(tmp_path: Path) -> None:
    make_pair(tmp_path, separate=True)
    with open_pair(tmp_path / f"{STEM}.ztx") as pair:
        reader = ArchiveReader(pair)
        assert reader.read("data/party_party/00001.tsv") == b"1\tMuster\n2\t\\N\n"
        documents = [m.name for m in reader.members if m.name.startswith("documents/")]
        assert b"".join(reader.blocks(documents[0])) == b"%PDF-1.4 Rechnung"


def test_a_pair_that_was_renamed_as_a_whole_is_still_a_pair(tmp_path: Path) -> None:
    make_pair(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(f"Kopie (1){path.suffix}"))
    assert check_pair(tmp_path / "Kopie (1).ztx").sound


def test_the_same_input_gives_the_same_pair(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make_pair(tmp_path / name)
    for ending in ("zip", "ztx"):
        one, other = (tmp_path / n / f"{STEM}.{ending}" for n in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_whatever_is_raised_at_any_step_nothing_is_left(
    tmp_path: Path, step: str, error: type[BaseException]
) -> None:
    def raise_at(reached: str) -> None:
        if reached == step:
            raise error

    with pytest.raises(error):
        make_pair(tmp_path, separate=True, reached=raise_at)
    assert names(tmp_path) == []


def test_a_run_that_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    with destination(tmp_path) as held, PairWriter(held, STEM) as pair:
        fill(pair)
    assert names(tmp_path) == []


def test_names_are_never_overwritten(tmp_path: Path) -> None:
    stems = [make_pair(tmp_path).files[-1] for _ in range(3)]
    assert stems == [f"{STEM}.ztx", f"{STEM}-2.ztx", f"{STEM}-3.ztx"]
    assert all(check_pair(tmp_path / name).sound for name in stems)


@pytest.mark.parametrize("ending", [".zip", ".ztx", ".belege.zip", ".zip.part", ".ztx.part"])
def test_a_strangers_file_or_planted_link_is_left_alone(tmp_path: Path, ending: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    planted = folder / (STEM + ending)
    planted.symlink_to(victim)
    committed = make_pair(folder)
    assert committed.files == (f"{STEM}-2.zip", f"{STEM}-2.ztx")
    assert victim.read_text() == "precious"
    assert planted.is_symlink()


@pytest.mark.parametrize("ending", [".zip", ".ztx"])
def test_a_link_planted_at_the_final_name_in_the_last_moment_fails_the_run(
    tmp_path: Path, ending: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()

    def plant(step: str) -> None:
        if step == "info written":
            (folder / (STEM + ending)).symlink_to(victim)

    with pytest.raises(PairTaken):
        make_pair(folder, reached=plant)
    assert victim.read_text() == "precious"
    assert names(folder) == [STEM + ending]


def test_renaming_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileExistsError):
            rename_exclusively(folder, "old", "new")
    finally:
        os.close(folder)
    assert (tmp_path / "new").read_text() == "new"


def test_a_faulty_compressor_is_never_marked_good(tmp_path: Path) -> None:
    calls = 0

    def faulty(piece: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return deflate_piece(piece if calls != faulty_call else piece[:-1] + b"x")

    for faulty_call in range(1, 9):
        calls = 0
        with pytest.raises(CompressedWrong):
            make_pair(tmp_path, deflate=faulty)
        assert calls >= faulty_call
        assert names(tmp_path) == []


def test_a_byte_that_changes_between_writing_and_reading_back_fails_the_run(
    tmp_path: Path,
) -> None:
    def rot(place: int, step: str) -> None:
        if step == "written":
            with (tmp_path / f"{STEM}.zip.part").open("r+b") as file:
                file.seek(place)
                byte = file.read(1)
                file.seek(place)
                file.write(bytes([byte[0] ^ 4]))

    sound = tmp_path / make_pair(tmp_path).files[0]
    size = sound.stat().st_size
    for path in tmp_path.iterdir():
        path.unlink()
    for place in range(0, size, size // 150):
        with pytest.raises(WrittenWrong):
            make_pair(tmp_path, reached=partial(rot, place))
        assert names(tmp_path) == []


def test_sums_that_change_in_both_headers_fail_the_run(tmp_path: Path) -> None:
    def lie(step: str) -> None:
        if step == "written":
            part = tmp_path / f"{STEM}.zip.part"
            data = part.read_bytes()
            central = data.index(b"PK\1\2")
            with part.open("r+b") as file:
                for crc in (14, central + 16):
                    file.seek(crc)
                    file.write(b"lie!")

    with pytest.raises(WrittenWrong):
        make_pair(tmp_path, reached=lie)
    assert names(tmp_path) == []


def test_two_runs_for_one_name_at_once_get_a_pair_each(tmp_path: Path) -> None:
    with (
        destination(tmp_path) as held,
        PairWriter(held, STEM) as one,
        PairWriter(held, STEM) as other,
    ):
        fill(one)
        fill(other)
        files = (*one.commit(facts()).files, *other.commit(facts()).files)
    assert names(tmp_path) == sorted(files)
    assert len(set(files)) == 4
    assert all(check_pair(path).sound for path in tmp_path.glob("*.ztx"))


def test_eight_processes_for_one_name_get_a_pair_each(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.archive.making import make_pair\n"
        "print(make_pair(Path(sys.argv[1])).files[-1])"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    written = [run.communicate()[0].strip() for run in runs]
    assert [run.returncode for run in runs] == [0] * 8
    assert len(set(written)) == 8
    assert all(check_pair(tmp_path / name).sound for name in written)
    assert len(names(tmp_path)) == 16


def abandon(folder: Path, step: str, stem: str = STEM) -> None:
    """Run in a process of its own that dies at a step."""
    script = (
        "import os, sys; from pathlib import Path; from tests.archive.making import *\n"
        "def die(step):\n"
        "    if step == sys.argv[2]: os._exit(9)\n"
        "with destination(Path(sys.argv[1])) as held:\n"
        "    with PairWriter(held, sys.argv[3], separate=True, reached=die) as pair:\n"
        "        fill(pair); pair.commit(facts())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, folder, step, stem], check=False)
    assert done.returncode == 9


@pytest.mark.parametrize("step", STEPS)
def test_what_a_dead_run_left_is_removed_by_the_next(tmp_path: Path, step: str) -> None:
    abandon(tmp_path, step)
    left = names(tmp_path)
    assert left
    later = str(STEM).replace("223000", "233000")
    committed = make_pair(tmp_path, stem=later)
    if step == "named .ztx":
        assert committed.removed == ()
        assert names(tmp_path) == sorted([*left, *committed.files])
    else:
        assert sorted(committed.removed) == left
        assert names(tmp_path) == sorted(committed.files)


def test_what_a_dead_run_of_another_tenant_left_stays(tmp_path: Path) -> None:
    abandon(tmp_path, "named .zip", "muster-gmbh-2_2026-11-22T223000Z")
    left = names(tmp_path)
    committed = make_pair(tmp_path)
    assert names(tmp_path) == sorted([*left, *committed.files])


def test_what_a_living_run_holds_stays(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def other_run(step: str) -> None:
        before = names(tmp_path)
        make_pair(tmp_path, stem=STEM.replace("22T22", f"22T{len(seen):02d}"))
        assert set(before) <= set(names(tmp_path))
        seen.append(before)

    with (
        destination(tmp_path) as held,
        PairWriter(held, STEM, separate=True, reached=other_run) as pair,
    ):
        fill(pair)
        pair.commit(facts())
    assert len(seen) == len(STEPS)
    assert all(check_pair(path).sound for path in tmp_path.glob("*.ztx"))


def test_a_zip_whose_info_file_somebody_moved_away_stays(tmp_path: Path) -> None:
    make_pair(tmp_path)
    (tmp_path / f"{STEM}.ztx").unlink()
    make_pair(tmp_path, stem=STEM.replace("223000", "233000"))
    assert (tmp_path / f"{STEM}.zip").exists()


def test_a_planted_link_with_the_name_of_a_part_is_not_followed_on_cleaning_up(
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "muster-gmbh_2020-01-01T000000Z.zip.part").symlink_to(victim)
    make_pair(folder)
    assert victim.read_text() == "precious"


def test_a_file_that_is_cleaned_up_while_it_is_made_is_given_up(tmp_path: Path) -> None:
    with destination(tmp_path) as held:
        first = create(held, "x.part")
        assert first is not None
        assert create(held, "x.part") is None
        first.remove()
        first.close()
        assert names(tmp_path) == []


def test_a_list_shows_the_newest_first_per_tenant_and_what_is_incomplete(tmp_path: Path) -> None:
    earlier = STEM.replace("11-22", "11-21")
    make_pair(tmp_path)
    make_pair(tmp_path, stem=earlier)
    abandon(tmp_path, "open", "zeta_2026-11-22T223000Z")
    make_pair(tmp_path, stem="beta_2026-11-22T223000Z")
    (tmp_path / "beta_2026-11-22T223000Z.ztx").unlink()
    make_pair(tmp_path, stem="gamma_2026-11-22T223000Z")
    (tmp_path / "gamma_2026-11-22T223000Z.zip").unlink()
    (tmp_path / "holiday.zip").write_text("not ours")
    (tmp_path / "notes.txt").write_text("not ours")
    found = [
        (p.stem.split("_")[0], p.created.day, p.problem and p.problem.code)
        for p in list_pairs(tmp_path)
    ]
    assert found == [
        ("beta", 22, "info-missing"),
        ("gamma", 22, "volume-missing"),
        ("muster-gmbh", 22, None),
        ("muster-gmbh", 21, None),
        ("zeta", 22, "unfinished"),
    ]


def test_an_info_file_that_says_nothing_is_as_old_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "renamed.ztx").write_text("nothing")
    os.utime(tmp_path / "renamed.ztx", (WHEN.timestamp(), WHEN.timestamp()))
    (found,) = list_pairs(tmp_path)
    assert (found.tenant, found.created) == ("renamed", WHEN)


def test_the_info_file_is_canonical_json_and_reads_back(tmp_path: Path) -> None:
    committed = make_pair(tmp_path)
    data = (tmp_path / f"{STEM}.ztx").read_bytes()
    assert write_info(committed.info) == data
    assert read_info_file(tmp_path / f"{STEM}.ztx").info == committed.info
    content = json.loads(data)
    assert json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode() + b"\n" == data
    assert committed.info.created == WHEN
    assert timedelta(0) == WHEN.utcoffset()


def test_the_golden_info_file(tmp_path: Path) -> None:
    """The format changes only by intent: then FORMAT, FORMAT.md and this file change too."""
    make_pair(tmp_path, separate=True)
    golden = Path(__file__).with_name(f"golden-{FORMAT}.ztx")
    found = json.loads((tmp_path / f"{STEM}.ztx").read_bytes())
    expected = json.loads(golden.read_bytes())
    # Packed sizes and sums depend on the version of the compressor.
    for content in (found, expected):
        content.pop("sha256")
        for volume in content["volumes"]:
            volume.update(size=0, sha256="")
    assert found == expected


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_the_golden_info_files_are_still_read(number: int) -> None:
    info = read_info_file(Path(__file__).with_name(f"golden-{number}.ztx")).info
    assert info.format == number


def test_a_pair_of_format_1_is_still_sound(tmp_path: Path) -> None:
    make_pair(tmp_path)
    file = tmp_path / f"{STEM}.ztx"
    make_format_1(file)
    assert read_info_file(file).info.format == 1
    assert check_pair(file).sound


def test_a_table_whose_hash_is_not_that_of_its_chunks_is_damage(tmp_path: Path) -> None:
    info = make_pair(tmp_path).info
    tables = (replace(info.tables[0], sha256="0" * 64), *info.tables[1:])
    file = tmp_path / f"{STEM}.ztx"
    file.write_bytes(write_info(replace(info, tables=tables)))
    with pytest.raises(InfoDamaged, match="the SHA-256 of table party_party"):
        check_pair(file)


def test_rows_of_a_table_without_a_role_are_a_fault_of_the_caller(tmp_path: Path) -> None:
    def write(pair: PairWriter) -> None:
        fill(pair)
        pair.data.add(rows_member(Kind.DATA, "other", 1), [b"1\n"])

    with pytest.raises(ValueError, match="not listed"):
        make_pair(tmp_path, write=write)
    assert names(tmp_path) == []


def test_a_list_of_documents_that_does_not_fit_fails_the_run(tmp_path: Path) -> None:
    def write(pair: PairWriter) -> None:
        add_document(pair.data, [b"listed nowhere"])
        pair.data.add("documents.tsv", [])

    with pytest.raises(WrittenWrong):
        make_pair(tmp_path, write=write, roles={})
    assert names(tmp_path) == []


def test_what_is_read_back_does_not_come_from_memory(tmp_path: Path) -> None:
    """A stick that loses what it was given is found only where it is asked."""
    fincore = need("fincore")
    with destination(tmp_path) as held:
        if held.filesystem in ("tmpfs", "overlay"):
            pytest.skip("the tests' folder has no page cache of its own")
        file = create(held, "x.part")
        assert file is not None
        file.write_at(os.urandom(3_000_000), 0)

        def cached() -> int:
            path = str(tmp_path / "x.part")
            command = [str(fincore), "--bytes", "--noheadings", "--output", "RES", path]
            return int(subprocess.check_output(command))

        assert cached() >= 3_000_000
        file.settle()
        assert cached() == 0
        file.close()
