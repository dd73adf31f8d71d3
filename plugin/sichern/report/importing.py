"""Collects what an import has to say, while it runs."""

from collections.abc import Sequence
from datetime import datetime

from sichern import __version__
from sichern.report.import_protocol import ImportProtocol
from sichern.report.log import UNKNOWN, fault_of
from sichern.tenancy.arrival import Arrival
from sichern_hooks import (
    N_,
    Actor,
    ImportOptions,
    Notice,
    Outcome,
    SichernError,
    SystemIdentity,
    Tenant,
    TenantRef,
)


def remarks(arrival: Arrival) -> tuple[Notice, ...]:
    """What a plan's lists mean: a warning where something is lost that was there before."""
    differing = sum(table.differing for table in arrival.tables)
    unmatched = sum(lost.count for lost in arrival.lost if lost.reason == "unmatched")
    found = []
    if unmatched:
        found.append(
            Notice(
                code="references-unmatched",
                message=N_("%(count)d references point at rows that this system does not have"),
                values={"count": unmatched},
                hint=N_("they become empty: see the list of references that cannot be kept"),
            )
        )
    if differing:
        found.append(
            Notice(
                code="rows-differ-here",
                message=N_("%(count)d rows that are there already differ, and stay as they are"),
                values={"count": differing},
                hint=N_("the list of tables says where"),
                warning=False,
            )
        )
    return (*arrival.notices, *found)


class ImportLog:
    """The protocol in the making. The order of calls is that of an import: names, kept (the
    backup that REPLACE makes first), planned, loaded, end.
    """

    def __init__(
        self,
        run: str,
        actor: Actor,
        tenant: Tenant,
        file: str,
        options: ImportOptions,
        started: datetime,
    ) -> None:
        self.started = started
        self.paths: tuple[str, ...] = ()
        self._run = run
        self._actor = actor
        self._tenant = tenant
        self._arrived: TenantRef | None = None
        self._file = file
        self._options = options
        self._target = UNKNOWN
        self._arrival: Arrival | None = None
        self._notices: tuple[Notice, ...] = ()
        self._error: SichernError | None = None
        self._finished: datetime | None = None
        self._outcome = Outcome.COMPLETE

    @property
    def tenant(self) -> Tenant:
        """The tenant as it is here, else as the pair names it, else the file."""
        return Tenant(ref=self._arrived or self._tenant.ref, name=self._tenant.name)

    @property
    def arrived(self) -> bool:
        """Whether the tenant is there, for good."""
        return self._arrived is not None

    def names(self, tenant: Tenant) -> None:
        """Remember the tenant, once the info file was read."""
        self._tenant = tenant

    def kept(self, files: Sequence[str]) -> None:
        """Remember the files of the backup that was made before anything is replaced."""
        self.paths = tuple(files)

    def planned(self, arrival: Arrival, target: SystemIdentity) -> None:
        """Remember what will be done, and in which system."""
        self._arrival = arrival
        self._target = target

    def loaded(
        self, notices: Sequence[Notice], when: datetime, arrived: TenantRef | None = None
    ) -> None:
        """Remember what is to be said of the import, and the tenant as it is there now."""
        self._notices = tuple(notices)
        self._arrived = arrived
        self._finished = when

    def end(self, when: datetime, error: SichernError | None) -> Outcome:
        """Close the protocol; give the outcome."""
        self._finished = when
        self._error = error
        if error is not None:
            self._outcome = Outcome.CANCELLED if error.code == "cancelled" else Outcome.FAILED
        elif any(notice.warning for notice in self._said()):
            self._outcome = Outcome.WARNINGS
        return self._outcome

    def protocol(self) -> ImportProtocol:
        """The protocol as it stands."""
        return ImportProtocol(
            run=self._run,
            action="import",
            tenant=self.tenant.name,
            tenant_key=self.tenant.ref.key,
            host=self._target.host or self._actor.host,
            host_version=self._target.host_version,
            database=self._target.database,
            machine=self._target.machine,
            actor=self._actor.name,
            login=self._actor.login,
            sichern=__version__,
            started=self.started,
            finished=self._finished,
            outcome=str(self._outcome),
            notices=self._said(),
            fault=fault_of(self._error) if self._error else None,
            file=self._file,
            way=self._options.way,
            neutralise=self._options.neutralise,
            copy_confirmed=self._options.copy_confirmed,
            arrival=self._arrival,
            safety=self.paths,
        )

    def _said(self) -> tuple[Notice, ...]:
        """The plan's notices, then the run's."""
        return (*(remarks(self._arrival) if self._arrival else ()), *self._notices)
