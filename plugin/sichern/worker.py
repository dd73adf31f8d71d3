"""Be a worker of `workers.py`: answer calls until the connection ends. Imports next to nothing."""

import contextlib
import os
from multiprocessing.connection import Connection
from typing import Any

NICENESS = 10


def serve(connection: "Connection[Any, Any]") -> None:
    """Answer calls one by one: whether it failed, and the error or the result."""
    # Whoever works with the ERP meanwhile comes first; what is left over is ours.
    os.nice(NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            fn, args, kwargs = connection.recv()
            try:
                answer = (False, fn(*args, **kwargs))
            except Exception as error:
                answer = (True, error)
            connection.send(answer)
