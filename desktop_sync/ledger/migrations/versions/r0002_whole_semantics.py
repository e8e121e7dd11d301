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
    for create in (
        _fact,
        _fence,
        _binding,
        _request,
        _held,
        _known_ids,
        _origins,
        _follow_up,
        _guard_memory,
        _findings,
    ):
        create()


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _fence() -> None:
    """Every run and every batch has the fence number of its run; those of before have none."""
    for table in ("run", "batch"):
        op.add_column(table, sa.Column("fence", sa.Integer, nullable=False, server_default=sa.text("0")))


def _binding() -> None:
    op.create_table(
        "binding",
        sa.Column("configuration_id", sa.Integer, sa.ForeignKey("configuration.id", ondelete="CASCADE")),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("match_only", sa.Text),
        sa.Column("since", sa.Integer),
        sa.Column("matched_run", sa.Integer),
        sa.PrimaryKeyConstraint("configuration_id"),
        sqlite_strict=True,
    )


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("creates", sa.Text),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("deadline", sa.Integer),
        sqlite_strict=True,
    )


def _held() -> None:
    op.create_table(
        "held",
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
        sa.Column("record_id", sa.Integer, nullable=False),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("reason", sa.Integer, nullable=False),
        sa.Column("candidates", sa.Text, nullable=False),
        sa.Column("held_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "record_id"),
        sqlite_strict=True,
    )


def _known_ids() -> None:
    op.create_table(
        "known_ids",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "entity_id", "side"),
        sqlite_strict=True,
    )


def _origins() -> None:
    op.create_table(
        "origin_field",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("structure", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("scanned_at", sa.Integer),
        sa.UniqueConstraint("endpoint", "structure", "field"),
        sqlite_strict=True,
    )
    op.create_table(
        "origin_stamp",
        sa.Column("field_id", sa.Integer, sa.ForeignKey("origin_field.id", ondelete="CASCADE"), nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("is_pending", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("error_us", sa.Integer, nullable=False),
        sa.Column("told_us", sa.Integer),
        sa.PrimaryKeyConstraint("field_id", "record_id", "is_pending"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _follow_up() -> None:
    op.create_table(
        "follow_up",
        sa.Column(
            "configuration_id", sa.Integer, sa.ForeignKey("configuration.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("due_since", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def _guard_memory() -> None:
    for name in ("shape", "definition", "high_marks"):
        op.add_column("watermark", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("watermark", sa.Column("compared_at", sa.Integer))
    op.create_table(
        "absence",
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("record_id", sa.Integer, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "side", "record_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _findings() -> None:
    op.create_table(
        "lossy_field",
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("sent", sa.Text),
        sa.Column("stored", sa.Text),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "side", "field"),
        sqlite_strict=True,
    )
    op.create_table(
        "clock_sample",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("shift_us", sa.Integer, nullable=False),
        sa.Column("error_us", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("clock_sample_endpoint", "clock_sample", ["endpoint", "id"])
