"""When a nightly job is due: once a night, also in nights that have an hour twice or not at all."""

import datetime as dt


def is_due(here: dt.datetime, time: dt.time | None, last_day: dt.date | None) -> bool:
    """Whether a job of this time is to start now, where it last started on `last_day`.

    `here` is the time on the wall. What counts is the day: an hour that comes twice starts
    nothing twice, and one that is left out is over when the clock jumps past it.
    """
    if time is None or here.time().replace(tzinfo=None) < time:
        return False
    return last_day is None or last_day < here.date()
