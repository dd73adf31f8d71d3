"""PostgreSQL: a session that no setting of a role, database or server can bend.

Nothing but the driver is imported here: processes that read beside the run start with this.
"""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

PINNED: Mapping[str, str] = {
    # These can end the session's statements, so they come first.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    # These change the text of values.
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    # These change which rows are read, in which order, and what a statement means.
    "row_security": "off",
    "search_path": "",
    "synchronize_seqscans": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    # Compiling a statement of a hundred parts takes seconds, running it takes milliseconds.
    "jit": "off",
    # A login that may only read often has this; temporary tables are made outside the snapshot.
    "default_transaction_read_only": "off",
}
"""Settings of every session; those that a server does not know are left out."""
ATTEMPTS = 20
"""How often a statement is tried until it is faster than the statement timeout of the login."""
_PIN = """
SELECT pg_catalog.set_config(key, value, false)
FROM pg_catalog.json_each_text(%s::pg_catalog.json)
WHERE pg_catalog.current_setting(key, true) IS NOT NULL
"""
KEEPALIVE = {
    "connect_timeout": "30",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
"""A server that vanished without a word is noticed after two minutes, not two hours."""


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
    """Set what the server knows of these, in one statement that no search path can bend."""
    for attempt in range(ATTEMPTS):
        try:
            connection.execute(_PIN, [json.dumps(settings)])
        except psycopg.errors.QueryCanceled:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            return
