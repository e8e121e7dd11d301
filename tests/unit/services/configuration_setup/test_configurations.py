"""Configurations through the service: kept, checked against the real structures, sampled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    NullPolicy,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError, ExpressionError
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.provider_port import Capabilities
from desktop_sync.core.run import Outcome, Run, RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.status import Status
from desktop_sync.core.triggers import AfterRun
from tests.support.shop_and_crm import CUSTOMER, CUSTOMERS_CSV, Scene, crm_rows, customers, customers_entity, shop_rows


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).furnish()


def with_entity(**changes: object) -> SyncConfiguration:
    return replace(customers(), entities=(replace(customers_entity(), **changes),))


def with_field(*more: FieldMapping) -> SyncConfiguration:
    return with_entity(fields=(*customers_entity().fields, *more))


def found(scene: Scene, configuration: SyncConfiguration, level: Level) -> list[Finding]:
    return [finding for finding in scene.configurations.check_live(configuration) if finding.level is level]


def test_a_sound_configuration_is_kept_and_its_versions_are_counted(scene: Scene) -> None:
    assert scene.configurations.check_live(customers()) == ()
    first = scene.configurations.save(customers())
    assert first.version == 1
    assert scene.configurations.save(first).version == 1
    assert scene.configurations.save(with_entity(max_failed_attempts=2)).version == 2
    assert scene.configurations.get("Customers").version == 2


def test_one_with_an_error_is_not_kept_and_its_place_is_named(scene: Scene) -> None:
    with pytest.raises(ConfigurationError) as caught:
        scene.configurations.save(with_entity(fields=()))
    assert caught.value.path == "Customers.customers.entity.fields"
    with pytest.raises(ConfigurationError, match="no endpoint"):
        scene.configurations.save(replace(customers(), b="Nowhere"))
    assert scene.configurations.list() == ()


def test_an_expression_that_cannot_be_read_is_an_error_without_any_endpoint(scene: Scene) -> None:
    (finding,) = scene.configurations.check(
        with_field(FieldMapping("Credit", "credit", to_b="upper((Credit", to_a="credit"))
    )
    assert (finding.level, finding.field_index, finding.path) == (Level.ERROR, 3, "field.to_b")
    assert scene.provider.contexts == []


def test_a_cron_expression_that_never_fires_is_an_error(scene: Scene) -> None:
    bad = replace(customers(), schedule=Schedule(ScheduleKind.CRON, cron="0 0 31 2 *"))
    assert [finding.path for finding in scene.configurations.check(bad)] == ["schedule.cron"]


def test_a_missing_structure_or_field_is_an_error_with_the_closest_name(scene: Scene) -> None:
    (finding,) = found(scene, with_entity(structures=PerSide("Custmer", "customers")), Level.ERROR)
    assert 'Did you mean "Customer"?' in finding.message
    errors = found(scene, with_field(FieldMapping("Credits", "credit")), Level.ERROR)
    assert ['Did you mean "Credit"?' in error.message for error in errors] == [True]
    assert errors[0].field_index == 3


def test_an_expression_is_checked_against_the_real_fields(scene: Scene) -> None:
    (finding,) = found(scene, with_field(FieldMapping("Credit", "credit", to_b="upper(Credti)")), Level.ERROR)
    assert (finding.field_index, finding.path) == (3, "field.to_b")
    (finding,) = found(scene, with_entity(filter=PerSide("Credit >", "")), Level.ERROR)
    assert finding.path == "entity.filter.a"
    (finding,) = found(scene, with_entity(filter=PerSide("upper(Email)", "")), Level.ERROR)
    assert "true or false" in finding.message


def test_a_required_field_that_nothing_fills_is_an_error(scene: Scene) -> None:
    (finding,) = found(scene, with_entity(fields=customers_entity().fields[:1]), Level.ERROR)
    assert finding.path == "entity.required.a.FirstName"
    one_way = with_entity(fields=customers_entity().fields[:1], direction=Direction.A_TO_B)
    assert found(scene, one_way, Level.ERROR) == []
    no_field_goes = replace(customers_entity().fields[0], direction=Direction.A_TO_B)
    assert found(scene, with_entity(fields=(no_field_goes,)), Level.ERROR) == []  # nothing is ever created there


def test_a_target_that_can_only_be_read_is_an_error(scene: Scene) -> None:
    scene.provider.add("Shop", replace(CUSTOMERS_CSV, can_write=False), shop_rows())
    (finding,) = found(scene, customers(), Level.ERROR)
    assert finding.path == "entity.direction"
    assert found(scene, with_entity(direction=Direction.B_TO_A), Level.ERROR) == []


def test_what_the_endpoint_cannot_do_is_a_warning(scene: Scene) -> None:
    scene.provider.capabilities = Capabilities(can_delete=False)
    assert any("cannot be deleted" in finding.message for finding in found(scene, customers(), Level.WARNING))


def test_a_lossy_mapping_is_a_warning_with_a_real_value(scene: Scene) -> None:
    scene.provider.add("CRM", CUSTOMER, crm_rows())
    scene.provider.add("Shop", CUSTOMERS_CSV, [(*row[:5], "about 3", row[6]) for row in shop_rows()])
    (finding,) = found(scene, with_field(FieldMapping("Credit", "credit")), Level.WARNING)
    assert (finding.field_index, finding.path) == (3, "field.lossy")
    assert '"about 3"' in finding.message
    masked = found(scene, with_field(FieldMapping("Credit", "credit", masked=True)), Level.WARNING)
    assert all("about 3" not in finding.message for finding in masked)


def test_repeated_identifying_values_are_counted_in_normal_form(scene: Scene) -> None:
    rows = [
        (*row[:2], "ADA@example.org" if n % 2 else "ada@example.org ", *row[3:]) for n, row in enumerate(shop_rows())
    ]
    scene.provider.add("Shop", CUSTOMERS_CSV, rows)
    (finding,) = found(scene, customers(), Level.WARNING)
    assert '"e-mail" holds repeated values (7 too many).' in finding.message
    assert '"Shop"' in finding.message
    assert finding.path == "field.identifying"


def test_several_identifying_fields_with_repeated_values_are_told_in_the_plural(scene: Scene) -> None:
    fields = customers_entity().fields
    scene.provider.add("Shop", CUSTOMERS_CSV, [(row[0], "Ada", "ada@example.org", *row[3:]) for row in shop_rows()])
    both = with_entity(fields=(fields[0], replace(fields[1], identifying=True), fields[2]))
    (finding,) = found(scene, both, Level.WARNING)
    assert " hold repeated values (" in finding.message


def test_two_identifying_fields_are_enough_when_one_is_unique(scene: Scene) -> None:
    fields = customers_entity().fields
    scene.provider.add("Shop", CUSTOMERS_CSV, [(row[0], "Ada", *row[2:]) for row in shop_rows()])
    both = with_entity(fields=(fields[0], replace(fields[1], identifying=True), fields[2]))
    assert found(scene, both, Level.WARNING) == []


def test_a_number_that_a_system_makes_up_warns_as_identifying(scene: Scene) -> None:
    generated = with_entity(
        fields=(FieldMapping("CustomerId", "no", Direction.A_TO_B, identifying=True), *customers_entity().fields[1:]),
        direction=Direction.A_TO_B,
    )
    messages = [finding.message for finding in found(scene, generated, Level.WARNING)]
    assert any("makes up itself" in message for message in messages)


def test_a_guid_warns_as_identifying(scene: Scene) -> None:
    guids = [f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(8)]
    scene.provider.add("Shop", CUSTOMERS_CSV, [(g, *row[1:]) for g, row in zip(guids, shop_rows(), strict=True)])
    configuration = with_field(FieldMapping("PostalCode", "no", Direction.B_TO_A, identifying=True))
    assert any("a GUID" in finding.message for finding in found(scene, configuration, Level.WARNING))


def test_unfit_stamps_warn_only_where_most_recent_decides(scene: Scene) -> None:
    rows = [(*row[:6], datetime(2027, 1, 1, 5, 3, n)) for n, row in enumerate(crm_rows())]
    scene.provider.add("CRM", CUSTOMER, rows)
    (finding,) = found(scene, customers(), Level.WARNING)
    assert finding.path == "entity.modified.a"
    assert "in the future" in finding.message


def test_a_time_zone_that_does_not_exist_is_an_error(scene: Scene) -> None:
    configuration = with_field(FieldMapping("Credit", "credit", normal_form=("utc:Europe/Wien",)))
    (finding,) = found(scene, configuration, Level.ERROR)
    assert "no time zone" in finding.message


def test_a_sample_runs_real_records_through_the_mapping(scene: Scene) -> None:
    mapping = FieldMapping("Phone", "tel", to_b="replace(Phone, ' ', '') || '/' || FirstName")
    first = scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", mapping, Side.B, 2)[0]
    assert first.source == "FirstName: Ada  Phone: +43 1 001"
    assert (first.record_id, first.result, first.problem) == ("1", "+431001/Ada", "")


def test_a_record_that_the_mapping_cannot_do_says_why_and_the_others_go_on(scene: Scene) -> None:
    rows = shop_rows()
    rows[1] = (*rows[1][:5], "lots", rows[1][6])
    scene.provider.add("Shop", CUSTOMERS_CSV, rows)
    mapping = FieldMapping("Credit", "credit")
    sample = scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", mapping, Side.A, 3)
    assert [item.result and float(item.result) for item in sample] == [1.5, None, 4.5]
    assert "decimal" in sample[1].problem
    assert sample[1].source == "lots"


def test_choices_and_defaults_are_in_the_sample(scene: Scene) -> None:
    choices = FieldMapping("FirstName", "given_name", value_map=(("Ada", "A."),))
    sample = scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", choices, Side.B, 2)
    assert sample[0].result == "A."
    assert "choices" in sample[1].problem
    scene.provider.add("CRM", CUSTOMER, [(1, "Ada", "a@x", None, None, None, None)])
    default = FieldMapping("Phone", "tel", null=NullPolicy.DEFAULT, default="none")
    sample = scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", default, Side.B, 1)
    assert (sample[0].source, sample[0].result) == (None, "none")


def test_a_mapping_that_cannot_be_sampled_says_why(scene: Scene) -> None:
    broken = FieldMapping("Phone", "tel", to_b="nonsense(")
    with pytest.raises(ExpressionError):
        scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", broken, Side.B)
    with pytest.raises(ConfigurationError, match="no field to write to"):
        scene.configurations.sample_mapping("CRM", "Customer", "Shop", "customers", FieldMapping("Phone"), Side.B)


def test_a_filter_is_counted_and_null_does_not_take_part(scene: Scene) -> None:
    assert scene.configurations.filter_count("CRM", "Customer", "Credit > 6") == (4, 8)
    assert scene.configurations.filter_count("Shop", "customers", "\"e-mail\" LIKE 'A%'") == (1, 8)
    assert scene.configurations.filter_count("CRM", "Customer", "1 = 1") == (8, 8)
    with pytest.raises(ExpressionError):
        scene.configurations.filter_count("CRM", "Customer", "Credit >")


def test_structures_are_suggested(scene: Scene) -> None:
    assert [pair[:2] for pair in scene.configurations.suggest_entities("CRM", "Shop")] == [("Customer", "customers")]


def test_a_structure_that_the_first_run_makes_is_told_and_is_no_error(scene: Scene) -> None:
    new = with_entity(structures=PerSide("Customer", "buyers"))
    assert found(scene, new, Level.ERROR) == []
    (told,) = [finding for finding in found(scene, new, Level.WARNING) if finding.path == "entity.structures.b"]
    assert told.message == 'There is no "buyers" in "Shop". The first run makes it.'
    mapped = replace(new.entities[0], fields=(*new.entities[0].fields, FieldMapping("Nothing", "nothing")))
    (wrong,) = found(scene, replace(new, entities=(mapped,)), Level.ERROR)
    assert wrong.message == '"Customer" of "CRM" has no field "Nothing".'


def test_a_structure_that_no_run_may_make_is_an_error(scene: Scene) -> None:
    new = with_entity(structures=PerSide("Customer", "buyers"))
    backwards = with_entity(structures=PerSide("Customer", "buyers"), direction=Direction.B_TO_A)
    assert [each.path for each in found(scene, backwards, Level.ERROR)] == ["entity.structures.b"]
    assert len(found(scene, with_entity(structures=PerSide("Nowhere", "buyers")), Level.ERROR)) == 2
    scene.store.peers = 1
    (took_part,) = found(scene, new, Level.ERROR)
    assert took_part.message == 'There is no "buyers" in "Shop".'
    scene.store.peers = 0
    scene.provider.capabilities = replace(scene.provider.capabilities, can_create_structures=False)
    assert len(found(scene, new, Level.ERROR)) == 1


def test_every_session_is_closed_also_after_an_error(scene: Scene) -> None:
    scene.configurations.check_live(with_entity(structures=PerSide("Nowhere", "customers")))
    scene.configurations.suggest_mapping("CRM", "Customer", "Shop", "customers")
    with pytest.raises(ExpressionError):
        scene.configurations.filter_count("CRM", "Customer", "Credit >")
    assert scene.provider.sessions
    assert all(session.is_closed for session in scene.provider.sessions)


def test_a_running_configuration_is_neither_deleted_nor_renamed(scene: Scene) -> None:
    scene.configurations.save(customers())
    scene.store.held.add("Customers")
    with pytest.raises(AlreadyRunningError):
        scene.configurations.delete("Customers")
    with pytest.raises(AlreadyRunningError):
        scene.configurations.rename("Customers", "Clients")
    scene.store.held.clear()
    scene.configurations.rename("Customers", "Clients")
    assert [item.name for item in scene.configurations.list()] == ["Clients"]


def test_a_name_that_is_taken_is_refused(scene: Scene) -> None:
    scene.configurations.save(customers())
    scene.configurations.save(replace(customers(), name="Clients"))
    with pytest.raises(ConfigurationError, match="already"):
        scene.configurations.rename("Customers", "Clients")


def test_the_state_says_what_the_list_shows(scene: Scene) -> None:
    scene.configurations.save(replace(customers(), schedule=Schedule(ScheduleKind.INTERVAL, interval_minutes=10)))
    at = datetime(2026, 3, 2, 11, 55, tzinfo=UTC)
    undo = Run(2, "Customers", 1, RunKind.UNDO, Trigger.HAND, at.replace(minute=58), None, Outcome.FAILED)
    scene.store.kept_runs += [Run(1, "Customers", 1, RunKind.RUN, Trigger.HAND, at, at, Outcome.DONE), undo]
    scene.store.status_counts = {Status.CONFLICT: 2, Status.PROCESSED: 5}
    (state,) = scene.configurations.states()
    assert (state.last_outcome, state.last_run_at, state.open_conflicts) == (Outcome.DONE, at, 2)
    assert state.next_run_at == at.replace(hour=12, minute=5)
    scene.configurations.set_enabled("Customers", False)
    assert scene.configurations.states()[0].next_run_at is None


def test_sentences_name_the_endpoints_and_the_deletes(scene: Scene) -> None:
    text = "\n".join(scene.configurations.sentences(customers()))
    assert 'A record deleted in "CRM" is deleted in "Shop" too.' in text
    one_way = "\n".join(scene.configurations.sentences(with_entity(direction=Direction.A_TO_B)))
    assert 'nothing is written to "CRM"' in one_way
    assert 'deleted in "Shop"' not in one_way.replace('is deleted in "Shop" too', "")


def test_an_entity_without_structures_is_checked_without_reading(scene: Scene) -> None:
    empty = replace(customers(), entities=(Entity("x", PerSide("", ""), ()),))
    assert found(scene, empty, Level.ERROR)
    assert scene.provider.sessions == []


def test_what_is_known_of_records_that_nobody_synchronizes_any_more_is_forgotten(scene: Scene) -> None:
    scene.configurations.save(customers())
    scene.configurations.save(replace(customers(), name="Copy"))
    scene.configurations.delete("Copy")
    assert {one.structure for one in scene.store.used_structures} == {"Customer", "customers"}
    scene.configurations.delete("Customers")
    assert scene.store.used_structures == frozenset()


def test_who_follows_the_runs_of_a_renamed_configuration_still_does_and_a_circle_is_refused(scene: Scene) -> None:
    scene.configurations.save(customers())
    follower = replace(customers(), name="Follower", after_runs=(AfterRun("Customers"),))
    scene.configurations.save(follower)
    scene.configurations.rename("Customers", "Clients")
    assert scene.configurations.get("Follower").after_runs == (AfterRun("Clients"),)
    clients = scene.configurations.get("Clients")
    with pytest.raises(ConfigurationError, match='"Clients" → "Follower" → "Clients"'):
        scene.configurations.save(replace(clients, after_runs=(AfterRun("Follower"),)))
