"""The values of a record in Review beside those of what it may be, so that a person can see which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.explanation import ComparedField, Explanation
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.models.sources import ReviewRow
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.explanation import record_id, record_number

MOST_CANDIDATES = 3


def tr(text: str) -> str:
    return QCoreApplication.translate("review", text)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A field: the record's own value, and that of each candidate; None is an empty value, or one that is not there."""

    label: str
    own: str | None
    others: tuple[str | None, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class ValueTable:
    """`own` and `others` are the ids above the columns; `side` is where the record itself stands."""

    record_id: int
    side: Side
    own: str
    others: tuple[str, ...]
    rows: tuple[ValueRow, ...]

    def columns(self, names: SideNames) -> tuple[Column[ValueRow], ...]:
        """Field, the record, each candidate."""
        mine, other = names.of(self.side), names.of(self.side.other)
        candidates = tuple(
            value_column(f"other{place}", f"{other} {one}", _Other(place), 150, differs=_differs)
            for place, one in enumerate(self.others)
        )
        return (
            Column[ValueRow]("field", tr("Field"), lambda row: row.label, 110, differs=_differs),
            value_column("own", f"{mine} {self.own}", lambda row: row.own, 150, differs=_differs),
            *candidates,
        )


def _differs(row: ValueRow) -> bool:
    return row.differs


@dataclass(frozen=True, slots=True)
class _Other:
    """The value of one candidate."""

    place: int

    def __call__(self, row: ValueRow) -> str | None:
        return row.others[self.place]


def value_table(application: Application, configuration: str, row: ReviewRow) -> ValueTable | None:
    """The record and the first few candidates, if there are any, as they stand now.

    None where it is not there itself, or is held with nothing to compare it with.

    In a worker: both systems are read. Raises errors of endpoints.
    """
    case = row.case
    side = row.held.side.other if row.held is not None else (Side.A if case.a_id else Side.B)
    own = case.a_id if side is Side.A else case.b_id
    paired = [b_id if side is Side.A else a_id for a_id, b_id, _ in row.pairs]
    partner = case.b_id if side is Side.A else case.a_id
    ids = [one for one in dict.fromkeys([*paired, partner]) if one][:MOST_CANDIDATES]
    if own is None or (not ids and row.held is not None):
        return None
    mine = application.explanation.explain(configuration, record_number(case.record_id), case.entity)
    found = {one: _other(application, configuration, row, mine, side.other, one) for one in ids}
    there = {one: fields for one, fields in found.items() if fields is not None}
    rows = tuple(_row(field, side, [fields.get(field.label) for fields in there.values()]) for field in mine.fields)
    return ValueTable(case.record_id, side, own, tuple(there), rows)


def _other(
    application: Application, configuration: str, row: ReviewRow, mine: Explanation, side: Side, other: str
) -> Mapping[str, ComparedField] | None:
    """The fields of the record with that id on that side; None where it cannot be told which one is meant."""
    if other == (mine.a_id if side is Side.A else mine.b_id):
        return {field.label: field for field in mine.fields}
    query = RecordQuery(configuration, row.case.entity, endpoint_id=other)
    known = [one for one in application.records.records(query) if (one.a_id if side is Side.A else one.b_id) == other]
    name = record_number(known[0].id) if known else record_id(other)
    try:
        found = application.explanation.explain(configuration, name, row.case.entity)
    except ConfigurationError:  # it is gone, or both systems have a record of that id
        return None
    if (found.a_id if side is Side.A else found.b_id) != other:
        return None
    return {field.label: field for field in found.fields}


def _row(field: ComparedField, side: Side, others: list[ComparedField | None]) -> ValueRow:
    own, own_normal = (field.a, field.normal_a) if side is Side.A else (field.b, field.normal_b)
    values = [None if one is None else (one.b if side is Side.A else one.a) for one in others]
    normals = [None if one is None else (one.normal_b if side is Side.A else one.normal_a) for one in others]
    # A record that stands alone has no normal form in an explanation: its value is compared as it is.
    agrees = [
        value == own or (normal is not None and normal == own_normal)
        for value, normal in zip(values, normals, strict=True)
    ]
    return ValueRow(field.label, own, tuple(values), not all(agrees))
