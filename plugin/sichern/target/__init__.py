"""The database that a tenant is imported into: its session, staging, matching, loading."""
