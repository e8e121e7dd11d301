"""The first tables of the ledger.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All tables are there, empty."""
    for create in (
        _sequence,
        _endpoint,
        _configuration,
        _configuration_version,
        _entity,
        _sync_record,
        _run,
        _batch,
        _batch_content,
        _conflict,
        _watermark,
    ):
        create()
    op.execute("INSERT INTO sequence (name, next) VALUES ('record', 1)")


def _sequence() -> None:
    op.create_table(
        "sequence",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("next", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def _endpoint() -> None:
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("base_folder", sa.Text, nullable=False),
        sa.Column("saved_at", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def _configuration() -> None:
    op.create_table(
        "configuration",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("deleted_at", sa.Integer),
        sqlite_strict=True,
    )
    op.create_index(
        "configuration_name", "configuration", ["name"], unique=True, sqlite_where=sa.text("deleted_at IS NULL")
    )


def _configuration_version() -> None:
    op.create_table(
        "configuration_version",
        sa.Column(
            "configuration_id", sa.Integer, sa.ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("saved_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("configuration_id", "version"),
        sqlite_strict=True,
    )


def _entity() -> None:
    op.create_table(
        "entity",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "configuration_id", sa.Integer, sa.ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("record_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("configuration_id", "name"),
        sqlite_strict=True,
    )


def _sync_record() -> None:
    op.create_table(
        "sync_record",
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id"), nullable=False),
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("a_id", sa.Text),
        sa.Column("b_id", sa.Text),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("deleted_in", sa.Integer, nullable=False),
        sa.Column("a_digest", sa.LargeBinary),
        sa.Column("b_digest", sa.LargeBinary),
        sa.Column("batch_id", sa.Integer),
        sa.Column("run_id", sa.Integer),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Integer),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("sync_record_a", "sync_record", ["entity_id", "a_id"], unique=True)
    op.create_index("sync_record_b", "sync_record", ["entity_id", "b_id"], unique=True)
    op.create_index("sync_record_status", "sync_record", ["entity_id", "status"], sqlite_where=sa.text("status <> 2"))
    op.create_index(
        "sync_record_half", "sync_record", ["entity_id", "status"], sqlite_where=sa.text("a_id IS NULL OR b_id IS NULL")
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("configuration_id", sa.Integer, sa.ForeignKey("configuration.id"), nullable=False),
        sa.Column("configuration_version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("started_at", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Integer),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("run_configuration", "run", ["configuration_id", "id"])
    op.create_index("run_running", "run", ["id"], sqlite_where=sa.text("outcome = 'running'"))


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id"), nullable=False),
        sa.Column("side", sa.Text),
        sa.Column("structure", sa.Text, nullable=False),
        sa.Column("operation", sa.Integer, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.Integer, nullable=False),
        sa.Column("closed_at", sa.Integer),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("min_record_id", sa.Integer),
        sa.Column("max_record_id", sa.Integer),
        sa.Column("done_rows", sa.LargeBinary),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("batch_run", "batch", ["run_id", "id"])
    op.create_index("batch_open", "batch", ["entity_id", "id"], sqlite_where=sa.text("state = 0"))


def _batch_content() -> None:
    op.create_table(
        "batch_content",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def _conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id"), nullable=False),
        sa.Column("record_id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("winner", sa.Text),
        sa.Column("a_changed_at", sa.Integer),
        sa.Column("b_changed_at", sa.Integer),
        sa.Column("found_at", sa.Integer, nullable=False),
        sa.Column("decided_at", sa.Integer),
        sa.Column("settled_at", sa.Integer),
        sa.Column("field_values", sa.Text, nullable=False),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "conflict_unsettled",
        "conflict",
        ["entity_id", "record_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
    )
    op.create_index("conflict_entity", "conflict", ["entity_id", "id"])


def _watermark() -> None:
    op.create_table(
        "watermark",
        sa.Column("entity_id", sa.Integer, sa.ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("complete_count", sa.Integer),
        sa.Column("identity", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "side"),
        sqlite_strict=True,
    )
