"""documents.tsv and the documents of the archive fit each other."""

from pathlib import Path

import pytest

from sichern.archive.check import check_pair
from sichern.archive.errors import WrittenWrong
from sichern.archive.pair import PairWriter
from sichern.archive.writer import Document
from tests.archive.making import add_document, facts, listed, make_pair

NONE = b"t\t1\tfile\ta.pdf\tapplication/pdf\t0\t\t"


def write(pair: PairWriter, *lines: bytes) -> None:
    document = add_document(pair.documents, [b"Rechnung"])
    pair.data.add("documents.tsv", [listed("t", "1", document), *lines])


def test_entries_without_a_document_are_counted(tmp_path: Path) -> None:
    committed = make_pair(
        tmp_path,
        write=lambda pair: write(pair, NONE + b"missing\n", NONE + b"left-out\n"),
        missing=1, left_out=1, roles={},
    )
    assert check_pair(tmp_path / committed.files[-1]).sound
    assert (committed.info.documents.missing, committed.info.documents.left_out) == (1, 1)


def test_one_document_may_belong_to_many_rows(tmp_path: Path) -> None:
    def shared(pair: PairWriter) -> None:
        same = [add_document(pair.documents, [b"Rechnung"]) for _ in range(3)]
        pair.data.add("documents.tsv", [listed("t", str(n), d) for n, d in enumerate(same)])

    committed = make_pair(tmp_path, write=shared, roles={})
    assert committed.info.documents.count == 1
    assert check_pair(tmp_path / committed.files[-1]).sound


@pytest.mark.parametrize(
    "line",
    [
        b"t\t1\n",
        NONE + b"invented\n",
        NONE + b"missing",
        b"t\t1\tf\tn\tk\t0\t" + b"a" * 64 + b"\tmissing\n",
        listed("t", "2", Document(sha256="b" * 64, size=3, new=True)),
        listed("t", "2", Document(sha256="b" * 64, size=3, new=True)).replace(b"\t3\t", b"\tx\t"),
        b"x" * 2_000_000,
    ],
)
def test_a_list_that_is_wrong_fails_the_run(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(WrittenWrong, match="Belegarchiv"):
        make_pair(tmp_path, write=lambda pair: write(pair, line), roles={})
    assert list(tmp_path.iterdir()) == []


def test_a_count_of_missing_documents_that_is_wrong_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(WrittenWrong, match="missing or left out"):
        make_pair(tmp_path, write=lambda pair: write(pair, NONE + b"missing\n"), roles={})
    assert facts().missing == 0
