"""The columns of the queue."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt

from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.text.words import STATUS_TONES, SideNames, status_word


def tr(text: str) -> str:
    return QCoreApplication.translate("queue", text)


def queue_columns(context: WindowContext, names: SideNames) -> tuple[Column[SyncRecord], ...]:
    clock = context.application.clock
    return (
        Column(
            "status",
            tr("Status"),
            lambda record: status_word(record.status),
            120,
            "status",
            tone=lambda record: STATUS_TONES[record.status],
        ),
        Column("entity", tr("Entity"), lambda record: record.entity, 110, spare=2),
        value_column(
            "a_id", tr("{0} record").format(names.a), lambda record: record.a_id, 120, nothing="—", sort="a_id"
        ),
        value_column(
            "b_id", tr("{0} record").format(names.b), lambda record: record.b_id, 120, nothing="—", sort="b_id"
        ),
        Column(
            "attempts",
            tr("Attempts"),
            lambda record: str(record.attempts) if record.attempts else "",
            90,
            "attempts",
            Qt.AlignmentFlag.AlignRight,
            spare=1,
        ),
        Column(
            "updated_at",
            tr("Updated"),
            lambda record: full_time(record.updated_at, clock.now()),
            130,
            "updated_at",
            spare=3,
        ),
        Column("last_error", tr("Last error"), lambda record: sentence(record.last_error), 260),
    )
