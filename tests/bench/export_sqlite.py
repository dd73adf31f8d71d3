"""1,000,000 lines of one company on SQLite: from the file to the checked pair."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data_sqlite import line_file
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines
from tests.bench.rivals import settle


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    file = line_file(1_000_000)
    with tempfile.TemporaryDirectory() as made:
        dump, pairs = Path(made, "dump.gz"), Path(made, "pairs")

        def theirs() -> None:
            command = ["sqlite3", str(file), ".dump"]
            with dump.open("wb") as out, subprocess.Popen(command, stdout=subprocess.PIPE) as read:
                subprocess.run(["gzip"], stdin=read.stdout, stdout=out, check=True)
            assert read.returncode == 0
            settle(dump)

        def ours() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            back_up_lines(f"sqlite:///{file}", pairs)

        def sizes() -> Mapping[str, float]:
            archive = sum(path.stat().st_size for path in pairs.iterdir())
            return {"archive MB": archive / 1e6, "dump MB": dump.stat().st_size / 1e6}

        yield {".dump | gzip": theirs, "sichern": ours, "sizes": sizes}


BENCH = Bench(
    name="export-sqlite",
    work="1,000,000 lines of one company, plan, order, proof, read-back and commit included",
    sides=_sides,
    ratios=(
        Ratio(over=".dump | gzip", under="sichern", at_least=3),
        Ratio(over="archive MB", under="dump MB"),
    ),
)
