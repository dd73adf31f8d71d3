"""A job's night: it begins once, however many schedulers ask, and what goes wrong is told."""

import datetime as dt
import logging
import uuid
from typing import Any

from sql import Null
from trytond import backend
from trytond.exceptions import UserError
from trytond.pool import Pool
from trytond.tools import timezone as tz
from trytond.transaction import Transaction

from sichern.hosts.tryton.due import is_due
from sichern.hosts.tryton.module import states
from sichern.hosts.tryton.module.transactions import of_its_own
from sichern.run import Unexpected
from sichern_hooks import SichernError

logger = logging.getLogger(__name__)


def start_due(database: str, number: int) -> None:
    """Start the job of this number where it is due, and nobody else starts it.

    Raises nothing for a job that cannot be started: that becomes a failed run, which is mailed.
    """
    try:
        with of_its_own(database):
            job, here = Pool().get("sichern.job")(number), _now()
            if is_due(here, job.time, job.last_day) and _is_first(job, here.date()):
                job.begin(job.tenants_now())
    except backend.DatabaseOperationalError as error:
        # Another scheduler was faster, or the database is busy: it is asked again in minutes.
        logger.info("job %s was not started: %s", number, error)
    except Exception as error:
        logger.exception("job %s could not be started", number)
        with of_its_own(database):
            _fail(
                Pool().get("sichern.job")(number),
                Unexpected(reason=error.message)
                if isinstance(error, UserError) else Unexpected.of(error),
            )


def _fail(job: Any, error: SichernError) -> None:
    """Note as a failed run, which is mailed, that the job could not be started tonight."""
    if _is_first(job, _now().date()):
        (run,) = Pool().get("sichern.run").create([{
            "kind": states.BACK_UP, "name": uuid.uuid4().hex, "job": job.id,
            "user": job.user.id if job.user else None, "mail_to": job.mail_to,
        }])
        run.end_with(error)


def _now() -> dt.datetime:
    """The time in the time zone of the server."""
    return dt.datetime.now(dt.UTC).astimezone(tz.SERVER)


def _is_first(job: Any, day: dt.date) -> bool:
    """Take the night, where nobody did: in one statement, as schedulers may be many."""
    table = job.__class__.__table__()
    cursor = Transaction().connection.cursor()
    free = (table.last_day == Null) | (table.last_day < day)
    cursor.execute(*table.update([table.last_day], [day], where=(table.id == job.id) & free))
    return bool(cursor.rowcount == 1)
