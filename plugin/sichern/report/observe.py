"""Tell observers what happens; what they do with it never harms a run."""

import logging
from collections.abc import Callable

import pluggy

logger = logging.getLogger(__name__)


def observe(caller: pluggy.HookCaller, **arguments: object) -> None:
    """Call each implementation on its own; an exception is logged, the others are still called."""
    for implementation in reversed(caller.get_hookimpls()):
        function: Callable[..., object] = implementation.function
        try:
            function(*(arguments[name] for name in implementation.argnames))
        except Exception:
            logger.exception("%s failed in %s", caller.name, implementation.plugin_name)
