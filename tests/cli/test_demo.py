"""The demo: one command, two pairs, three imports without a difference, in German."""

import json
from pathlib import Path

from tests.support.sichern import sichern


def test_the_demo_makes_two_sound_pairs_imports_them_elsewhere_and_finds_no_difference(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    done = sichern("demo", "--dir", folder, "--invoices", "1", "--lang", "de", home=tmp_path)
    assert (done.status, done.err) == (0, "")
    for text in (
        "lege die Datenbank an", "Rechnungen von Muster GmbH: 0 von", "vollständig",
        "Datensätze", "geprüft: ",
    ):
        assert text in done.out
    assert not {"create", "invoices", "books", "of", "complete"} & set(done.out.split())
    assert sorted(file.suffix for file in (folder / "backups").iterdir()) == [
        ".zip", ".zip", ".ztx", ".ztx",
    ]
    moved = done.out.partition("mit dem ersten Paar verglichen:")[2].splitlines()[2:]
    assert [line.split()[0] for line in moved] == ["second", "third", "third"]
    assert [line.split()[-1] for line in moved] == ["0", "0", "0"]
    for name, count in (("second", 1), ("third", 2)):
        there = sichern("tenants", "--config", folder / f"{name}.toml", "--json")
        assert len(there.data) == count
    # Its configuration is ready to be used.
    config = folder / "sichern.toml"
    assert len(sichern("list", "backups", "--config", config, "--json").data) == 2
    again = sichern("demo", "--dir", folder, "--invoices", "1", "--json")
    assert again.status == 2
    assert json.loads(again.out)["error"]["code"] == "demo-database-exists"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/demo")):
        done = sichern("demo", "--dir", folder)
        assert done.status == 1
        assert len(done.err.splitlines()) == 2
        assert done.err.startswith("error: ")
