"""SQLite: whether a file is still the one, and still holds what it held."""

import uuid
from pathlib import Path

from sichern.source.errors_sqlite import sqlite_errors
from sichern.source.login import FileLogin
from sichern.source.sqlite_file import open_read_only


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another that takes its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Watch:
    """Sees whether anybody has written into a file in WAL mode since the watch began.

    So a snapshot that was taken since, and sessions that come in before a look finds nothing
    changed, have the same before them: SQLite lets nobody into the snapshot of another.
    """

    def __init__(self, path: Path, known: tuple[int, int] | None) -> None:
        """Begin; `known` is the identity of the file before it was opened for the first time."""
        self.login = FileLogin(path=str(path.absolute()), run=uuid.uuid4().hex)
        self._known = known
        self._file = open_read_only(path)
        try:
            self._seen = self._version()
        except BaseException:
            self._file.close()
            raise

    def unchanged(self) -> bool:
        """Look."""
        same = identity(Path(self.login.path)) == self._known
        with sqlite_errors():
            return same and self._version() == self._seen

    def close(self) -> None:
        """End."""
        self._file.close()

    def _version(self) -> int:
        # It changes where another connection has committed, see pragma_data_version.
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])
