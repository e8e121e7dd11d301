"""How the two records of a preview's row differ, in a few words, whatever is done about it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.decision import Action
from desktop_sync.core.plan import PlanRow
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.words import SideNames

_MOST_FIELDS = 3


def tr(text: str) -> str:
    return QCoreApplication.translate("differences", text)


def difference_phrase(action: Action, names: SideNames) -> str:
    """How the records of a category differ, short enough for a chip; what is done where that says no more."""
    only_linked = tr("Not linked yet") if action is Action.LINK else ""
    return _one_sided(action, names) or _changed(action, names) or only_linked or names.action_phrase(action)


def _one_sided(action: Action, names: SideNames) -> str:
    """Of an action for a record that only one system has; empty for others."""
    return {
        Action.CREATE_B: tr("Only in {0}").format(names.a),
        Action.CREATE_A: tr("Only in {0}").format(names.b),
        Action.DELETE_B: tr("Gone from {0}").format(names.a),
        Action.DELETE_A: tr("Gone from {0}").format(names.b),
        Action.MARK_B: tr("Gone from {0}").format(names.a),
        Action.MARK_A: tr("Gone from {0}").format(names.b),
    }.get(action, "")


def _changed(action: Action, names: SideNames) -> str:
    """Of an action for records that changed in a system or in both; empty for others."""
    return {
        Action.UPDATE_B: tr("Changed in {0}").format(names.a),
        Action.UPDATE_A: tr("Changed in {0}").format(names.b),
        Action.CONFLICT: tr("Both changed"),
    }.get(action, "")


def difference_text(row: PlanRow, names: SideNames) -> str:
    """ "Only in CRM", "Changed in Shop: City, Phone", "Both changed: City", "No difference"."""
    one_sided, where = _one_sided(row.action, names), _changed(row.action, names)
    if one_sided:
        return one_sided
    if row.a_id is None or row.b_id is None:
        there = names.a if row.b_id is None else names.b
        return tr("Gone from both") if row.a_id == row.b_id else tr("Only in {0}").format(there)
    gone = _gone(row, names)
    if gone:
        return tr("Gone from {0}").format(gone)
    differing = [change.label for change in row.fields if change.differs]
    if not differing:
        return where or tr("No difference")
    listed = ", ".join(differing[:_MOST_FIELDS])
    if len(differing) > _MOST_FIELDS:
        listed = tr("{0} and {1} more").format(listed, len(differing) - _MOST_FIELDS)
    return f"{where or tr('Different')}: {listed}"


def _gone(row: PlanRow, names: SideNames) -> str:
    """The system that no longer has its record of the pair: it has its id still, and no value."""
    has_a, has_b = (
        any(change.a is not None for change in row.fields),
        any(change.b is not None for change in row.fields),
    )
    return "" if has_a == has_b else names.b if has_a else names.a


def difference_tone(row: PlanRow) -> Tone | None:
    """What both sides changed stands out; what one has alone, less."""
    if row.is_excluded:
        return None
    if row.action is Action.CONFLICT:
        return Tone.WARNING
    return Tone.ACCENT if any(change.differs for change in row.fields) or not (row.a_id and row.b_id) else Tone.NEUTRAL
