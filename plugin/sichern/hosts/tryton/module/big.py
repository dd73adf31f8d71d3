"""A number of more than 32 bits: bytes and rows."""

from trytond.model import fields


class BigInteger(fields.Integer):
    """As Tryton's own, which PostgreSQL keeps in 32 bits."""

    _sql_type = "BIGINT"
