"""What is said about a configuration before it runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a configuration. ERROR keeps it from running.

    `field_index` is the mapping's place in the entity; `path` names the setting (`entity.conflict`). `is_unusable`: an
    endpoint, or what is in it, could not be read; nothing is wrong with the configuration.
    """

    level: Level
    message: str
    entity: str = ""
    field_index: int | None = None
    path: str = ""
    is_unusable: bool = False


def has_error(findings: tuple[Finding, ...]) -> bool:
    """Whether any of them keeps the configuration from running."""
    return any(finding.level is Level.ERROR for finding in findings)
