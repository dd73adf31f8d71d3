"""What a driver says of an error, on one line. Imports nothing: every process of a run has it."""


def reason_of(error: BaseException) -> str:
    """The first line of what a driver says; PostgreSQL may quote rows below it."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
