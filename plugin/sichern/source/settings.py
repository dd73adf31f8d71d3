"""PostgreSQL: what holds for every session, whatever its role, database or server say."""

from collections.abc import Mapping

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
    # In the middle of a COPY a notice makes asyncpg lose the rows before it.
    "client_min_messages": "error",
}
"""Settings of every session; those that a server does not know are left out."""
PIN = """
SELECT pg_catalog.set_config(key, value, false)
FROM pg_catalog.json_each_text({settings}::pg_catalog.json)
WHERE pg_catalog.current_setting(key, true) IS NOT NULL
"""
"""Sets what the server knows of a JSON object of settings; no search path can bend it."""
KEEPALIVE = {
    "connect_timeout": "30",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
"""A server that vanished without a word is noticed after two minutes, not two hours."""
