"""The table of a preview: A, what will be done, B."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, Qt

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import FieldChange, PlanRow
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.open_preview import Tally
from desktop_sync.ui.models.paged_table import WEAK_ROLE, PagedTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.text.difference_words import difference_phrase, difference_text, difference_tone
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.unseen import spelled
from desktop_sync.ui.text.words import ACTION_TONES, SideNames, action_verb, rule_sentence

CHIP_ORDER = (
    Action.CONFLICT,  # what a person is to look at comes first
    Action.REVIEW,
    Action.INVALID,
    Action.CREATE_A,
    Action.CREATE_B,
    Action.UPDATE_A,
    Action.UPDATE_B,
    Action.DELETE_A,
    Action.DELETE_B,
    Action.MARK_A,
    Action.MARK_B,
    Action.LINK,
    Action.ADOPT,
    Action.UNLINK,
    Action.CLOSE,
    Action.FILTERED,
)
DIFFERENCE_WIDTH = 230
"""Pixels that a few words on how two records differ need; they get more where there is room."""
TURNABLE = (Action.UPDATE_A, Action.UPDATE_B, Action.CONFLICT)
_ICONS = {Action.CONFLICT: "conflict", Action.REVIEW: "question", Action.LINK: "link", Action.INVALID: "alert"}


def tr(text: str) -> str:
    return QCoreApplication.translate("plan", text)


def action_icon(action: Action) -> str:
    """An arrow towards the side that is written, or a sign."""
    if action.target is Side.A:
        return "arrow-left"
    if action.target is Side.B:
        return "arrow-right"
    return _ICONS.get(action, "both")


def _exact(value: str) -> str:
    return value


def _summary(row: PlanRow, side: Side, written: Callable[[str], str] = _exact) -> str:
    """The differing values of a side, so that a look at the row says what is at stake.

    Where the other side has no record, all of them differ, and the values alone say who or what it is.
    """

    def value(change: FieldChange) -> str | None:
        return change.a if side is Side.A else change.b

    shown = [change for change in row.fields if change.differs] or list(row.fields)
    # What the record is called by stands in the first column; the others are what is left to say.
    shown = [change for change in shown if value(change) != row.title] or shown
    if not (any(change.a is not None for change in row.fields) and any(change.b is not None for change in row.fields)):
        return "  ·  ".join([written(text) for change in shown if (text := value(change))][:3])
    parts = [f"{change.label}: {written(text)}" for change in shown[:3] if (text := value(change)) is not None]
    return "  ·  ".join(parts)


def _values_column(key: str, title: str, side: Side) -> Column[PlanRow]:
    def text(row: PlanRow, written: Callable[[str], str] = _exact) -> str:
        is_there = row.a_id if side is Side.A else row.b_id
        return _summary(row, side, written) if is_there else ""

    return Column(key, title, text, 170, seen=lambda row: text(row, spelled))


def _middle(names: SideNames, *, shows_differences: bool) -> Column[PlanRow]:
    """What stands between the two records: what will be done, or how they differ (GUI.md 5)."""
    if shows_differences:
        return Column(
            "action",
            tr("How they differ"),
            lambda row: difference_text(row, names),
            DIFFERENCE_WIDTH,
            "action",
            tone=difference_tone,
        )
    return Column(
        "action",
        tr("What happens"),
        lambda row: action_verb(row.action) if not row.is_excluded else tr("Left out"),
        124,
        "action",
        tone=lambda row: None if row.is_excluded else ACTION_TONES.get(row.action),
        icon=lambda row: "both" if row.writes_both else action_icon(row.action),
    )


def plan_columns(names: SideNames, *, shows_differences: bool = False) -> tuple[Column[PlanRow], ...]:
    return (
        value_column("title", tr("Record"), lambda row: row.title, 190, sort="title"),
        value_column(
            "a_id", tr("{0} record").format(names.a), lambda row: row.a_id, 102, nothing="—", sort="a_id", spare=2
        ),
        _values_column("a", names.a, Side.A),
        _middle(names, shows_differences=shows_differences),
        value_column(
            "b_id", tr("{0} record").format(names.b), lambda row: row.b_id, 106, nothing="—", sort="b_id", spare=1
        ),
        _values_column("b", names.b, Side.B),
        Column("why", tr("Why"), lambda row: sentence(row.detail or rule_sentence(row.rule, names)), 230, spare=3),
    )


class PlanTableModel(PagedTableModel[PlanRow]):
    """Rows that are left out are drawn weak."""

    def __init__(self, names: SideNames, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(plan_columns(names), jobs, parent)
        self._names = names

    def show_differences(self, wanted: bool) -> None:
        """The column between the two records says how they differ, or what will be done."""
        self.columns = plan_columns(self._names, shows_differences=wanted)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        self.redraw()

    def row_data(self, row: PlanRow, role: int) -> object:
        return row.is_excluded if role == WEAK_ROLE else None


def chips_of(
    tally: Tally, entity: str, names: SideNames, *, shows_differences: bool = False
) -> list[tuple[str, str, int | None]]:
    """The categories that occur, with their counts: what will be done, or how the records differ."""
    chips: list[tuple[str, str, int | None]] = []
    for action in CHIP_ORDER:
        count = tally.count(action, entity=entity)
        if count:
            text = difference_phrase(action, names) if shows_differences else names.action_phrase(action)
            chips.append((action.name, text, count))
    return chips


def totals(tally: Tally, names: SideNames) -> tuple[tuple[str, int, int, int], ...]:
    """Per side: name, creates, updates, deletes that take part."""
    return (
        (
            names.a,
            tally.count_taking_part(Action.CREATE_A),
            tally.count_taking_part(Action.UPDATE_A),
            tally.count_taking_part(Action.DELETE_A, Action.MARK_A),
        ),
        (
            names.b,
            tally.count_taking_part(Action.CREATE_B),
            tally.count_taking_part(Action.UPDATE_B),
            tally.count_taking_part(Action.DELETE_B, Action.MARK_B),
        ),
    )
