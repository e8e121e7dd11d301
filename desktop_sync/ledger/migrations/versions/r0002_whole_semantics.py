"""What the whole semantics of synchronization needs beyond the first tables.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The new tables are there, empty; what the first ones hold is as it was."""
    for create in (_fact,):
        create()


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
