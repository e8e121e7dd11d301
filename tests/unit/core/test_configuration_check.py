"""What is wrong with a configuration, said before any endpoint is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    Mark,
    MatchRule,
    NullPolicy,
    PerSide,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.configuration_check import check, name_problem, prerequisite_cycles
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.schedule import Schedule, ScheduleKind
from tests.support.shop_and_crm import customers, customers_entity

EMAIL = FieldMapping("Email", "e-mail", identifying=True)


def of(*fields: FieldMapping, **changes: object) -> SyncConfiguration:
    entity = replace(customers_entity(), fields=fields) if fields else customers_entity()
    return replace(customers(), entities=(replace(entity, **changes),))


def errors(configuration: SyncConfiguration) -> list[str]:
    return [finding.path for finding in check(configuration) if finding.level is Level.ERROR]


def said(configuration: SyncConfiguration, path: str) -> list[Finding]:
    return [finding for finding in check(configuration) if finding.path == path]


def test_a_sound_configuration_has_no_findings() -> None:
    assert check(customers()) == ()


@pytest.mark.parametrize("name", ["", "  ", " x", "x ", "a\nb", "x" * 101])
def test_a_name_that_cannot_be_shown_is_an_error(name: str) -> None:
    assert name_problem(name)
    assert errors(replace(customers(), name=name)) == ["name"]


def test_endpoints_and_entities_must_be_chosen() -> None:
    assert errors(SyncConfiguration("x", "", "", ())) == ["a", "b", "entities"]


def test_two_entities_of_one_name_are_an_error() -> None:
    twice = replace(customers(), entities=(customers_entity(), customers_entity()))
    assert "entity.name" in errors(twice)


def test_a_structure_cannot_be_synchronized_with_itself() -> None:
    same = replace(of(structures=PerSide("t", "t")), b="CRM")
    assert errors(same) == ["entity.structures.b"]
    assert errors(replace(of(structures=PerSide("t", "t")))) == []


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        (FieldMapping(), "field.a"),
        (FieldMapping("Phone"), "field.b"),
        (FieldMapping(b="tel"), "field.a"),
        (FieldMapping("Phone", to_b="upper(Phone)"), "field.to_b"),
        (FieldMapping("Phone", "tel", to_b="   "), "field.to_b"),
        (FieldMapping("Phone", "tel", normal_form=("shout",)), "field.normal_form"),
        (FieldMapping("Phone", "tel", null=NullPolicy.DEFAULT), "field.default"),
        (FieldMapping("Phone", "tel", lookup="owners"), "field.lookup"),
        (FieldMapping("Phone", "tel", lookup="customers", value_map=(("a", "b"),)), "field.value_map"),
        (FieldMapping("State", "s", value_map=(("a", "x"), ("a", "y"))), "field.value_map"),
        (FieldMapping("State", "s", value_map=(("a", "x"), ("b", "x"))), "field.value_map"),
        (FieldMapping("State", "s", value_map=(("a", "x"),), unknown_choice=UnknownChoice.DEFAULT), "field.default"),
        (FieldMapping("Nr", "no", identifying=True, only_new=True), "field.identifying"),
        (FieldMapping("E2", "e-mail"), "field.b"),
    ],
)
def test_an_unusable_mapping_is_an_error_at_its_place(mapping: FieldMapping, path: str) -> None:
    found = [finding for finding in check(of(EMAIL, mapping)) if finding.level is Level.ERROR]
    assert path in {finding.path for finding in found}
    assert {finding.field_index for finding in found} == {1}


def test_a_value_map_need_not_be_one_to_one_where_nothing_flows_back() -> None:
    several = FieldMapping("State", "s", Direction.A_TO_B, value_map=(("a", "x"), ("b", "x")))
    assert errors(of(EMAIL, several)) == []


def test_a_computed_field_and_a_constant_need_no_source() -> None:
    computed = FieldMapping(b="full", to_b="First || Last", direction=Direction.A_TO_B)
    constant = FieldMapping(b="origin", default="crm", only_new=True)
    assert errors(of(EMAIL, computed, constant)) == []


def test_without_an_identifying_field_nothing_can_be_paired() -> None:
    assert errors(of(FieldMapping("Email", "e-mail"))) == ["entity.fields"]


def test_best_match_on_one_field_is_noted() -> None:
    assert [finding.level for finding in said(of(match=MatchRule.BEST), "entity.match")] == [Level.NOTE]


def test_most_recent_without_stamps_is_a_warning_that_names_who_wins() -> None:
    (finding,) = said(of(modified=PerSide("UpdatedAt", "")), "entity.conflict")
    assert finding.level is Level.WARNING
    assert '"Shop"' in finding.message
    assert '"CRM" then wins' in finding.message
    settled = {"conflict": ConflictRule.A, "first_contact": FirstContactRule.A, "modified": PerSide("", "")}
    assert check(of(**settled)) == ()


def test_marking_deleted_records_needs_a_field() -> None:
    rules = PerSide(DeleteRule.MARK, DeleteRule.DELETE)
    assert errors(of(delete=rules)) == ["entity.mark.a"]
    assert errors(of(delete=rules, mark=PerSide(Mark("gone", "1"), Mark()))) == []


def test_delete_rules_that_the_direction_makes_idle_are_said() -> None:
    one_way = of(direction=Direction.A_TO_B, delete=PerSide(DeleteRule.RESTORE, DeleteRule.DELETE))
    assert [finding.level for finding in said(one_way, "entity.delete.a")] == [Level.WARNING]
    assert [finding.level for finding in said(one_way, "entity.delete.b")] == [Level.NOTE]


def test_a_mapping_against_the_direction_of_its_entity_never_moves() -> None:
    against = of(EMAIL, FieldMapping("Phone", "tel", Direction.B_TO_A), direction=Direction.A_TO_B)
    assert [finding.level for finding in said(against, "field.direction")] == [Level.WARNING]


@pytest.mark.parametrize(
    ("schedule", "path"),
    [
        (Schedule(ScheduleKind.INTERVAL), "schedule.interval"),
        (Schedule(ScheduleKind.DAILY), "schedule.times"),
        (Schedule(ScheduleKind.WEEKLY, times=(time(6),)), "schedule.weekdays"),
        (Schedule(ScheduleKind.WEEKLY, times=(time(6),), weekdays=(7,)), "schedule.weekdays"),
        (Schedule(ScheduleKind.CRON, cron="* * *"), "schedule.cron"),
    ],
)
def test_a_schedule_without_its_times_is_an_error(schedule: Schedule, path: str) -> None:
    assert errors(replace(customers(), schedule=schedule)) == [path]


def test_guards_are_shares_and_numbers_and_their_absence_is_said() -> None:
    assert errors(replace(customers(), guards=GuardLimits(deletes_share=1.5))) == ["guards.deletes_share"]
    assert errors(replace(customers(), guards=GuardLimits(deletes_number=-1))) == ["guards.deletes_number"]
    off = check(replace(customers(), guards=GuardLimits(deletes_share=None, deletes_number=None)))
    assert [finding.level for finding in off] == [Level.WARNING]


def lookups(**needs: str) -> tuple[Entity, ...]:
    return tuple(
        replace(customers_entity(), name=name, fields=(EMAIL, FieldMapping("x", "x", lookup=target)))
        for name, target in needs.items()
    )


def test_circles_of_prerequisites_are_found_once_and_are_no_error() -> None:
    entities = lookups(a="b", b="c", c="a", d="a", e="e")
    assert prerequisite_cycles(entities) == (("a", "b", "c"),)
    found = [finding for finding in check(replace(customers(), entities=entities)) if "circle" in finding.message]
    assert [finding.level for finding in found] == [Level.NOTE]
    assert "a → b → c → a" in found[0].message


def test_a_schedule_of_processing_is_checked_at_a_path_of_its_own() -> None:
    bad = replace(customers(), process_schedule=Schedule(ScheduleKind.DAILY))
    assert errors(bad) == ["process_schedule.times"]


def test_an_interval_that_rests_for_less_than_its_step_is_an_error() -> None:
    resting = Schedule(ScheduleKind.INTERVAL, interval_minutes=10, longest_idle_minutes=5)
    assert errors(replace(customers(), schedule=resting)) == ["schedule.longest_idle"]


def test_a_field_that_is_transformed_one_way_only_and_goes_both_is_told() -> None:
    phone = FieldMapping("Phone", "phone", to_b="replace(Phone, ' ', '')")
    (finding,) = said(of(EMAIL, phone), "field.to_a")
    assert finding.level is Level.WARNING
    assert 'comes back to "CRM"' in finding.message
    assert said(of(EMAIL, replace(phone, to_a="phone")), "field.to_a") == []
    assert said(of(EMAIL, replace(phone, direction=Direction.A_TO_B)), "field.to_a") == []
    assert said(of(EMAIL, phone, direction=Direction.A_TO_B), "field.to_a") == []
