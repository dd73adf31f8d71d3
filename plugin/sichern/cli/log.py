"""The log file: tracebacks go there, never to the terminal, and only once there is one."""

import logging
from pathlib import Path

FORMAT = "%(asctime)s %(name)s %(levelname)s: %(message)s"


class LogFile(logging.Handler):
    """Appends to `path`, which is made with the first record, for its owner only.

    `written` says whether it was. Where it cannot be written the record goes to standard error
    as one line, without its traceback.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(logging.ERROR)
        self.path = path
        self.written = False
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self.format(record) + "\n")
        except OSError:
            line = " ".join(f"{record.name}: {record.getMessage()}".split())
            logging.StreamHandler().emit(logging.makeLogRecord({"msg": "%s", "args": (line,)}))
        else:
            self.written = True
