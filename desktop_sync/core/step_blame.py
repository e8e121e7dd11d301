"""Which of the user's own steps a sentence about a record or a run is about, so that a person gets to it (SPEC §6)."""

from __future__ import annotations

from desktop_sync.core.configuration import PipelineStep, StepKind, SyncConfiguration
from desktop_sync.core.pipeline import KINDS, concerns


def blamed_step(configuration: SyncConfiguration, said: str, entity: str = "") -> PipelineStep | None:
    """The step that the sentence names, or whose own message it holds; None where no step is to blame.

    With an entity only steps that concern its records. Of several names in the sentence the longest counts, because one
    name may be a part of another.
    """
    own = [one for one in configuration.steps if one.kind in KINDS and (not entity or concerns(one, entity))]
    named = [one for one in own if _names(said, one.name)]
    if named:
        return max(named, key=lambda one: len(one.name))
    told = [one for one in own if one.kind is StepKind.VALIDATE and _tells(said, one.message)]
    return max(told, key=lambda one: len(one.message)) if told else None


def _tells(said: str, message: str) -> bool:
    """Whether a line of it ends with just that message, alone or after a colon."""
    ends = message.rstrip(".")
    lines = [line.strip().rstrip(".") for line in said.splitlines()]
    return bool(ends) and any(line == ends or line.endswith(f": {ends}") for line in lines)


def _names(said: str, name: str) -> bool:
    return f'step "{name}"' in said or f"“{name}” stopped it" in said
