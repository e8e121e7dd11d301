"""What settles open intents where systems and clocks were changed: the system, and a clock that nobody sets.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The new table is there, empty, and the new column: of runs of before nothing is known."""
    op.add_column("request", sa.Column("deadline_boottime", sa.REAL))
    op.create_table(
        "run_system",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "side"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
