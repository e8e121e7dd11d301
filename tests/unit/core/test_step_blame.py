from __future__ import annotations

import pytest

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    PerSide,
    PipelineStep,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.step_blame import blamed_step

PEOPLE = Entity("people", PerSide("Person", "people"), (FieldMapping("Email", "email", identifying=True),))
SHOUT = PipelineStep(StepKind.TRANSFORM, "shout", "people", Direction.A_TO_B, field="email", expression="upper(Email)")
CHECK = PipelineStep(StepKind.VALIDATE, "check", "people", Direction.A_TO_B, condition="true", message="no such city")
SHORT = PipelineStep(StepKind.VALIDATE, "short", "people", Direction.A_TO_B, condition="true", message="no")
OTHER = PipelineStep(StepKind.TRANSFORM, "firms", "firms", Direction.A_TO_B, field="email", expression="Email")
TELL = PipelineStep(StepKind.COMMAND, "tell", command=("/bin/true",))
SYNC = SyncConfiguration("Sync", "CRM", "Shop", (PEOPLE,), steps=(SHORT, SHOUT, CHECK, OTHER, TELL))


@pytest.mark.parametrize(
    ("said", "blamed"),
    [
        ('email: the step "shout" cannot be computed for this record', "shout"),
        ("From CRM to Shop: “check” stopped it: no such city", "check"),
        ("no such city", "check"),
        ('The step "tell" failed before the run, so nothing was read or written: no such file.', "tell"),
        ('email: "shout" is not an address', None),
        ("the phone is too long", None),
        ("", None),
    ],
)
def test_a_sentence_leads_to_the_step_that_it_is_about(said: str, blamed: str | None) -> None:
    found = blamed_step(SYNC, said)
    assert (found.name if found else None) == blamed


def test_a_step_of_another_entity_is_not_to_blame() -> None:
    said = 'email: the step "firms" cannot be computed for this record'
    assert blamed_step(SYNC, said, "people") is None
    assert blamed_step(SYNC, said, "firms") is OTHER
