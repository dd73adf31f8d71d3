"""How the demo tells its steps: a msgid of the catalogs, with the values for its placeholders."""

from typing import Protocol

from sichern_hooks.errors import Scalar


class Tell(Protocol):
    """Is called with each step before it is done."""

    def __call__(self, step: str, /, **values: Scalar) -> None: ...


def silent(_: str, /, **__: Scalar) -> None:
    """Tell nobody."""
