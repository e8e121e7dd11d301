"""Columns of field-by-field tables: values of A, B, the baseline, before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import HistoryRow
from desktop_sync.ui.models.source import NULL, Column, value_column
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.unseen import spelled
from desktop_sync.ui.text.words import SideNames


def tr(text: str) -> str:
    return QCoreApplication.translate("fields", text)


def exact(value: str | None) -> str:
    """A value as it is copied; an empty (null) one has a sign of its own."""
    return NULL if value is None else value


def shown(value: str | None) -> str:
    """A value as it is seen within other words; an empty (null) one has a sign of its own."""
    return NULL if value is None else spelled(value)


def _differs(change: FieldChange) -> bool:
    return change.differs


def comparison_columns(names: SideNames) -> tuple[Column[FieldChange], ...]:
    """Field, value of A, value of B, baseline; differing fields marked."""
    return (
        Column("field", tr("Field"), lambda change: change.label, 155, differs=_differs),
        value_column("a", names.a, lambda change: change.a, 180, differs=_differs),
        value_column("b", names.b, lambda change: change.b, 180, differs=_differs),
        value_column("base", tr("Last synchronized"), lambda change: change.base, 180, differs=_differs),
    )


def _without_record(column: Column[FieldChange]) -> Column[FieldChange]:
    """The column of a system that has no such record: nothing stands there, which is not the same as empty values."""
    return replace(column, text=lambda change: "", seen=None)


def plan_columns(
    names: SideNames, action: Action | None, *, has_a: bool = True, has_b: bool = True, writes_both: bool = False
) -> tuple[Column[FieldChange], ...]:
    """Field, A, B, and what will stand in the side that is written, or in both of them. Differences are marked where
    both have a record."""
    field, a, b, base = comparison_columns(names)
    a, b = a if has_a else _without_record(a), b if has_b else _without_record(b)
    columns: tuple[Column[FieldChange], ...] = (field, a, b, base)
    if not (has_a and has_b):
        columns = tuple(replace(column, differs=None) for column in columns[:3])
    if action is None or action.target is None:
        return columns

    def afterwards(key: str, side: Side, value: Callable[[FieldChange], str | None]) -> Column[FieldChange]:
        def written(change: FieldChange) -> str | None:
            return value(change) if change.differs else ""

        return value_column(key, tr("{0} afterwards").format(names.of(side)), written, 180, differs=_differs)

    after = afterwards("after", action.target, lambda change: change.after)
    if not writes_both:
        return (*columns[:3], after)
    then = afterwards("then", action.target.other, lambda change: change.then)
    return (*columns[:3], *((then, after) if action.target is Side.B else (after, then)))


def history_columns(names: SideNames, action: Action | None) -> tuple[Column[FieldChange], ...]:
    if action is not None and action.target is None:
        return comparison_columns(names)[:3]  # nothing was written: what both hold is what there is to see
    return (
        Column("field", tr("Field"), lambda change: change.label, 130, differs=_differs),
        value_column("before", tr("Before"), lambda change: change.before, 220, differs=_differs),
        value_column("after", tr("After"), lambda change: change.after, 220, differs=_differs),
    )


def result_tone(history: HistoryRow) -> Tone:
    """Written is calm; everything else wants a look."""
    return Tone.GOOD if history.result.lower() in ("written", "done", "linked", "adopted") else Tone.WARNING
