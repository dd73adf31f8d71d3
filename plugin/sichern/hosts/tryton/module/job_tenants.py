"""Which tenants a job backs up, and which it leaves out."""

from typing import Any, ClassVar

from trytond.model import ModelSQL, fields
from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern_hooks import N_


class JobTenant:
    """Holds who names a tenant to its rights, whichever way the row comes."""

    __slots__ = ()
    __access__: ClassVar[set[str]]

    job = fields.Many2One("sichern.job", N_("Job"), ondelete="CASCADE", required=True)
    company = fields.Many2One(
        "company.company", N_("Company"), ondelete="CASCADE", required=True
    )

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()  # type: ignore[misc]
        cls.__access__.add("job")

    @classmethod
    def validate_fields(cls, links: list[Any], field_names: set[str] | None) -> None:
        """Hold the job against the rights of who saved this, as if they had saved the job."""
        super().validate_fields(links, field_names)  # type: ignore[misc]
        jobs = {link.job.id for link in links}
        job = Pool().get("sichern.job")
        if Transaction().user:
            job.demand_rights(job.browse(list(jobs)))


class JobCompany(JobTenant, ModelSQL):
    """A tenant that a job backs up."""

    __name__ = "sichern.job-company.company"
    __string__ = N_("Job and Tenant")


class JobExcluded(JobTenant, ModelSQL):
    """A tenant that a job leaves out."""

    __name__ = "sichern.job-excluded-company.company"
    __string__ = N_("Job and Tenant Left Out")
