"""What a report of an import says: its plan table by table, its error, its notices."""

from dataclasses import replace

from sichern.report.import_protocol import ImportProtocol
from sichern.report.mail import loaded_import
from sichern.tenancy.arrival import Arrival, TableArrival
from sichern_hooks import Description, Outcome, Report, SichernError, Table


def protocol_of(report: Report) -> ImportProtocol:
    """The protocol of an import that went through."""
    (entry,) = report.tenants
    assert entry.error is None, f"{entry.error.code}: {entry.error}"
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS)
    return loaded_import(entry.protocol)


def arrival_of(report: Report) -> Arrival:
    """Its plan."""
    arrival = protocol_of(report).arrival
    assert arrival is not None
    return arrival


def table_of(report: Report, name: str) -> TableArrival:
    """One table of its plan."""
    (found,) = [each for each in arrival_of(report).tables if each.table == name]
    return found


def error_of(report: Report) -> SichernError:
    """The one error of an import that failed."""
    (entry,) = report.tenants
    assert report.outcome is Outcome.FAILED
    assert entry.error is not None
    return entry.error


def with_table(description: Description, table: Table) -> Description:
    """A description in which one table is another."""
    return replace(description, tables={**description.tables, table.name: table})
