"""Alembic's entry point. Always run by `database.migrate`, which passes its connection and owns the transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, transactional_ddl=True)
context.run_migrations()
