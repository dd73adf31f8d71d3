"""What was found by reading Tryton's modules, and no field says: roles, parents, natural keys."""

from collections.abc import Mapping

from sichern_hooks import Clash, Role

_MODULES = """
    ir res
    account account_asset account_budget account_consolidation account_credit_limit account_deposit
    account_dunning account_invoice account_invoice_history account_invoice_stock account_payment
    account_payment_clearing account_payment_sepa account_product account_rule account_statement
    account_stock_anglo_saxon account_stock_continental account_stock_landed_cost
    account_tax_rule_country analytic_account analytic_invoice attendance bank carrier commission
    company company_work_time country currency customs document_incoming document_incoming_invoice
    inbound_email incoterm marketing notification_email party party_avatar party_relationship
    product product_attribute product_classification product_kit product_price_list production
    production_routing production_work project project_invoice project_revenue purchase
    purchase_request sale sale_advance_payment sale_complaint sale_opportunity sale_point
    sale_price_list sale_promotion sale_shipment_cost sale_subscription sale_supply stock
    stock_forecast stock_location_sequence stock_lot stock_package stock_product_location
    stock_secondary_unit stock_shipment_cost stock_supply timesheet timesheet_cost web_user
"""
MODULES = frozenset(_MODULES.split())
"""Modules whose models were looked at: one of theirs without a company is shared by all."""

_SYSTEM = """
    ir.action ir.action-res.group ir.action.act_window ir.action.act_window.domain
    ir.action.act_window.view ir.action.keyword ir.action.report ir.action.url ir.action.wizard
    ir.calendar.day ir.calendar.month ir.configuration ir.lang ir.message ir.model ir.model.access
    ir.model.button ir.model.button-button.reset ir.model.button-res.group ir.model.button.rule
    ir.model.data ir.model.field ir.model.field.access ir.module ir.module.config_wizard.item
    ir.module.dependency ir.rule ir.rule.group ir.rule.group-res.group ir.sequence.type
    ir.sequence.type-res.group ir.ui.icon ir.ui.menu ir.ui.menu-res.group ir.ui.view res.group
"""
_RESOURCES = "ir.attachment ir.avatar ir.chat.channel ir.email ir.note"
_PRIVATE = """
    ir.avatar.cache ir.cache ir.cron ir.cron-company.company ir.cron.log ir.error ir.export
    ir.export-res.group ir.export-write-res.group ir.export.line ir.filestore.queue
    ir.model.button.click ir.note.read ir.queue ir.session ir.session.wizard ir.trigger
    ir.trigger.log ir.ui.menu.favorite ir.ui.view_search ir.ui.view_tree_optional
    ir.ui.view_tree_state ir.ui.view_tree_width
    res.notification res.user-company.company res.user-company.employee res.user-ir.action
    res.user-res.group res.user.application res.user.device res.user.login.attempt
    res.user.warning
    company.company.logo.cache currency.cron currency.cron-currency.currency
    inbound.email inbound.email.inbox inbound.email.rule inbound.email.rule.header
    marketing.email web.shortened_url
    web.user web.user-party.party.secondary web.user.authenticate.attempt web.user.session
    sichern.job sichern.job-company.company sichern.job-excluded-company.company
    sichern.run sichern.run.tenant sichern.transfer
"""

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(_SYSTEM.split(), Role.SYSTEM),
    # Links of users to companies and jobs look owned: an import of them would grant access and
    # start jobs. Mail boxes and web users hold password hashes and tokens.
    **dict.fromkeys(_PRIVATE.split(), Role.PRIVATE),
    "res.user": Role.IDENTITY,
    # Units and locations are added to those that modules ship: a part of a shipped row would
    # stay behind with it.
    **dict.fromkeys(["ir.email.template", "product.uom", "stock.location.waste"], Role.SHARED),
    # What hangs on a record of any model goes by that record: an attachment of an invoice is
    # the invoice's company's, one of a customer is used with the customer.
    **dict.fromkeys(_RESOURCES.split(), Role.USED_WITH),
    "stock.lot": Role.USED_WITH,
    # Who changed what is evidence, and a part of the record.
    "ir.model.log": Role.PART_OF,
    "ir.translation": Role.PART_OF,
}

PARENTS: Mapping[str, str] = {
    **dict.fromkeys(_RESOURCES.split(), "resource"),
    "ir.model.log": "resource",
    "ir.translation": "name",
    "ir.chat.follower": "channel",
    "ir.chat.message": "channel",
    "ir.email.address": "email",
    "ir.email.template-ir.action.report": "template",
    # A bank account goes along because its owner does, never on its own account.
    "bank.account-party.party": "owner",
    "carrier.selection": "carrier",
    "country.organization.member": "country",
    "country.postal_code": "country",
    "party.relation": "from_",
    "product-customs.tariff.code": "product",
    "product.attribute-product.attribute-set": "attribute_set",
    "product.template-product.category": "template",
    "production.routing-production.bom": "routing",
    "stock.lot": "product",
}
"""The field with the parent, of models that follow another one."""

NATURAL_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "account.invoice.payment_term": (("name",),),
    "account.journal": (("code", "name"),),
    "account.tax.group": (("code",),),
    "account.consolidation": (("name", "parent"),),
    "account.dunning.procedure": (("name",),),
    # A bank is what a party does: of one without a BIC the party says which one it is.
    "bank": (("bic",), ("party",)),
    "bank.account.number": (("type", "number_compact"),),
    "commission.plan": (("name",),),
    "country.country": (("code",),),
    "country.organization": (("code",),),
    "country.region": (("code_numeric",),),
    "country.subdivision": (("country", "code"),),
    "currency.currency": (("code",),),
    "currency.currency.rate": (("currency", "date"),),
    "customs.tariff.code": (("code", "country"),),
    "incoterm.incoterm": (("code", "version"),),
    "ir.action.report": (("report_name", "model"),),
    "ir.action.wizard": (("wiz_name",),),
    # One per record: whoever has the record has it.
    "ir.avatar": (("resource",),),
    "ir.calendar.day": (("index",),),
    "ir.calendar.month": (("index",),),
    "ir.chat.channel": (("resource",),),
    "ir.chat.follower": (("channel", "user"), ("channel", "email")),
    "ir.lang": (("code",),),
    "ir.model": (("name",),),
    "ir.model.button": (("model", "name"),),
    "ir.model.data": (("module", "fs_id", "model"),),
    "ir.model.field": (("model", "name"),),
    "ir.module": (("name",),),
    "ir.sequence": (("sequence_type", "company", "name"),),
    "ir.sequence.strict": (("sequence_type", "company", "name"),),
    "ir.sequence.type": (("name",),),
    "ir.ui.icon": (("name",),),
    "party.address.format": (("country_code", "language_code"),),
    "party.address.subdivision_type": (("country_code",),),
    "party.category": (("name", "parent"),),
    # A type says which register the code is of: a tax number is one party's, and a code
    # without a type is nobody's.
    "party.identifier": (("type", "code"),),
    # Codes come from sequences: with the name they say something, alone nothing.
    "party.party": (("code", "name"),),
    "party.relation.type": (("name",),),
    "product.attribute": (("name",),),
    "product.attribute.set": (("name",),),
    "product.category": (("name", "parent"),),
    "product.product": (("template", "code"), ("template", "suffix_code")),
    "product.template": (("code", "name"),),
    "product.uom.category": (("name",),),
    "product.uom": (("category", "name"),),
    "production.bom": (("code", "name"),),
    "project.work.status": (("name",),),
    "res.group": (("name",),),
    "res.user": (("login",), ("login", "name")),
    "stock.lot": (("product", "number"),),
}

CLASHES: Mapping[tuple[str, str], tuple[Clash, tuple[str, ...]]] = {
    ("party.party", "code"): (Clash.RENUMBER, ()),
    # People chose it, and it says something: 4711 becomes 4711-2.
    ("product.category", "code"): (Clash.SUFFIX, ()),
    # Tryton composes it anew at every change, from the product's code and this suffix.
    ("product.product", "code"): (Clash.SUFFIX, ("suffix_code",)),
    ("project.work", "number"): (Clash.RENUMBER, ()),
    ("timesheet.line", "uuid"): (Clash.UUID, ()),
}
"""What an import does about a value that is taken, by model and the first column of a constraint,
and the columns that are changed along. Where nothing is said it refuses."""

HARMLESS: Mapping[tuple[str, str], str] = {
    ("account.fiscalyear", "move_sequence_unique"): "a sequence of the fiscal year's own company",
    ("account.period", "move_sequence_unique"): "a sequence of the fiscal year's own company",
}
"""Constraints that no import can violate though their columns do not show it, by model and name,
and why."""

REFUSED: Mapping[tuple[str, str], str] = {
    ("bank.account.number", "number_iban_active_exclude"): "the natural key finds such a number,"
    " unless the target has it twice: then nobody knows which account is meant",
    ("bank.account.number", "account_iban_active_exclude"): "an account has one IBAN: where here"
    " and there say two, somebody must decide",
    ("company.company", "party_unique"): "a company's own party comes in anew",
}
"""Constraints about which an import can do nothing by itself, by model and name, and why."""

SECRETS: Mapping[str, frozenset[str]] = {
    # Whoever knows it may write into the conversation by mail.
    "ir.chat.channel": frozenset({"identifier"}),
    "inbound.email.inbox": frozenset({"identifier"}),
    "ir.session": frozenset({"key"}),
    "res.user": frozenset({"password_hash", "password_reset"}),
    "res.user.application": frozenset({"key"}),
    "res.user.device": frozenset({"cookie"}),
    "res.user.login.attempt": frozenset({"device_cookie"}),
    "web.user": frozenset({"password_hash", "email_token", "reset_password_token"}),
    "web.user.authenticate.attempt": frozenset({"device_cookie"}),
    "web.user.session": frozenset({"key"}),
}
"""Columns that never leave, beside those whose very name says that they are secret."""

KEYS_IN_DICTS: Mapping[tuple[str, str], str] = {
    ("account.landed_cost", "factors"): "stock.move",
}
"""Models whose record ids are the keys of a Dict, by model and field."""
