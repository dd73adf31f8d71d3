"""Remembers when a pair was last found sound, by the info file's own hash."""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_FILE = "checked.json"
_LOCK = "checked.lock"
_MOST = 10_000
_HEX = re.compile(r"[0-9a-f]{64}")


def state_folder(environment: dict[str, str] | os._Environ[str], home: Path) -> Path:
    """Give the user's folder for state: `$XDG_STATE_HOME/sichern`, by default in `.local/state`."""
    given = environment.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else home / ".local" / "state") / "sichern"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The memory of checks in `folder`, which is made when something is remembered.

    A memory that cannot be parsed counts as empty: it is a convenience, and is built anew.
    """

    folder: Path

    def when(self, sha256: str) -> datetime | None:
        """Give when the pair of that info file was last found sound, or None."""
        return self._read().get(sha256)

    def remember(self, sha256: str, when: datetime) -> None:
        """Keep that the pair was found sound. Raises OSError where that cannot be kept."""
        self._keep(lambda known: {**known, sha256: when})

    def forget(self, sha256: str) -> None:
        """Forget a pair that was found damaged. Raises OSError where that cannot be kept."""
        self._keep(lambda known: {key: when for key, when in known.items() if key != sha256})

    def _keep(self, change: Callable[[dict[str, datetime]], dict[str, datetime]]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            known = change(self._read())
            newest = sorted(known.items(), key=lambda item: item[1], reverse=True)[:_MOST]
            text = json.dumps(
                {key: value.astimezone(UTC).isoformat() for key, value in newest}, indent=0
            )
            part = self.folder / (_FILE + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self.folder / _FILE)

    def _read(self) -> dict[str, datetime]:
        try:
            content = json.loads((self.folder / _FILE).read_text(encoding="utf-8"))
            return {
                key: datetime.fromisoformat(value)
                for key, value in content.items()
                if _HEX.fullmatch(key) and datetime.fromisoformat(value).tzinfo is not None
            }
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (ValueError, TypeError, AttributeError, RecursionError):
            return {}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
