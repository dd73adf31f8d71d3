"""The page on which a run is watched: it asks again by itself, as no client of Tryton does."""

from http import HTTPStatus
from typing import Any

from babel.dates import format_timedelta
from trytond.protocols.wrappers import with_pool, with_transaction
from trytond.transaction import Transaction, check_access
from trytond.wsgi import app

from sichern.hosts.tryton.module import pages, rights, states
from sichern.hosts.tryton.module.answers import html_answer, json_answer, refusal
from sichern.hosts.tryton.module.refusals import RunUnknown
from sichern.i18n import translate


def _watched(path: str) -> Any:
    """Serve a path below `/<database>/sichern/run/<id>/` for who may see that run."""

    def decorate(function: Any) -> Any:
        def answer(request: Any, pool: Any, number: int) -> Any:
            transaction = Transaction()
            language = rights.language_of_user(pool.get("res.user")(transaction.user))
            with transaction.set_context(language=language), check_access():
                run = pool.get("sichern.run").seen(number)
                if run is None:
                    return refusal(request, RunUnknown(), language)
                return function(run, language)

        asked = with_transaction(readonly=True, user="request")(answer)
        address = f"/<database_name>/sichern/run/<int:number>/{path}"
        app.route(address, methods=["GET"])(app.auth_required(with_pool(asked)))
        return function

    return decorate


@_watched("")
def page(run: Any, language: str) -> Any:
    """Show the run."""
    return html_answer(pages.progress_page(language, run.rec_name))


@_watched("state")
def state(run: Any, language: str) -> Any:
    """Say how far each tenant is, in words, and whether there is more to come."""
    names = dict(states.STATES)

    def told(each: Any) -> dict[str, object]:
        left = each.remaining
        return {
            "name": each.rec_name, "state": translate(names[each.shown_state], language),
            "progress": round(each.progress, 4), "message": each.message,
            "left": format_timedelta(left, locale=language) if left is not None else "",
        }

    return json_answer(
        HTTPStatus.OK, over=run.shown_state not in states.GOING_ON, run=told(run),
        tenants=[told(each) for each in run.tenants],
    )
