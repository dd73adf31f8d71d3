"""What a run left unfinished whose process is gone."""

import logging
from collections.abc import Callable, Iterable

from sichern.archive.stale import remove_dead
from sichern.destination import open_destination
from sichern_hooks import Destination, SichernError

logger = logging.getLogger(__name__)


def remove(place: Destination, slugs: Iterable[str]) -> None:
    """Remove unfinished files of these tenants, where no living run holds them."""
    try:
        with open_destination(place) as folder:
            for slug in slugs:
                removed = remove_dead(folder, slug)
                if removed:
                    logger.info("removed what a dead run left: %s", ", ".join(removed))
    except SichernError as error:
        logger.warning("what a dead run left may still be there: %s", error)


def quietly(work: Callable[[str, int], None], database: str, number: int) -> None:
    """Do what somebody's request does not depend on; the log says where it failed."""
    try:
        work(database, number)
    except Exception:
        logger.exception("%s could not be done for number %s", work.__name__, number)
