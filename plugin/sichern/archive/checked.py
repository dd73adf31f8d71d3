"""Remembers when a pair was last checked, and what was found, by the info file's own hash."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
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
class Check:
    """The last check of a pair."""

    when: datetime
    sound: bool


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The memory of checks in `folder`, which is made when something is remembered.

    A memory that cannot be parsed counts as empty: it is a convenience, and is built anew.
    """

    folder: Path

    def last(self, sha256: str) -> Check | None:
        """Give the last check of the pair of that info file, or None.

        Of several copies of a pair it does not say which one it was.
        """
        return self._read().get(sha256)

    def remember(self, sha256: str, check: Check) -> None:
        """Keep what was found. Raises OSError where that cannot be kept."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            known = {**self._read(), sha256: check}
            newest = sorted(known.items(), key=lambda item: item[1].when, reverse=True)[:_MOST]
            text = json.dumps(
                {
                    key: [each.when.astimezone(UTC).isoformat(), each.sound]
                    for key, each in newest
                },
                indent=0,
            )
            part = self.folder / (_FILE + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self.folder / _FILE)

    def _read(self) -> dict[str, Check]:
        try:
            content = json.loads((self.folder / _FILE).read_text(encoding="utf-8"))
            return {
                key: Check(when=datetime.fromisoformat(when), sound=sound is True)
                for key, (when, sound) in content.items()
                if _HEX.fullmatch(key) and datetime.fromisoformat(when).tzinfo is not None
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
