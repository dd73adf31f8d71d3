"""Switch off in an imported copy what would act on the world.

What stands in the rows is switched off by plain SQL, within the import's transaction:

- of the company: payment journals of a payment service become manual ones, web shops that are
  synchronised become inactive;
- where the whole system is the copy (EMPTY), also all scheduled jobs, all triggers (they send
  notifications), and dunning levels that send mail.

What cannot be switched off here: the mail server stands in trytond.conf, not in the database, and
Tryton goes on sending by it whatever a user does by hand. Jobs of a system that has other
companies (NEW) belong to all of them; a company that came in is in none that names companies, but
is covered by those that name none. Payment files (SEPA) are written as ever; they go nowhere by
themselves. Modules that nobody reviewed may have ways of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sichern.hosts.tryton.tables import columns_of, qualified, quoted, schema_of
from sichern_hooks import N_, Notice, TenantRef, Way, Writer

BY_HAND = ("manual", "sepa")
"""Ways of payment that do nothing until somebody carries a file to the bank."""


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Rows to change: `column` becomes `value` where `condition` holds.

    `owned`: only the company's rows; without it only where the whole system is the copy.
    """

    code: str
    message: str
    table: str
    column: str
    value: object
    condition: str
    owned: bool = False


SWITCHES = (
    Switch(
        code="neutralised-payments",
        message=N_("%(count)d payment journals no longer use their payment service"),
        table="account_payment_journal",
        column="process_method",
        value="manual",
        condition=f"process_method NOT IN {BY_HAND}",
        owned=True,
    ),
    Switch(
        code="neutralised-shops",
        message=N_("%(count)d web shops were switched off"),
        table="web_shop",
        column="active",
        value=False,
        condition="active",
        owned=True,
    ),
    Switch(
        code="neutralised-jobs",
        message=N_("%(count)d scheduled jobs were switched off"),
        table="ir_cron",
        column="active",
        value=False,
        condition="active",
    ),
    Switch(
        code="neutralised-triggers",
        message=N_("%(count)d triggers were switched off"),
        table="ir_trigger",
        column="active",
        value=False,
        condition="active",
    ),
    Switch(
        code="neutralised-dunning",
        message=N_("%(count)d dunning levels no longer send mail"),
        table="account_dunning_level",
        column="send_email",
        value=False,
        condition="send_email",
    ),
)


def neutralise(tenant: TenantRef, way: Way, writer: Writer) -> list[Notice]:
    """Switch off what is there; say of each how many, and what cannot be switched off."""
    schema = schema_of(writer)
    columns = columns_of(writer, schema)
    return [*_switched(tenant, way, writer, schema, columns), _mail_server()]


def _switched(
    tenant: TenantRef,
    way: Way,
    writer: Writer,
    schema: str | None,
    columns: Mapping[str, frozenset[str]],
) -> Iterator[Notice]:
    for switch in SWITCHES:
        there = columns.get(switch.table, frozenset())
        needed = {switch.column, "company"} if switch.owned else {switch.column}
        if not needed <= there or not (switch.owned or way is Way.EMPTY):
            continue
        parameters = {"value": switch.value}
        whose = ""
        if switch.owned:
            whose = " AND company = :company"
            parameters["company"] = int(tenant.key)
        count = writer.write(
            f"UPDATE {qualified(switch.table, schema)} SET {quoted(switch.column)} = :value"
            f" WHERE {switch.condition}{whose}",
            parameters,
        )
        if count:
            yield Notice(
                code=switch.code, message=switch.message, values={"count": count}, warning=False
            )


def _mail_server() -> Notice:
    return Notice(
        code="neutralised-without-mail-server",
        message=N_("mail still goes out by the server that trytond.conf names"),
        hint=N_("set uri in the section [email] of trytond.conf to a server for tests"),
        warning=False,
    )
