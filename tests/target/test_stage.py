"""What an archive says of a row is in the temporary table, as the target's own programs store it."""



from sichern.source.rows import read_rows
from sichern.target.session import open_session
from sichern.target.stage import stage
from tests.source.reading import columns, table
from tests.target.conftest import Place

WIRES = columns(id="integer", v="text", n="numeric", d="date")
LINES = b"1\ta\\tb\t1.10\t2026-11-22\n2\t\\N\t\\N\t\\N\n"


def test_lines_come_back_from_the_temporary_table(place: Place) -> None:
    with open_session(place.url) as session:
        assert stage(session, "s 1", WIRES, [LINES[:5], LINES[5:]], table="t", like=None) == 2
        assert b"".join(read_rows(session, table("s 1", WIRES, None), WIRES, ["id"], None)) == LINES
