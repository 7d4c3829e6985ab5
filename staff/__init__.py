"""Staff of an instance: accounts, roles, sessions, API tokens and the audit log. Knows the database and nothing above it."""
