"""A temporary table as the collector of keys has them."""

import sqlalchemy as sa

KEYS = sa.Table(
    "test_keys",
    sa.MetaData(),
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
