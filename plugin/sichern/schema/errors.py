"""What is wrong with a value, a line or a wire type."""

from sichern_hooks import N_, SichernError


class MalformedText(SichernError):
    """A line holds an escape, an encoding or an end that no backup writes."""

    code = "malformed-text"
    message = N_("a line is not in the format of the archive: %(text)s")
    hint = N_("the file is damaged or was changed; use another backup")


class MalformedRow(SichernError):
    """A line does not have one value per column, or NULL where none may be."""

    code = "malformed-row"
    message = N_("a row of the table %(table)s does not fit its columns: %(reason)s")
    hint = N_("the file is damaged or was changed; use another backup")


class UnknownWireType(SichernError):
    """A name that is no wire type, from a host's description or from an archive."""

    code = "unknown-wire-type"
    message = N_("there is no wire type %(wire)s")
    hint = N_("the wire types are listed in the description of the format")


class UnreadableValue(ValueError):
    """A database holds a value that its column's wire type does not cover.

    The reader of rows adds table, column and key, and makes an error for people of it.
    """

    def __init__(self, raw: object) -> None:
        shown = repr(raw if not isinstance(raw, str | bytes) else raw[:40])
        super().__init__(f"{type(raw).__name__} {shown}")
