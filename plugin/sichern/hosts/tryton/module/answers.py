"""Answers of this module's routes: nothing of them is kept by a browser or told to others."""

import json
from http import HTTPStatus
from typing import Any

from trytond.protocols.wrappers import Response

from sichern.hosts.tryton.module.pages import Page, refusal_page
from sichern.hosts.tryton.module.refusals import status_of
from sichern.i18n import error_lines
from sichern_hooks import SichernError

PRIVATE = {
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""An address holds a secret, and what lies there is a company's books."""


def json_answer(status: HTTPStatus, **values: object) -> Any:
    """Answer a page's script."""
    return Response(
        json.dumps(values), status=status, content_type="application/json", headers=PRIVATE
    )


def html_answer(page: Page, status: HTTPStatus = HTTPStatus.OK) -> Any:
    """Answer a person."""
    headers = {**PRIVATE, "Content-Security-Policy": page.policy}
    return Response(
        page.text, status=status, content_type="text/html; charset=utf-8", headers=headers
    )


def refusal(request: Any, error: SichernError, language: str) -> Any:
    """Answer with what is wrong and what to do, as the page's script or a person reads it."""
    status, text = status_of(error), ": ".join(error_lines(error, language))
    # Who follows a link with a browser names HTML; what a page's script asks for, it does not.
    if any(kind == "text/html" for kind, _ in request.accept_mimetypes):
        return html_answer(refusal_page(language, text), status)
    return json_answer(status, code=error.code, message=text)
