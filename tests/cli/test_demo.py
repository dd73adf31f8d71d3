"""The demo: one command, two pairs, in both languages."""

import json
from pathlib import Path

from tests.support.sichern import sichern


def test_the_demo_makes_two_sound_pairs_and_tells_its_steps_in_german(tmp_path: Path) -> None:
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
