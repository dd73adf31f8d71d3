"""Which rows are a tenant's: roles, closure, plan, proof. Pure: no files, no network, no clock."""
