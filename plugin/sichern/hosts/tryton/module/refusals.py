"""What a request for a pair or a run is refused with, and the status of HTTP that says so."""

from http import HTTPStatus

from sichern.hosts.tryton.module.receiving import UploadTooLarge
from sichern_hooks import N_, NotAuthorized, SichernError


class LinkUnknown(SichernError):
    """No link of that token, or none of this user's: the two are not told apart."""

    code = "link-unknown"
    message = N_("there is no such link, it is over, or it is not yours")
    hint = N_("ask for a new one in the ERP")


class LinkUsed(SichernError):
    """A link works once."""

    code = "link-used"
    message = N_("this link was used already")
    hint = N_("ask for a new one in the ERP")


class PairGone(SichernError):
    """A file that was offered cannot be read any more."""

    code = "pair-gone"
    message = N_("the file is no longer where it was")
    hint = N_("what waited to be downloaded is removed after a day: back up again")


class RangeOutside(SichernError):
    """The bytes that are asked for are not in the file."""

    code = "range-outside"
    message = N_("the file ends before the bytes that were asked for")
    hint = N_("download it from its beginning")


class LengthMissing(SichernError):
    """A piece of a file without its place or its length."""

    code = "length-missing"
    message = N_("the request does not say where its bytes belong and how many they are")
    hint = N_("let the page of the upload send them: it says so by itself")


class UploadNotKept(SichernError):
    """The server cannot write what comes up."""

    code = "upload-not-kept"
    message = N_("the server cannot keep %(name)s: %(reason)s")
    hint = N_("have somebody check the server's disk, or import the file from a folder there")


class RunUnknown(SichernError):
    """No run of that number, or none that this user may see: the two are not told apart."""

    code = "run-unknown"
    message = N_("there is no such run, or it is of tenants that you have no access to")
    hint = N_("look at the list of runs in the ERP")


STATUS = {
    NotAuthorized: HTTPStatus.FORBIDDEN,
    LinkUnknown: HTTPStatus.NOT_FOUND,
    RunUnknown: HTTPStatus.NOT_FOUND,
    LinkUsed: HTTPStatus.GONE,
    PairGone: HTTPStatus.GONE,
    RangeOutside: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    LengthMissing: HTTPStatus.LENGTH_REQUIRED,
    UploadTooLarge: HTTPStatus.INSUFFICIENT_STORAGE,
    UploadNotKept: HTTPStatus.INSUFFICIENT_STORAGE,
}


def status_of(error: SichernError) -> HTTPStatus:
    """Give the status of an answer that refuses."""
    return STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)
