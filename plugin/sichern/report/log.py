"""Collects what a run has to say of one tenant, while it runs."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath

from sichern import __version__
from sichern.archive.info import Facts, Info, InfoActor, InfoOptions, InfoTenant
from sichern.report.protocol import (
    DocumentCount,
    Fault,
    FileSize,
    Protocol,
    TableCount,
)
from sichern.tenancy.errors import Refused
from sichern_hooks import (
    Actor,
    Destination,
    Notice,
    Options,
    Outcome,
    SichernError,
    SystemIdentity,
    Tenant,
)

UNKNOWN = SystemIdentity(host="", host_version="", system="", database="", machine="")


class ProtocolLog:
    """The protocol in the making. The order of calls is that of a run: read, wrote, kept, end."""

    def __init__(
        self,
        run: str,
        actor: Actor,
        tenant: Tenant,
        destination: Destination,
        options: Options,
        started: datetime,
    ) -> None:
        self.started = started
        self.paths: tuple[str, ...] = ()
        self._run = run
        self._actor = actor
        self._tenant = tenant
        self._destination = destination
        self._options = options
        self._system = UNKNOWN
        self._tables: tuple[TableCount, ...] = ()
        self._documents = DocumentCount()
        self._notices: tuple[Notice, ...] = ()
        self._files: tuple[FileSize, ...] = ()
        self._fault: Fault | None = None
        self._finished: datetime | None = None
        self._outcome = Outcome.COMPLETE

    def read(self, system: SystemIdentity) -> None:
        """Remember the system that the rows come from."""
        self._system = system

    def wrote(
        self,
        tables: Sequence[TableCount],
        documents: DocumentCount,
        notices: Sequence[Notice],
        when: datetime,
    ) -> None:
        """Remember what was written; whether it is kept is not known yet."""
        self._tables = tuple(tables)
        self._documents = documents
        self._notices = tuple(notices)
        self._finished = when
        if any(notice.warning for notice in notices):
            self._outcome = Outcome.WARNINGS

    def kept(self, folder: str, info: Info, files: Sequence[str]) -> None:
        """Remember the pair that is there now."""
        sizes = {volume.name: volume.size for volume in info.volumes}
        self._files = tuple(
            FileSize(name=name, size=sizes[name]) for name in files if name in sizes
        )
        self.paths = tuple(str(PurePath(folder) / name) for name in files)

    def end(self, when: datetime, error: SichernError | None) -> Outcome:
        """Close the protocol; give the outcome."""
        self._finished = when
        if error is not None:
            self._outcome = Outcome.CANCELLED if error.code == "cancelled" else Outcome.FAILED
            self._fault = fault_of(error)
        return self._outcome

    def facts(self, fingerprint: str) -> Facts:
        """What the info file says and the writer cannot count itself."""
        return Facts(
            sichern=__version__,
            actor=InfoActor(login=self._actor.login, name=self._actor.name),
            tenant=InfoTenant(
                host=self._tenant.ref.host, key=self._tenant.ref.key, name=self._tenant.name
            ),
            system=self._system,
            options=InfoOptions(documents=self._options.documents, shared=self._options.shared),
            outcome=self._outcome,
            warnings=sum(notice.warning for notice in self._notices),
            schema_fingerprint=fingerprint,
            roles={table.table: table.role for table in self._tables},
            missing=self._documents.missing,
            left_out=self._documents.left_out,
        )

    def protocol(self) -> Protocol:
        """The protocol as it stands."""
        return Protocol(
            run=self._run,
            action="back-up",
            tenant=self._tenant.name,
            tenant_key=self._tenant.ref.key,
            host=self._system.host or self._tenant.ref.host,
            host_version=self._system.host_version,
            database=self._system.database,
            machine=self._system.machine,
            actor=self._actor.name,
            login=self._actor.login,
            destination=self._destination.path,
            documents_option=str(self._options.documents),
            shared_option=str(self._options.shared),
            sichern=__version__,
            started=self.started,
            finished=self._finished,
            outcome=str(self._outcome),
            tables=self._tables,
            documents=self._documents,
            files=self._files,
            notices=self._notices,
            fault=self._fault,
        )


def fault_of(error: SichernError) -> Fault:
    """Keep what an error says, with each problem of a refused plan."""
    details = error.problems if isinstance(error, Refused) else ()
    return Fault.of(
        error,
        tuple(
            Notice(
                code=error.code,
                message=problem.message,
                values=problem.values,
                hint=problem.hint,
            )
            for problem in details
        ),
    )
