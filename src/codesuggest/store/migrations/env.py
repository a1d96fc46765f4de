"""Run by Alembic: the migrations on the connection that `schema` hands over."""

from alembic import context

from codesuggest.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=False
)
with context.begin_transaction():
    context.run_migrations()
