"""The choices of the configuration wizard in words, with the endpoints' names."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FirstContactRule,
    MatchRule,
    NullPolicy,
    Resolution,
    UnknownChoice,
)
from desktop_sync.core.schedule import ScheduleKind


def tr(text: str) -> str:
    return QCoreApplication.translate("wizard", text)


ARROWS = {Direction.A_TO_B: "→", Direction.B_TO_A: "←", Direction.BOTH: "↔"}


def directions(a: str, b: str) -> list[tuple[str, Direction]]:
    return [
        (tr("↔  both ways"), Direction.BOTH),
        (tr("→  only to {0}").format(b), Direction.A_TO_B),
        (tr("←  only to {0}").format(a), Direction.B_TO_A),
    ]


def entity_directions(a: str, b: str) -> list[tuple[str, Direction]]:
    return [
        (tr("Both ways: {0} and {1} are kept the same").format(a, b), Direction.BOTH),
        (tr("From {0} to {1}; nothing is written to {0}").format(a, b), Direction.A_TO_B),
        (tr("From {0} to {1}; nothing is written to {0}").format(b, a), Direction.B_TO_A),
    ]


def conflict_rules(a: str, b: str) -> list[tuple[str, ConflictRule]]:
    return [
        (tr("The most recent change wins"), ConflictRule.MOST_RECENT),
        (tr("{0} wins").format(a), ConflictRule.A),
        (tr("{0} wins").format(b), ConflictRule.B),
        (tr("Ask me"), ConflictRule.ASK),
    ]


def resolutions() -> list[tuple[str, Resolution]]:
    return [
        (tr("The whole record"), Resolution.RECORD),
        (tr("Each field by itself"), Resolution.FIELD),
    ]


def first_contact_rules(a: str, b: str) -> list[tuple[str, FirstContactRule]]:
    return [
        (tr("The more recent one wins"), FirstContactRule.MOST_RECENT),
        (tr("{0} wins").format(a), FirstContactRule.A),
        (tr("{0} wins").format(b), FirstContactRule.B),
        (tr("Fill in empty fields only"), FirstContactRule.FILL_EMPTY),
        (tr("Ask me"), FirstContactRule.ASK),
    ]


def delete_rules(here: str, there: str) -> list[tuple[str, DeleteRule]]:
    """For a record that was deleted in `here`."""
    return [
        (tr("Delete it in {0} too").format(there), DeleteRule.DELETE),
        (tr("Mark it in {0}").format(there), DeleteRule.MARK),
        (tr("Leave it in {0} and unlink it").format(there), DeleteRule.UNLINK),
        (tr("Create it in {0} again").format(here), DeleteRule.RESTORE),
        (tr("Leave it in {0} as it is").format(there), DeleteRule.IGNORE),
    ]


def edit_against_delete_rules() -> list[tuple[str, EditAgainstDelete]]:
    return [
        (tr("The change wins; the record comes back"), EditAgainstDelete.EDIT),
        (tr("The deletion wins"), EditAgainstDelete.DELETE),
        (tr("Ask me"), EditAgainstDelete.ASK),
    ]


def match_rules() -> list[tuple[str, MatchRule]]:
    return [
        (tr("Strict: all identifying fields must agree"), MatchRule.STRICT),
        (tr("Best match: as many as possible, one counterpart only"), MatchRule.BEST),
    ]


def null_policies() -> list[tuple[str, NullPolicy]]:
    return [
        (tr("Write it empty"), NullPolicy.WRITE),
        (tr("Leave the field as it is"), NullPolicy.LEAVE),
        (tr("Write the default"), NullPolicy.DEFAULT),
    ]


def unknown_choices() -> list[tuple[str, UnknownChoice]]:
    return [
        (tr("The record is invalid and waits"), UnknownChoice.INVALID),
        (tr("Keep the value as it is"), UnknownChoice.KEEP),
        (tr("Write the default"), UnknownChoice.DEFAULT),
    ]


def schedule_kinds() -> list[tuple[str, ScheduleKind]]:
    return [
        (tr("When I start it"), ScheduleKind.MANUAL),
        (tr("Every few minutes, hours or days"), ScheduleKind.INTERVAL),
        (tr("Every day at set times"), ScheduleKind.DAILY),
        (tr("On some days of the week"), ScheduleKind.WEEKLY),
        (tr("Cron expression (for experts)"), ScheduleKind.CRON),
    ]


def pair_title(entity: Entity) -> str:
    """How an entity is called in a list of entities."""
    if entity.structures.a == entity.structures.b:
        return entity.structures.a
    return f"{entity.structures.a}  ↔  {entity.structures.b}"
