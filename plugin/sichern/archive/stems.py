"""File names of pairs: a slug of the tenant's name and the time in UTC."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sichern_hooks import Tenant, TenantRef

INFO = ".ztx"
DATA = ".zip"
DOCUMENTS = ".belege.zip"
PART = ".part"

_LONGEST = 60
_TIME = "%Y-%m-%dT%H%M%SZ"
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa",
     "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "&": " und "}
)
_DEVICE = re.compile(r"(con|prn|aux|nul|conin|conout|clock|com[0-9]|lpt[0-9])")
_STEM = re.compile(
    r"(?P<slug>[a-z0-9-]+)_(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z)(?:-(?P<number>[0-9]+))?"
)


@dataclass(frozen=True, kw_only=True)
class Stem:
    """A pair's file name taken apart; `number` 1 unless the name was taken."""

    slug: str
    when: datetime
    number: int = 1

    def __str__(self) -> str:
        suffix = f"-{self.number}" if self.number > 1 else ""
        return f"{self.slug}_{self.when.astimezone(UTC).strftime(_TIME)}{suffix}"


def slug(text: str) -> str:
    """Give a text as `[a-z0-9-]{1,60}`, ä as ae; `tenant` where nothing is left of it."""
    lower = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    # Twice: what NFKD or casefold brings forth (ß of ẞ, ä of a with dots) is translated too.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", lower).translate(_LETTERS))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    short = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:_LONGEST].strip("-")
    if not short or _DEVICE.fullmatch(short):
        return f"tenant-{short}".strip("-")
    return short


def slugs(tenants: Iterable[Tenant]) -> dict[TenantRef, str]:
    """Give each tenant a slug of its own; the key is appended where two share one.

    To be called with all tenants of the host, so that a tenant's slug does not depend on
    which others were chosen.
    """
    named = {tenant.ref: slug(tenant.name) for tenant in tenants}
    users = Counter(named.values())
    keyed = {
        ref: text
        if users[text] == 1
        else f"{text[: _LONGEST - 21].strip('-')}-{slug(ref.key)[:20]}".strip("-")
        for ref, text in named.items()
    }
    if len(set(keyed.values())) == len(keyed):
        return keyed
    return {
        ref: f"{text[: _LONGEST - 17].strip('-')}-{_digest(ref)}" for ref, text in keyed.items()
    }


def _digest(ref: TenantRef) -> str:
    return hashlib.sha256(f"{ref.host}\0{ref.key}".encode()).hexdigest()[:16]


def stem(tenant_name: str, key: str, when: datetime) -> str:
    """Give a pair's file name without its ending; the key serves where the name leaves nothing."""
    text = slug(tenant_name)
    if text == "tenant":
        text = f"tenant-{slug(key)}"[:_LONGEST].strip("-")
    return str(Stem(slug=text, when=when))


def parse_stem(text: str) -> Stem | None:
    """Take a pair's file name apart; None where it is not one of ours."""
    found = _STEM.fullmatch(text)
    if found is None or (found["number"] is not None and found["number"] in ("0", "1")):
        return None
    try:
        when = datetime.strptime(found["time"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    parsed = Stem(slug=found["slug"], when=when, number=int(found["number"] or 1))
    return parsed if str(parsed) == text else None


def split_ending(name: str) -> tuple[str, str] | None:
    """Split a file name into stem and ending (`.ztx`, `.zip`, `.belege.zip`), or None."""
    for ending in (DOCUMENTS, DATA, INFO):
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)], ending
    return None
