"""PostgreSQL: a session that no setting of a role, database or server can bend."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from sichern.source.settings import PIN, PINNED

ATTEMPTS = 20
"""How often a statement is tried until it is faster than the statement timeout of the login."""

_PIN = PIN.format(settings="%s").encode()


def open_session(
    *arguments: Any, settings: Mapping[str, str] | None = None, **keywords: Any
) -> psycopg.Connection[Any]:
    """Connect and pin these settings, and others, before anything else is asked.

    All other arguments are the driver's.
    """
    connection = psycopg.connect(*arguments, **keywords, autocommit=True)
    try:
        # Alone, since nothing is as fast: what follows is no longer held to that timeout.
        _pin(connection, {"statement_timeout": "0"})
        _pin(connection, {**PINNED, **(settings or {})})
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _pin(connection: psycopg.Connection[Any], settings: Mapping[str, str]) -> None:
    """Set what the server knows of these, in one statement."""
    for attempt in range(ATTEMPTS):
        try:
            connection.execute(_PIN, [json.dumps(settings)])
        except psycopg.errors.QueryCanceled:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            return
