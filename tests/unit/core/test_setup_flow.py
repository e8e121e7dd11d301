"""The wizards without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    Definitions,
    Direction,
    Endpoint,
    FieldMapping,
    FirstContactRule,
    PerSide,
    SecretReference,
    Side,
    Webhook,
)
from desktop_sync.core.endpoint_setup import EndpointPage, EndpointSetup, edit
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.mapping_rows import RowKind, Suggested, accepted, default_direction, mapping_rows, moved, skipped
from desktop_sync.core.provider_port import Setting, SettingKind
from desktop_sync.core.setup_flow import (
    PAGES,
    ConfigurationSetup,
    Page,
    begin,
    counterpart,
    free_name,
    page_of,
    required_unmapped,
    stamp_field,
)
from tests.support.shop_and_crm import CUSTOMER, CUSTOMERS_CSV, customers, customers_entity

KNOWN = Definitions((Endpoint("CRM", "sql"), Endpoint("Shop", "csv")), (replace(customers(), name="Taken"),))
STRUCTURES = {("CRM", "Customer"): CUSTOMER, ("Shop", "customers"): CUSTOMERS_CSV}


def started() -> ConfigurationSetup:
    return begin(None, KNOWN)


def test_with_two_endpoints_both_are_chosen_and_a_name_is_proposed() -> None:
    setup = started()
    assert (setup.configuration.a, setup.configuration.b, setup.configuration.name) == ("CRM", "Shop", "CRM and Shop")
    assert begin(None, Definitions()).configuration.name == ""


def test_next_stays_where_something_is_missing_and_goes_on_where_it_is_there() -> None:
    setup = started().next()
    assert setup.page is Page.ENTITIES
    assert setup.next().page is Page.ENTITIES
    setup = setup.with_entity("Customer", "customers").next()
    assert setup.page is Page.MAPPING
    assert setup.next().page is Page.MAPPING
    setup = setup.with_fields(0, customers_entity().fields)
    for page in (Page.RULES, Page.RUNNING, Page.SUMMARY):
        setup = setup.next()
        assert setup.page is page
    assert setup.can_save
    assert setup.next().page is Page.SUMMARY


def test_back_goes_one_page_and_not_before_the_first() -> None:
    setup = replace(started(), page=Page.ENTITIES)
    assert setup.back().page is Page.ENDPOINTS
    assert setup.back().back().page is Page.ENDPOINTS


def test_a_later_page_cannot_be_jumped_to_over_an_incomplete_one() -> None:
    assert started().go_to(Page.SUMMARY).page is Page.ENTITIES
    assert [started().is_reachable(page) for page in PAGES] == [True, True, False, False, False, False]


def test_a_name_that_is_taken_is_said_unless_it_is_its_own() -> None:
    assert not started().named("Taken").is_complete(Page.ENDPOINTS)
    own = begin(KNOWN.configurations[0], KNOWN)
    assert own.is_complete(Page.ENDPOINTS)
    assert own.named("Other").is_complete(Page.ENDPOINTS)


def test_another_endpoint_drops_the_entities_and_the_same_one_keeps_them() -> None:
    setup = started().with_entity("Customer", "customers")
    assert setup.with_endpoint(Side.A, "CRM") == setup
    assert setup.with_endpoint(Side.A, "Other").configuration.entities == ()
    assert setup.named("Clients").with_endpoint(Side.A, "Other").configuration.name == "Clients"


def test_a_pair_is_added_once_and_names_do_not_collide() -> None:
    setup = started().with_entity("Customer", "customers").with_entity("Customer", "customers")
    assert len(setup.configuration.entities) == 1
    setup = setup.with_entity("Lead", "customers")
    assert [entity.name for entity in setup.configuration.entities] == ["customers", "customers 2"]
    assert setup.without_entity(0).configuration.entities[0].structures == PerSide("Lead", "customers")


def test_structures_are_asked_for_once_and_bring_their_stamps() -> None:
    setup = started().with_entity("Customer", "customers")
    assert setup.needed_structures() == (("CRM", "Customer"), ("Shop", "customers"))
    setup = setup.with_structures(STRUCTURES)
    assert setup.needed_structures() == ()
    assert setup.configuration.entities[0].modified == PerSide("UpdatedAt", "updated_at")


def test_stamps_that_a_person_took_away_do_not_come_back() -> None:
    edited = replace(customers_entity(), modified=PerSide("", ""))
    setup = begin(replace(customers(), entities=(edited,)), KNOWN).with_structures(STRUCTURES)
    assert setup.configuration.entities[0].modified == PerSide("", "")


def test_without_stamps_the_primary_system_wins_instead_of_the_most_recent_change() -> None:
    plain = {pair: replace(known, fields=known.fields[:3]) for pair, known in STRUCTURES.items()}
    entity = started().with_entity("Customer", "customers").with_structures(plain).configuration.entities[0]
    assert (entity.conflict, entity.first_contact) == (ConflictRule.A, FirstContactRule.A)
    stamped = started().with_entity("Customer", "customers").with_structures(STRUCTURES).configuration.entities[0]
    assert stamped.conflict is ConflictRule.MOST_RECENT
    mapped = begin(customers(), KNOWN).with_structures(plain).configuration.entities[0]
    assert mapped == customers_entity()


def test_live_findings_count_only_for_what_was_checked() -> None:
    setup = begin(customers(), KNOWN)
    finding = Finding(Level.ERROR, "gone", "customers", 0, "field.a")
    setup = setup.with_live((finding,), setup.configuration)
    assert setup.findings(Page.MAPPING) == (finding,)
    assert not setup.can_save
    assert setup.switched(False).can_save


def test_errors_come_before_warnings() -> None:
    setup = begin(
        replace(customers(), entities=(replace(customers_entity(), modified=PerSide("", ""), fields=()),)), KNOWN
    )
    levels = [finding.level for finding in setup.findings()]
    assert levels == sorted(levels, key=tuple(Level).index)
    assert Level.WARNING in levels


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("name", Page.ENDPOINTS),
        ("b", Page.ENDPOINTS),
        ("entities", Page.ENTITIES),
        ("entity.structures.a", Page.ENTITIES),
        ("entity.required.a.Email", Page.MAPPING),
        ("field.to_b", Page.MAPPING),
        ("entity.delete.a", Page.RULES),
        ("entity.filter.b", Page.RULES),
        ("schedule.times", Page.RUNNING),
        ("process_schedule.times", Page.RUNNING),
        ("entity.real_time", Page.RUNNING),
        ("after_runs", Page.RUNNING),
        ("guards.deletes_share", Page.RUNNING),
        ("", Page.SUMMARY),
    ],
)
def test_a_finding_belongs_to_the_page_where_it_can_be_dealt_with(path: str, page: Page) -> None:
    assert page_of(Finding(Level.ERROR, "x", path=path)) is page


def test_free_names_count_up() -> None:
    assert free_name("x", ["y"]) == "x"
    assert free_name("x", ["x", "x 2"]) == "x 3"


def test_required_fields_are_those_that_nothing_fills() -> None:
    entity = replace(customers_entity(), fields=(FieldMapping("Email", "e-mail", identifying=True),))
    assert [field.name for field in required_unmapped(entity, CUSTOMER, Side.A)] == ["FirstName"]
    assert required_unmapped(replace(entity, direction=Direction.A_TO_B), CUSTOMER, Side.A) == ()


def test_a_counterpart_takes_the_records_without_the_numbers_that_the_source_makes_up() -> None:
    made = counterpart(CUSTOMER, "kunden")
    assert made.name == "kunden"
    assert made.field_names == CUSTOMER.field_names
    assert not any(field.is_generated or field.is_required for field in made.fields)
    assert made.key == ()
    plain = replace(CUSTOMER, key=("Email",))
    assert counterpart(plain, "x").key == ("Email",)


def test_a_stamp_is_told_by_name_and_type() -> None:
    assert stamp_field(CUSTOMER) == "UpdatedAt"
    assert stamp_field(replace(CUSTOMER, fields=CUSTOMER.fields[:3])) == ""


# Rows of the mapping page.

SUGGESTIONS = (
    Suggested(FieldMapping("Email", "e-mail", identifying=True), 0.98, ("same name",)),
    Suggested(FieldMapping("Phone", "tel"), 0.9),
)


def test_rows_are_mapped_then_suggested_then_skipped_and_every_field_stands_once() -> None:
    entity = replace(customers_entity(), fields=(FieldMapping("Phone", "zip"),))
    rows = mapping_rows(entity, CUSTOMER, CUSTOMERS_CSV, SUGGESTIONS)
    assert [row.kind for row in rows[:2]] == [RowKind.MAPPED, RowKind.SUGGESTED]
    assert {row.kind for row in rows[2:]} == {RowKind.SKIPPED}
    assert sorted(row.mapping.a for row in rows if row.mapping.a) == sorted(CUSTOMER.field_names)
    assert sorted(row.mapping.b for row in rows if row.mapping.b) == sorted(CUSTOMERS_CSV.field_names)


def test_nothing_that_is_only_suggested_is_in_the_entity() -> None:
    entity = replace(customers_entity(), fields=())
    mapping_rows(entity, CUSTOMER, CUSTOMERS_CSV, SUGGESTIONS)
    assert entity.fields == ()
    assert accepted(entity, SUGGESTIONS[:1]).fields == (SUGGESTIONS[0].mapping,)


def test_accepting_replaces_no_mapping_and_takes_one_identifying_field_at_most() -> None:
    chosen = FieldMapping("FirstName", "e-mail", identifying=True)
    entity = replace(customers_entity(), fields=(chosen,))
    assert accepted(entity, SUGGESTIONS).fields == (chosen, SUGGESTIONS[1].mapping)
    other = Suggested(FieldMapping("PostalCode", "zip", identifying=True), 0.9)
    assert [m.identifying for m in accepted(entity, [other]).fields] == [True, False]


def test_skipping_can_be_taken_back_by_the_suggestion() -> None:
    entity = accepted(replace(customers_entity(), fields=()), SUGGESTIONS)
    without = skipped(entity, 1)
    rows = mapping_rows(without, CUSTOMER, CUSTOMERS_CSV, SUGGESTIONS)
    assert [row.mapping.a for row in rows if row.kind is RowKind.SUGGESTED] == ["Phone"]
    assert accepted(without, SUGGESTIONS) == entity


def test_a_field_that_its_system_fills_in_is_never_written() -> None:
    assert default_direction(CUSTOMER, CUSTOMERS_CSV, FieldMapping("CustomerId", "no")) is Direction.A_TO_B
    assert default_direction(CUSTOMERS_CSV, CUSTOMER, FieldMapping("no", "CustomerId")) is Direction.B_TO_A
    assert default_direction(CUSTOMER, CUSTOMERS_CSV, FieldMapping("Email", "e-mail")) is Direction.BOTH


def test_moving_changes_the_priority_and_stops_at_the_ends() -> None:
    entity = customers_entity()
    names = [mapping.a for mapping in entity.fields]
    assert [mapping.a for mapping in moved(entity, 2, -1).fields] == [names[0], names[2], names[1]]
    assert moved(entity, 0, -1) == entity


# The endpoint wizard.

DECLARED = (
    Setting("folder", "Folder", SettingKind.FOLDER, is_required=True),
    Setting("password", "Password", SettingKind.SECRET, is_required=True),
    Setting("port", "Port", SettingKind.NUMBER, default=5432),
    Setting("mode", "Mode", SettingKind.CHOICE, default="", choices=(("", "any"), ("r", "read"))),
)


def test_a_kind_brings_its_defaults_and_a_free_name() -> None:
    setup = EndpointSetup(taken_names=frozenset({"Files"})).of_kind("csv", "Files", DECLARED)
    assert setup.name == "Files 2"
    assert setup.values == {"port": 5432}
    assert setup.next().page is EndpointPage.SETTINGS
    assert EndpointSetup().next().page is EndpointPage.KIND


def test_problems_stand_at_their_settings_and_vanish_when_filled() -> None:
    setup = EndpointSetup().of_kind("csv", "Files", DECLARED).next()
    assert set(setup.problems()) == {"folder", "password"}
    assert not setup.can_go_on
    setup = setup.with_value("folder", "/data").with_secret("password", "typed")
    assert setup.problems() == {}
    assert set(setup.with_value("port", "many").problems()) == {"port"}
    assert set(setup.named(" ").problems()) == {"name:"}


def test_a_typed_secret_is_in_no_endpoint_and_in_no_text() -> None:
    setup = EndpointSetup().of_kind("csv", "Files", DECLARED).with_secret("password", "typed-in")
    assert "typed-in" not in repr(setup)
    assert "password" not in setup.endpoint().settings


def test_an_edited_endpoint_keeps_kind_name_and_stored_secret() -> None:
    webhook = Webhook(SecretReference("Files webhook"), "type")
    endpoint = Endpoint("Files", "csv", {"folder": "/x", "password": SecretReference("Files Password")}, webhook)
    setup = edit(endpoint, DECLARED, frozenset({"Files"}))
    assert setup.problems() == {}
    assert setup.has_stored_secret("password")
    assert setup.back() == setup
    assert setup.endpoint() == endpoint


def test_a_name_that_nobody_gave_follows_the_choice_of_endpoints() -> None:
    assert started().with_endpoint(Side.B, "Depot").configuration.name == "CRM and Depot"
    assert started().with_endpoint(Side.B, "CRM").configuration.name == "CRM"
    assert started().named("Clients").with_endpoint(Side.B, "Depot").configuration.name == "Clients"
