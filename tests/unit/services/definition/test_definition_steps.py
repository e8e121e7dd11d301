"""`[[configuration.step]]`: read strictly, written completely, and what acts outside stays off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import (
    Definitions,
    Direction,
    Moment,
    PipelineStep,
    StepKind,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.pipeline import KINDS
from desktop_sync.services.definition.definition_writer import write_definitions
from tests.support.worlds import WorldMaker, make_world

A_TO_B = Direction.A_TO_B
ALL = (
    PipelineStep(StepKind.FILTER, "leave", "people", A_TO_B, condition="City <> 'Rom'"),
    PipelineStep(
        StepKind.VALIDATE,
        "check",
        "people",
        A_TO_B,
        moment=Moment.BEFORE_MAPPING,
        condition="City IS NOT NULL",
        message='no "city"',
    ),
    PipelineStep(StepKind.TRANSFORM, "shout", "people", A_TO_B, field="city", expression="upper(new_city)"),
    PipelineStep(
        StepKind.LOOK_UP,
        "find",
        "people",
        A_TO_B,
        enabled=False,
        field="city",
        expression="City",
        choices=(("W", "Wien"), ("G", "Graz")),
        otherwise=UnknownChoice.DEFAULT,
        default="?",
    ),
    PipelineStep(StepKind.PLUGIN, "clean", "people", A_TO_B, plugin="clean", fields=("city",)),
    PipelineStep(StepKind.NOTIFY, "note", message="done"),
    PipelineStep(StepKind.COMMAND, "tell", moment=Moment.AFTER_BATCH, command=("/bin/cat", "-"), time_limit_s=5),
    PipelineStep(StepKind.URL, "post", url="https://example.org/hook"),
    PipelineStep(StepKind.PREREQUISITES, enabled=False),
)


@pytest.fixture
def world_of(tmp_path: Path) -> WorldMaker:
    return lambda: make_world(tmp_path / "world")


def test_every_kind_of_step_survives_the_way_through_a_file(world_of: WorldMaker) -> None:
    assert {step.kind for step in ALL} >= set(KINDS)
    w = world_of()
    w.save(steps=ALL)
    text = w.app.definitions.export(["Sync"])
    assert w.app.definitions.parse(text, "sync.toml").configurations[0].steps == ALL
    assert w.app.configurations.get("Sync").steps == ALL
    w.app.close()


@pytest.mark.scenario("X17")
def test_what_acts_outside_is_off_after_an_import_until_a_person_enables_it(
    world_of: WorldMaker, tmp_path: Path
) -> None:
    w = world_of()
    w.save(steps=ALL)
    text = w.app.definitions.export(["Sync"])
    w.save(steps=())
    file = tmp_path / "sync.toml"
    file.write_text(text, encoding="utf-8")
    report = w.app.definitions.import_file(file)
    assert report.steps_off == (("Sync", "clean"), ("Sync", "tell"), ("Sync", "post"))
    off = [step.name for step in w.app.configurations.get("Sync").steps if not step.enabled]
    assert off == ["find", "clean", "tell", "post", ""]
    for name in ("clean", "tell", "post"):
        w.app.configurations.enable_step("Sync", name, True)
    assert w.app.configurations.get("Sync").steps == ALL
    assert w.app.definitions.import_file(file).steps_off == ()
    file.write_text(text.replace("/bin/cat", "/bin/echo"), encoding="utf-8")
    assert w.app.definitions.import_file(file).steps_off == (("Sync", "tell"),)
    w.app.close()


def test_steps_are_switched_by_name_or_kind_and_locked_ones_never(world_of: WorldMaker) -> None:
    w = world_of()
    w.save(steps=ALL[:1])
    assert not w.app.configurations.enable_step("Sync", "leave", False).steps[0].enabled
    switched = w.app.configurations.enable_step("Sync", "prerequisites-first", False)
    assert switched.steps[-1] == PipelineStep(StepKind.PREREQUISITES, enabled=False)
    assert len(w.app.configurations.enable_step("Sync", "prerequisites-first", True).steps) == 1
    with pytest.raises(ConfigurationError, match="cannot be switched off"):
        w.app.configurations.enable_step("Sync", "save", False)
    with pytest.raises(ConfigurationError, match="there is no step"):
        w.app.configurations.enable_step("Sync", "nobody", False)
    w.app.close()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('kind = "dance"', 'not one of "pull-details"'),
        ('kind = "filter"\nname = "f"\nentity = "people"', "condition"),
        ('kind = "filter"\nname = "f"\nentity = "people"\ncondition = "true"\nurl = "https://x"', "not known here"),
        ('kind = "command"\nname = "c"\ncommand = "rm -r"', "array in square brackets"),
        ('kind = "command"\nname = "c"\ncommand = ["x"]\nmoment = "after-mapping"', "possible for this kind"),
        ('kind = "save"\nname = "mine"', "not known here"),
        ('kind = "look-up"\nname = "l"\nentity = "people"\nfield = "f"\nexpression = "e"\nchoices = ["a"]', "pairs"),
    ],
)
def test_what_is_not_understood_is_refused(world_of: WorldMaker, line: str, problem: str) -> None:
    w = world_of()
    text = w.app.definitions.export(["Sync"]) + f"\n[[configuration.step]]\n{line}\n"
    with pytest.raises(ConfigurationError) as caught:
        w.app.definitions.parse(text, "sync.toml")
    assert problem in f"{caught.value.problem} {caught.value.path}"
    w.app.close()


def test_a_configuration_without_steps_writes_none() -> None:
    plain = SyncConfiguration("Sync", "CRM", "Shop", ())
    assert "step" not in write_definitions(Definitions((), (replace(plain, steps=()),)))
