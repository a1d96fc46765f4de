"""A secret of the service's own, to sign what its pages send back."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the secret in it."""
    table = op.create_table(
        "server_secrets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_server_secrets"),
    )
    op.bulk_insert(table, [{"id": 1, "value": secrets.token_urlsafe(32)}])
