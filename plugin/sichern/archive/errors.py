"""What can be wrong with an archive, and what to do about it."""

from sichern_hooks import N_, SichernError, UsageError

REASONS = (
    N_("bytes follow the end of the stream"),
    N_("no end record"),
    N_("the end records are not canonical"),
    N_("the central directory ends too early"),
    N_("a member's name is not ASCII"),
    N_("a record of the central directory is not canonical"),
)
"""Marked for translation here: workers start with `deflate` and `layout`, which import nothing."""


class ArchiveError(SichernError):
    """Something is wrong with a pair that was read; the others of this kind are its problems."""


class TableNameTooLong(SichernError):
    """A table's name does not fit into the name of a member."""

    code = "table-name-too-long"
    message = N_("the table name %(table)s is longer than %(longest)s characters in an archive")
    hint = N_("rename the table, or leave it out in the description of the host")


class PairTaken(SichernError):
    """No free file name was found."""

    code = "pair-taken"
    message = N_("all file names for %(stem)s are taken in %(folder)s")
    hint = N_("wait until the other runs have ended, or choose another folder")


class InfoMissing(UsageError):
    """The info file does not exist."""

    code = "info-missing"
    message = N_("there is no info file %(file)s")
    hint = N_("give the path of the .ztx file; a .zip without its .ztx is no backup")


class ZipGiven(UsageError):
    """The zip was named where the info file is asked for."""

    code = "zip-given"
    message = N_("%(file)s holds the data of a backup; its info file is asked for")
    hint = N_("give the path of the .ztx that lies beside it")


class FoundDamaged(ArchiveError):
    """A check of the pair, or of a copy of it, found something wrong."""

    code = "found-damaged"
    message = N_("the last check found %(file)s damaged")
    hint = N_("check it again, and use another backup until it is sound")


class Unfinished(ArchiveError):
    """A run has not ended, or was killed."""

    code = "unfinished"
    message = N_("%(file)s is unfinished: a run is writing it, or was killed")
    hint = N_("wait for the run to end; the next run of this tenant removes what a dead one left")


class InfoUnreadable(ArchiveError):
    """The info file cannot be read."""

    code = "info-unreadable"
    message = N_("the info file %(file)s cannot be read: %(reason)s")
    hint = N_("check the medium and the rights on the file")


class InfoDamaged(ArchiveError):
    """The info file is not the one that was written."""

    code = "info-damaged"
    message = N_("the info file %(file)s is damaged: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class FormatTooNew(ArchiveError):
    """The pair was written by a newer Sichern."""

    code = "format-too-new"
    message = N_("%(file)s has format %(found)s; this Sichern reads up to format %(known)s")
    hint = N_("install the version of Sichern that wrote it, or a newer one")


class FormatTooOld(ArchiveError):
    """The pair has a format that is no longer read."""

    code = "format-too-old"
    message = N_("%(file)s has format %(found)s; this Sichern reads from format %(known)s")
    hint = N_("import it with an older Sichern, and back up again from there")


class VolumeMissing(ArchiveError):
    """The info file has no zip beside it."""

    code = "volume-missing"
    message = N_("%(volume)s is missing beside the info file %(file)s")
    hint = N_("copy all files of the backup into one folder, under their own names")


class VolumeUnreadable(ArchiveError):
    """The device failed while the zip was read."""

    code = "volume-unreadable"
    message = N_("%(volume)s cannot be read: %(reason)s")
    hint = N_("check the medium; take another copy of the pair, or an older backup")


class VolumeTruncated(ArchiveError):
    """The zip is shorter than it was."""

    code = "volume-truncated"
    message = N_("%(volume)s has %(found)s bytes instead of %(expected)s")
    hint = N_("the copy was cut short: copy it again, or take an older backup")


class VolumeLonger(ArchiveError):
    """The zip is longer than it was."""

    code = "volume-longer"
    message = N_("%(volume)s has %(found)s bytes instead of %(expected)s")
    hint = N_("it was changed after the backup: take another copy of the pair, or an older backup")


class PairMismatch(ArchiveError):
    """Info file and zip belong to different backups."""

    code = "pair-mismatch"
    message = N_("%(volume)s does not belong to %(file)s, which was written for %(expected)s")
    hint = N_("put the .ztx and the .zip of the same backup side by side")


class VolumeDamaged(ArchiveError):
    """The zip's bytes are not those that were written."""

    code = "volume-damaged"
    message = N_("%(volume)s is damaged: its SHA-256 is not the one of the info file")
    hint = N_("take another copy of the pair, or an older backup")


class StructureDamaged(ArchiveError):
    """Headers or directory of the zip are not those that Sichern writes."""

    code = "structure-damaged"
    message = N_("%(volume)s is damaged or forged: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class MemberDamaged(ArchiveError):
    """A member's bytes are not those that were written."""

    code = "member-damaged"
    message = N_("%(member)s in %(volume)s is damaged: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class MembersDiffer(ArchiveError):
    """Info file and directory of the zip list different members."""

    code = "members-differ"
    message = N_("%(volume)s and its info file list different members: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class ExpandsTooFar(ArchiveError):
    """Unpacking would need more room than is allowed."""

    code = "expands-too-far"
    message = N_("%(volume)s claims to unpack to %(size)s bytes; %(limit)s are allowed")
    hint = N_("do not import this file unless you know where it comes from")


class RowDamaged(ArchiveError):
    """A row is not one of its table, or the schema cannot be read."""

    code = "row-damaged"
    message = N_("%(member)s holds a row that does not fit its table: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class RowsDiffer(ArchiveError):
    """A table has more or fewer rows than the info file says."""

    code = "rows-differ"
    message = N_("table %(table)s has %(found)s rows in the archive instead of %(expected)s")
    hint = N_("take another copy of the pair, or an older backup")


class DocumentsDiffer(ArchiveError):
    """The list of documents and the documents do not fit."""

    code = "documents-differ"
    message = N_("the Belegarchiv does not fit its list: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")


class CompressedWrong(SichernError):
    """What was compressed does not unpack to what it was."""

    code = "compressed-wrong"
    message = N_("data that was compressed did not unpack to what it was before")
    hint = N_("the computer's memory or processor may be faulty: test them, and start again")


class WrittenWrong(SichernError):
    """What was read back from the destination is not what was written."""

    code = "written-wrong"
    message = N_("the backup was read back from %(folder)s and is not what was written: %(reason)s")
    hint = N_("the medium or the computer's memory may be faulty: use another destination")


class NoSuchMember(UsageError):
    """The archive has no member of that name."""

    code = "no-such-member"
    message = N_("the archive has no member %(member)s")
    hint = N_("check the pair")
