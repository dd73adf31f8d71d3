"""The ways of big files over HTTP: a pair streams to a browser, or comes from one in pieces.

A request needs a session of Tryton, a link made for its user, and the right, asked for again
each time. Nothing of a file is in memory but one block, and no transaction is open while bytes
flow.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trytond.protocols.wrappers import (
    HTTPStatus,
    Response,
    set_max_request_size,
    with_pool,
    with_transaction,
)
from trytond.wsgi import app

from sichern.archive.errors import FormatTooNew, FormatTooOld, InfoDamaged
from sichern.archive.reader import compare_length, open_pair
from sichern.archive.stems import DATA, INFO
from sichern.hosts.tryton.module import pages, receiving, rights, sending
from sichern.hosts.tryton.module.answers import PRIVATE, html_answer, json_answer, refusal
from sichern.hosts.tryton.module.refusals import (
    LengthMissing,
    LinkUnknown,
    LinkUsed,
    PairGone,
    RangeOutside,
    UploadNotKept,
)
from sichern.hosts.tryton.module.staging import DOWN, UP
from sichern.i18n import language_of
from sichern_hooks import Actor, Permission, SichernError

logger = logging.getLogger(__name__)

RIGHTS = {DOWN: Permission.DOWNLOAD, UP: Permission.IMPORT}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request by a user who may use this link, and what the link says.

    `pair` names the files of a download, the info file last; it is empty for an upload.
    """

    request: Any
    pool: Any
    actor: Actor
    link: int
    folder: Path
    pair: tuple[str, ...]
    ended: bool

    def still_good(self) -> None:
        """Raise LinkUsed where the link was used up."""
        if self.ended:
            raise LinkUsed

    def note(self, work: Callable[[Any], Any]) -> Any:
        """Do something with the link in a transaction of its own.

        It is done again where another transaction came first.
        """

        def do(_request: Any, pool: Any) -> Any:
            return work(pool.get("sichern.transfer")(self.link))

        return with_transaction(readonly=False, user="request")(do)(self.request, self.pool)


Answer = Callable[..., Any]


def _route(path: str, kind: str, *methods: str) -> Callable[[Answer], Answer]:
    """Serve a path below `/<database>/sichern/<kind>/<token>/` for who may use that link.

    What the function raises as SichernError becomes an answer that the page or a person can
    read.
    """

    def decorate(function: Answer) -> Answer:
        def answer(request: Any, pool: Any, token: str, **values: str) -> Any:
            language = language_of(request.accept_languages.best)
            try:
                visit = with_transaction(readonly=True, user="request")(_visit)(
                    request, pool, kind, token
                )
                language = visit.actor.language
                return function(visit, **values)
            except SichernError as error:
                return refusal(request, error, language)

        address = f"/<database_name>/sichern/{kind}/<token>/{path}"
        served = set_max_request_size(None)(app.auth_required(with_pool(answer)))
        app.route(address, methods=list(methods))(served)
        return function

    return decorate


def _visit(request: Any, pool: Any, kind: str, token: str) -> Visit:
    """Find the link of the request's user, and ask for the right.

    Raises LinkUnknown, NotAuthorized.
    """
    link = pool.get("sichern.transfer").find(kind, token, request.user_id)
    if link is None:
        raise LinkUnknown
    actor = rights.demand(RIGHTS[kind], *([link.tenant] if link.tenant else []))
    return Visit(
        request=request, pool=pool, actor=actor, link=link.id, folder=Path(link.folder),
        pair=tuple(link.pair), ended=bool(link.ended),
    )


# --- down --------------------------------------------------------------------------------------


@_route("", DOWN, "GET")
def download_page(visit: Visit) -> Any:
    """Show the files of the pair."""
    visit.still_good()
    with _there():
        sizes = {name: (visit.folder / name).lstat().st_size for name in visit.pair}
    return html_answer(pages.download_page(visit.actor.language, sizes))


@_route("<name>", DOWN, "GET")
def download(visit: Visit, name: str) -> Any:
    """Stream a file of the pair, from the byte that the browser asks for."""
    if name not in visit.pair:
        raise LinkUnknown
    with _there():
        file = sending.open_file(visit.folder / name)
    try:
        return _stream(visit, name, file)
    except BaseException:
        file.close()
        raise


def _stream(visit: Visit, name: str, file: sending.OpenFile) -> Any:
    tag = visit.request.if_range.etag
    try:
        span = sending.span_of(visit.request.headers.get("Range"), file.size)
    except sending.OutsideOfFile:
        raise RangeOutside from None
    if visit.request.method == "HEAD":
        file.close()
        visit.still_good()
        return Response(status=HTTPStatus.OK, headers=_headers(name, file.size, None))
    known = visit.note(lambda link: link.begin(name, tag, span.first, file.size))
    if known is None:
        raise LinkUsed
    if tag and tag != known:
        # Not what the browser has the beginning of: it gets the whole of it (RFC 9110, 13.1.5).
        span = sending.span_of(None, file.size)
    headers = _headers(name, span.end - span.first, known)
    if span.partial:
        headers["Content-Range"] = span.content_range
    ends = partial(_end, visit, name, known) if span.end == span.size else _nothing
    return Response(
        sending.blocks(file, span, ends), headers=headers, direct_passthrough=True,
        status=HTTPStatus.PARTIAL_CONTENT if span.partial else HTTPStatus.OK,
    )


def _end(visit: Visit, name: str, tag: str) -> None:
    """Use the link up before the last block goes out: what fails here can still be resumed."""
    if not visit.note(lambda link: link.end(name, tag)):
        raise ConnectionAbortedError("the same file was asked for anew")


def _nothing() -> None:
    """A part that does not reach the end of the file leaves the link as it is."""


def _headers(name: str, length: int, tag: str | None) -> dict[str, str]:
    kind = "application/zip" if name.endswith(DATA) else "application/octet-stream"
    known = {"ETag": f'"{tag}"'} if tag else {}
    return {
        **PRIVATE, **known, "Content-Type": kind, "Content-Length": str(length),
        "Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{name}"',
    }


# --- up ----------------------------------------------------------------------------------------


@_route("", UP, "GET")
def upload_page(visit: Visit) -> Any:
    """Let the person choose the files of a pair."""
    visit.still_good()
    return html_answer(pages.upload_page(visit.actor.language))


@_route("<name>", UP, "GET", "PATCH")
def upload(visit: Visit, name: str) -> Any:
    """Tell how much of a file is there; append the next piece, which begins there."""
    visit.still_good()
    kept = receiving.file_name(name)
    request = visit.request
    if request.method != "PATCH":
        return json_answer(HTTPStatus.OK, offset=receiving.received(visit.folder, kept))
    offset = request.headers.get("Upload-Offset", type=int)
    if offset is None or request.content_length is None:
        raise LengthMissing
    visit.note(lambda link: link.prolong())
    try:
        with _kept(kept):
            length = receiving.append(
                visit.folder, kept, offset, request.content_length, request.stream
            )
    except receiving.UploadElsewhere as error:
        return json_answer(HTTPStatus.CONFLICT, offset=error.values["offset"])
    return json_answer(HTTPStatus.OK, offset=length)


@_route("", UP, "POST")
def upload_end(visit: Visit) -> Any:
    """End the upload once all files of the pair are there, with the lengths they should have."""
    if not visit.ended:
        with _kept(f"*{INFO}"):
            info = receiving.settle(visit.folder)
        _compare(info)
        visit.note(lambda link: link.close(info.name))
    return json_answer(HTTPStatus.OK)


def _compare(info: Path) -> None:
    """Hold the lengths of what came up against the info file; what can never be right goes.

    So the person may choose another file of that name. Raises what `open_pair` raises,
    VolumeTruncated, VolumeLonger, PairMismatch.
    """
    try:
        pair = open_pair(info)
    except (InfoDamaged, FormatTooNew, FormatTooOld):
        with _kept(info.name):
            info.unlink()
        raise
    with pair:
        for volume, expected in zip(pair.volumes, pair.info.volumes, strict=True):
            if volume.length > expected.size:
                with _kept(volume.name):
                    info.with_name(volume.name).unlink()
            compare_length(pair, volume, expected)


# --- answers -----------------------------------------------------------------------------------


@contextmanager
def _there() -> Iterator[None]:
    """Say of a pair that cannot be read that it is gone; why is the server's own matter."""
    try:
        yield
    except OSError:
        logger.warning("a backup that was offered cannot be read", exc_info=True)
        raise PairGone from None


@contextmanager
def _kept(name: str) -> Iterator[None]:
    """Say of an upload that cannot be written why not."""
    try:
        yield
    except OSError as error:
        logger.warning("an upload cannot be kept", exc_info=True)
        raise UploadNotKept(name=name, reason=error.strerror or type(error).__name__) from None
