"""The ledger's tables. Rows never leave the package.

Times are microseconds since 1970 (`instants`), booleans and enums are numbers or their words, documents are JSON.
`sync_record` is clustered by entity, so that reading the peers of one entity is one sequential read whatever other
entities hold. Counting by status needs no counting of Processed records: they are the rest of `entity.record_count`.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

APPLICATION_ID = 0x44534C47  # "DSLG": a SQLite file with another mark is not a ledger
HEAD_REVISION = "0003"

metadata = MetaData()

sequence = Table(
    "sequence",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("next", Integer, nullable=False),
    sqlite_strict=True,
)

# What holds for the whole ledger, by name.
fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

endpoint = Table(
    "endpoint",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("base_folder", Text, nullable=False),
    Column("saved_at", Integer, nullable=False),
    sqlite_strict=True,
)

# Which hand-over of the configuration this ledger knows, and why it only matches, if it does.
binding = Table(
    "binding",
    metadata,
    Column("configuration_id", Integer, ForeignKey("configuration.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("match_only", Text),
    Column("since", Integer),
    Column("matched_run", Integer),
    sqlite_strict=True,
)

# A deleted configuration stays for its runs; its name is free for another one.
configuration = Table(
    "configuration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("deleted_at", Integer),
    Index("configuration_name", "name", unique=True, sqlite_where=text("deleted_at IS NULL")),
    sqlite_strict=True,
)

configuration_version = Table(
    "configuration_version",
    metadata,
    Column("configuration_id", Integer, ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("saved_at", Integer, nullable=False),
    PrimaryKeyConstraint("configuration_id", "version"),
    sqlite_strict=True,
)

entity = Table(
    "entity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("configuration_id", Integer, ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("record_count", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("configuration_id", "name"),
    sqlite_strict=True,
)

sync_record = Table(
    "sync_record",
    metadata,
    Column("entity_id", Integer, ForeignKey("entity.id"), nullable=False),
    Column("id", Integer, nullable=False),
    Column("a_id", Text),
    Column("b_id", Text),
    Column("status", Integer, nullable=False),
    Column("deleted_in", Integer, nullable=False),
    Column("a_digest", LargeBinary),
    Column("b_digest", LargeBinary),
    Column("batch_id", Integer),
    Column("run_id", Integer),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Integer),
    Column("last_error", Text, nullable=False),
    Column("updated_at", Integer, nullable=False),
    PrimaryKeyConstraint("entity_id", "id"),
    Index("sync_record_a", "entity_id", "a_id", unique=True),
    Index("sync_record_b", "entity_id", "b_id", unique=True),
    Index("sync_record_status", "entity_id", "status", sqlite_where=text("status <> 2")),
    Index("sync_record_half", "entity_id", "status", sqlite_where=text("a_id IS NULL OR b_id IS NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("configuration_id", Integer, ForeignKey("configuration.id"), nullable=False),
    Column("configuration_version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("started_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("outcome", Text, nullable=False),
    Column("result", Text),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Index("run_configuration", "configuration_id", "id"),
    Index("run_running", "id", sqlite_where=text("outcome = 'running'")),
    sqlite_autoincrement=True,  # an id is never given twice
    sqlite_strict=True,
)

# The content lies in a table of its own, so that looking through the heads does not page through the contents.
batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("entity_id", Integer, ForeignKey("entity.id"), nullable=False),
    Column("side", Text),
    Column("structure", Text, nullable=False),
    Column("operation", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("opened_at", Integer, nullable=False),
    Column("closed_at", Integer),
    Column("row_count", Integer, nullable=False),
    Column("min_record_id", Integer),
    Column("max_record_id", Integer),
    Column("done_rows", LargeBinary),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Index("batch_run", "run_id", "id"),
    Index("batch_open", "entity_id", "id", sqlite_where=text("state = 0")),
    sqlite_autoincrement=True,  # an id is never given twice
    sqlite_strict=True,
)

batch_content = Table(
    "batch_content",
    metadata,
    Column("batch_id", Integer, ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
    Column("rows", LargeBinary, nullable=False),
    sqlite_strict=True,
)

# How a batch was sent, for those whose records must be found again by more than their ids.
request = Table(
    "request",
    metadata,
    Column("batch_id", Integer, ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, nullable=False),
    Column("creates", Text),
    Column("fields", Text, nullable=False),
    Column("deadline", Integer),
    Column("deadline_boottime", REAL),
    sqlite_strict=True,
)

# What system the side of a run was, for those runs that wrote there.
run_system = Table(
    "run_system",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Column("side", Text, nullable=False),
    Column("identity", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "side"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Records that nobody knows whether they were written: rows of batches, out of every plan until that is clear.
held = Table(
    "held",
    metadata,
    Column("entity_id", Integer, ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
    Column("record_id", Integer, nullable=False),
    Column("batch_id", Integer, ForeignKey("batch.id"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("candidates", Text, nullable=False),
    Column("held_at", Integer, nullable=False),
    PrimaryKeyConstraint("entity_id", "record_id"),
    sqlite_strict=True,
)

# Records without a peer that a side had when a run began to create records there.
known_ids = Table(
    "known_ids",
    metadata,
    Column("run_id", Integer, nullable=False),
    Column("entity_id", Integer, ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
    Column("side", Text, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run_id", "entity_id", "side"),
    sqlite_strict=True,
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entity_id", Integer, ForeignKey("entity.id"), nullable=False),
    Column("record_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("winner", Text),
    Column("a_changed_at", Integer),
    Column("b_changed_at", Integer),
    Column("found_at", Integer, nullable=False),
    Column("decided_at", Integer),
    Column("settled_at", Integer),
    Column("field_values", Text, nullable=False),
    Index("conflict_unsettled", "entity_id", "record_id", unique=True, sqlite_where=text("settled_at IS NULL")),
    Index("conflict_entity", "entity_id", "id"),
    sqlite_autoincrement=True,  # an id is never given twice
    sqlite_strict=True,
)

watermark = Table(
    "watermark",
    metadata,
    Column("entity_id", Integer, ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
    Column("side", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("complete_count", Integer),
    Column("identity", Text, nullable=False),
    Column("shape", Text, nullable=False, server_default=text("''")),
    Column("definition", Text, nullable=False, server_default=text("''")),
    Column("high_marks", Text, nullable=False, server_default=text("''")),
    Column("compared_at", Integer),
    PrimaryKeyConstraint("entity_id", "side"),
    sqlite_strict=True,
)

# The fields of structures that several configurations share. `scanned_at`: when they were last looked at completely.
origin_field = Table(
    "origin_field",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("structure", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("scanned_at", Integer),
    UniqueConstraint("endpoint", "structure", "field"),
    sqlite_strict=True,
)

# When and in which endpoint a person last changed the value whose digest is given. A pending one is that of a value
# that sync is about to write.
origin_stamp = Table(
    "origin_stamp",
    metadata,
    Column("field_id", Integer, ForeignKey("origin_field.id", ondelete="CASCADE"), nullable=False),
    Column("record_id", Text, nullable=False),
    Column("is_pending", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at_us", Integer, nullable=False),
    Column("error_us", Integer, nullable=False),
    Column("told_us", Integer),
    PrimaryKeyConstraint("field_id", "record_id", "is_pending"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Configurations that are to run because another one wrote to a structure that they share.
follow_up = Table(
    "follow_up",
    metadata,
    Column("configuration_id", Integer, ForeignKey("configuration.id", ondelete="CASCADE"), primary_key=True),
    Column("because", Text, nullable=False),
    Column("due_since", Integer, nullable=False),
    sqlite_strict=True,
)

# Only sides that do not always list every record have rows here.
absence = Table(
    "absence",
    metadata,
    Column("entity_id", Integer, ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
    Column("side", Text, nullable=False),
    Column("record_id", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    PrimaryKeyConstraint("entity_id", "side", "record_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Fields that a side was seen to store otherwise than they were sent, each with an example; masked ones have none.
lossy_field = Table(
    "lossy_field",
    metadata,
    Column("entity_id", Integer, ForeignKey("entity.id", ondelete="CASCADE"), nullable=False),
    Column("side", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("sent", Text),
    Column("stored", Text),
    Column("run_id", Integer, nullable=False),
    PrimaryKeyConstraint("entity_id", "side", "field"),
    sqlite_strict=True,
)

# The last measurements of how far the clocks of endpoints are ahead of this machine's.
clock_sample = Table(
    "clock_sample",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("shift_us", Integer, nullable=False),
    Column("error_us", Integer, nullable=False),
    Index("clock_sample_endpoint", "endpoint", "id"),
    sqlite_strict=True,
)
