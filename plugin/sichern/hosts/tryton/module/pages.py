"""Small pages for the browser: fetch a pair, send a pair, watch a run, and why not."""

import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from sichern.i18n import translate
from sichern.report.text import size_text
from sichern_hooks import N_

FOLDER = Path(__file__).parent / "pages"

DOWNLOAD = N_("Download the backup")
DOWNLOAD_BOTH = N_("Download all files")
DOWNLOAD_WHY = N_(
    "A backup is whole only with all of its files: the import asks for each of them. "
    "This link is yours alone and works once; a broken download can be resumed."
)
DOWNLOAD_BROKEN = N_("The server cannot be reached. Try again.")
DOWNLOAD_OVER = N_("This link is over. Ask for a new one in the ERP.")
UPLOAD = N_("Upload a backup")
UPLOAD_WHY = N_(
    "Choose all files of one backup: the .ztx, its .zip, and the .belege.zip if there is one. "
    "A broken upload goes on where it stopped, as long as this page stays open."
)
UPLOAD_START = N_("Upload")
UPLOAD_GOES = N_("%(name)s: %(done)s of %(total)s MB")
UPLOAD_DONE = N_("Everything arrived. Close this page and go on in the ERP.")
UPLOAD_CHOOSE = N_("Choose the .ztx and the .zip of one backup first.")
SIGNED_OUT = N_(
    "You are signed in no longer. Sign in to the ERP again in this browser, then go on."
)
BROKEN = N_("The connection broke. Trying again ...")
PROGRESS = N_("Progress: %(name)s")
PROGRESS_WHY = N_(
    "The run goes on by itself: this page and the ERP may be closed. Its protocol is in the ERP."
)
PROGRESS_TENANT = N_("Tenant")
PROGRESS_STATE = N_("State")
PROGRESS_DONE = N_("Progress")
PROGRESS_LEFT = N_("Time Left")


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page and the header that keeps anything but its own script from running in it."""

    text: str
    policy: str


def download_page(language: str, files: Mapping[str, int]) -> Page:
    """Offer the files (name to bytes), to be fetched below the page's own address."""
    rows = "".join(
        f'<li><a href="{html.escape(_below(name))}" download>{html.escape(name)}</a> '
        f"<small>{html.escape(size_text(size, language))}</small></li>"
        for name, size in files.items()
    )
    texts = {"over": DOWNLOAD_OVER, "broken": DOWNLOAD_BROKEN, "signedOut": SIGNED_OUT}
    return _page("download.html", language, title=DOWNLOAD, why=DOWNLOAD_WHY, texts=texts,
                 files=rows, button=_said(DOWNLOAD_BOTH, language))


def upload_page(language: str) -> Page:
    """Let the person choose files, and send them in pieces below the page's own address."""
    texts = {
        "goes": UPLOAD_GOES, "done": UPLOAD_DONE, "choose": UPLOAD_CHOOSE, "broken": BROKEN,
        "signedOut": SIGNED_OUT,
    }
    return _page("upload.html", language, title=UPLOAD, why=UPLOAD_WHY, texts=texts,
                 button=_said(UPLOAD_START, language))


def progress_page(language: str, name: str) -> Page:
    """Watch a run of tenants with this name: its state is below the page's own address."""
    heads = "".join(
        f"<th>{_said(head, language)}</th>"
        for head in (PROGRESS_TENANT, PROGRESS_STATE, PROGRESS_DONE, PROGRESS_LEFT)
    )
    texts = {"left": PROGRESS_LEFT, "broken": BROKEN, "signedOut": SIGNED_OUT}
    return _page("progress.html", language, title=PROGRESS, why=PROGRESS_WHY, texts=texts,
                 heads=heads, values={"name": name})


def refusal_page(language: str, text: str) -> Page:
    """Say why there is nothing here."""
    policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    said = html.escape(text)
    return Page(
        text=f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8">'
        f"<title>Sichern</title><p>{said}</p></html>",
        policy=policy,
    )


def _below(name: str) -> str:
    """A link from `.../<token>/`: names of pairs need no quoting."""
    return f"./{name}"


def _said(text: str, language: str, values: Mapping[str, str] | None = None) -> str:
    return html.escape(translate(text, language, values or {}))


def _page(
    file: str, language: str, *, title: str, why: str, texts: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None, **parts: str,
) -> Page:
    """Put a page's own part into the frame; `texts` are for its script, `parts` are HTML."""
    nonce = secrets.token_urlsafe(16)
    said = {name: translate(text, language) for name, text in (texts or {}).items()}
    # `<` would end the script that the texts stand in.
    script = json.dumps(said).replace("<", "\\u003c")
    body = _template(file).substitute(nonce=nonce, texts=script, **parts)
    text = _template("frame.html").substitute(
        language=language, nonce=nonce, body=body, title=_said(title, language, values),
        why=_said(why, language),
    )
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(text=text, policy=policy)


def _template(file: str) -> Template:
    return Template((FOLDER / file).read_text("utf-8"))
