from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    Moment,
    PerSide,
    PipelineStep,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.finding import Level
from desktop_sync.core.pipeline import (
    KINDS,
    PLACES,
    STANDARD,
    STANDARD_KINDS,
    approved,
    is_enabled,
    moved,
    pipeline,
    with_peer_lookups,
    with_standard,
)
from desktop_sync.core.pipeline_check import KEYS, check_steps

ENTITY = Entity("people", PerSide("Person", "people"), (FieldMapping("Email", "email", identifying=True),))
PLAIN = SyncConfiguration("Sync", "CRM", "Shop", (ENTITY,))
FILTER = PipelineStep(StepKind.FILTER, "leave", "people", Direction.A_TO_B, condition="true")
CHECK = PipelineStep(
    StepKind.VALIDATE, "check", "people", Direction.A_TO_B, condition="true", message="no", moment=Moment.BEFORE_MAPPING
)
TELL = PipelineStep(StepKind.COMMAND, "tell", command=("/bin/true",))


def problems(*steps: PipelineStep) -> list[str]:
    return [f.message for f in check_steps(replace(PLAIN, steps=steps)) if f.level is Level.ERROR]


def test_every_kind_is_either_standard_or_has_a_rule_and_every_moment_has_a_place() -> None:
    assert STANDARD_KINDS | set(KINDS) == set(StepKind)
    assert not STANDARD_KINDS & set(KINDS)
    assert set(PLACES) == STANDARD_KINDS | set(Moment)
    assert {key for rule in KINDS.values() for key in (*rule.needs, *rule.may)} == set(KEYS)


def test_the_pipeline_lists_all_steps_in_the_order_of_their_turn() -> None:
    titles = [row.title for row in pipeline(replace(PLAIN, steps=(TELL, FILTER)))]
    assert titles[0] == "Pull details"
    assert titles.index("leave") == 1
    assert titles[-1] == "tell"
    assert [row.kind for row in pipeline(PLAIN)] == [step.kind for step in STANDARD]
    assert "leave" not in [row.title for row in pipeline(replace(PLAIN, steps=(FILTER,)), "others")]


def test_only_a_standard_step_that_is_not_locked_can_be_disabled() -> None:
    for standard in STANDARD:
        steps = with_standard((), standard.kind, False)
        assert is_enabled(replace(PLAIN, steps=steps), standard.kind) is bool(standard.locked)
        assert with_standard(steps, standard.kind, True) == ()
        # Also one that came in from elsewhere stays enabled, and is said to be wrong.
        forced = (PipelineStep(standard.kind, enabled=False),)
        assert is_enabled(replace(PLAIN, steps=forced), standard.kind) is bool(standard.locked)
        assert bool(problems(*forced)) is bool(standard.locked)


def test_a_step_moves_among_those_of_its_moment_and_then_to_the_next_moment_it_may_have() -> None:
    steps = (FILTER, CHECK)
    assert moved(steps, "leave", 1) == (CHECK, FILTER)
    assert moved(steps, "leave", -1) == steps
    assert moved((TELL,), "tell", 1) == (TELL,)
    earlier = moved((TELL,), "tell", -1)
    assert earlier[0].moment is Moment.AFTER_BATCH
    later = moved(steps, "check", 1)
    assert later[0].moment is Moment.AFTER_MAPPING
    assert moved(later, "check", -1)[-1] == replace(CHECK, moment=Moment.BEFORE_MAPPING)
    assert moved(steps, "nobody", 1) == steps


def test_steps_that_act_outside_are_off_after_an_import_unless_just_they_were_enabled() -> None:
    url = PipelineStep(StepKind.URL, "post", url="https://example.org/hook")
    plugin = PipelineStep(StepKind.PLUGIN, "clean", "people", Direction.A_TO_B, plugin="clean", fields=("email",))
    imported = replace(PLAIN, steps=(FILTER, TELL, url, plugin))
    harmless, off = approved(imported, None)
    assert off == ("tell", "post", "clean")
    assert [step.enabled for step in harmless.steps] == [True, False, False, False]
    assert approved(imported, imported) == (imported, ())
    other = replace(TELL, command=("/bin/false",))
    assert approved(replace(PLAIN, steps=(other,)), imported)[1] == ("tell",)
    assert approved(imported, harmless)[1] == ("tell", "post", "clean")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (replace(FILTER, condition=" "), "the condition is missing"),
        (replace(FILTER, name=""), "give it a name"),
        (replace(FILTER, entity=""), "choose the entity"),
        (replace(FILTER, entity="nobody"), "there is no entity"),
        (replace(FILTER, direction=Direction.BOTH), "choose one direction"),
        (replace(FILTER, moment=Moment.AFTER_RUN), "it cannot have its turn"),
        (replace(FILTER, url="https://example.org"), '"url" does not belong'),
        (replace(TELL, command=()), "the program is missing"),
        (replace(TELL, command=("/bin/echo", "a\0b")), "NUL"),
        (PipelineStep(StepKind.URL, "u", url="https://example.org:65536/x"), "the address is none"),
        (replace(TELL, time_limit_s=0), "the time limit lies between"),
        (PipelineStep(StepKind.URL, "u", url="ftp://example.org"), "the address is none"),
        (PipelineStep(StepKind.URL, "u", url="https://me:word@example.org"), "a name or password stands in"),
        (PipelineStep(StepKind.URL, "u", url="https://"), "the address is none"),
        (
            PipelineStep(StepKind.LOOK_UP, "l", "people", Direction.A_TO_B, field="email", expression="Email"),
            "give either a list",
        ),
        (
            PipelineStep(StepKind.TRANSFORM, "t", "people", Direction.A_TO_B, field="gone", expression="Email"),
            "the mapping sends nothing",
        ),
    ],
)
def test_what_cannot_work_is_said(step: PipelineStep, problem: str) -> None:
    assert any(problem in message for message in problems(step)), problems(step)


def test_two_steps_cannot_have_one_name() -> None:
    assert len(problems(FILTER, replace(CHECK, name="leave"))) == 2
    assert problems(FILTER, CHECK, TELL, PipelineStep(StepKind.URL, "u", url="http://127.0.0.1:8/x")) == []


def test_a_look_up_by_an_entity_is_the_reference_of_its_field() -> None:
    order = replace(ENTITY, name="orders", fields=(FieldMapping("Ref", "person", direction=Direction.A_TO_B),))
    step = PipelineStep(
        StepKind.LOOK_UP, "l", "orders", Direction.A_TO_B, field="person", expression="trim(Ref)", lookup="people"
    )
    configuration = replace(PLAIN, entities=(ENTITY, order), steps=(step,))
    assert with_peer_lookups(configuration, order).prerequisites == ("people",)
    assert with_peer_lookups(configuration, ENTITY) is ENTITY
    assert problems(step)  # without the entity
