"""Endpoints and configurations: kept in versions, renamed, deleted; their documents are strict."""

from __future__ import annotations

import dataclasses
import json
from datetime import time
from pathlib import Path

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    Endpoint,
    Entity,
    FieldMapping,
    GuardLimits,
    Mark,
    NullPolicy,
    PerSide,
    SecretReference,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.definition_codec import configuration_text, endpoint_text, read_configuration, read_endpoint
from desktop_sync.ledger.json_codec import DocumentError
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, endpoint, processed

FULL = SyncConfiguration(
    "Everything ☃",
    "CRM",
    "Shop",
    (
        Entity(
            "orders",
            PerSide("Order", "orders"),
            (
                FieldMapping(
                    "a",
                    "b",
                    Direction.A_TO_B,
                    identifying=True,
                    to_b="lower(a)",
                    normal_form=("trim", "lower"),
                    null=NullPolicy.DEFAULT,
                    default="",
                    value_map=(("NEW", "n"), ("DONE", "d")),
                    lookup="customers",
                    masked=True,
                ),
            ),
            primary=Side.B,
            conflict=ConflictRule.ASK,
            delete=PerSide(DeleteRule.MARK, DeleteRule.IGNORE),
            mark=PerSide(Mark("gone", "yes"), Mark()),
            key=PerSide(("id", "part"), ()),
            filter=PerSide("x = 'é'", ""),
        ),
    ),
    enabled=False,
    schedule=Schedule(ScheduleKind.WEEKLY, times=(time(3, 4), time(23, 59, 1)), weekdays=(0, 6)),
    guards=GuardLimits(deletes_share=None, deletes_number=7, creates_share=1),
)


def test_a_configuration_survives_its_document_with_every_setting() -> None:
    assert read_configuration(configuration_text(FULL)) == FULL


def test_an_endpoint_survives_its_document_with_the_types_of_its_settings() -> None:
    settings = {"a": "1", "b": 1, "c": 1.0, "d": True, "e": SecretReference("CRM password")}
    kept = read_endpoint(endpoint_text(Endpoint("CRM", "sql", settings)))
    assert [(value, type(value)) for value in kept.settings.values()] == [
        (value, type(value)) for value in settings.values()
    ]


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("surprise",), 1, "'surprise' is not known"),
        (("entities", 0, "conflict"), "coin", "not one of the choices"),
        (("entities", 0, "fields", 0, "identifying"), 1, "bool was expected"),
        (("entities", 0, "delete"), {"a": "delete", "b": "delete", "c": "delete"}, "'c' is not known"),
        (("schedule", "times"), ["late"], "not a time"),
        (("entities", 0, "fields", 0, "value_map"), [["NEW"]], "2 items"),
        (("name",), None, "str was expected"),
    ],
)
def test_a_document_that_is_not_as_it_must_be_is_refused(path: tuple[str, ...], value: object, complaint: str) -> None:
    document = json.loads(configuration_text(FULL))
    place = document["value"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(DocumentError, match=complaint):
        read_configuration(json.dumps(document))


def test_a_document_without_a_required_key_or_of_another_format_is_refused() -> None:
    document = json.loads(configuration_text(FULL))
    del document["value"]["a"]
    with pytest.raises(DocumentError, match="'a' is missing"):
        read_configuration(json.dumps(document))
    with pytest.raises(DocumentError, match="format 2"):
        read_configuration(json.dumps({"format": 2, "value": {}}))
    with pytest.raises(DocumentError, match="not JSON"):
        read_configuration("{")


def test_a_document_from_before_a_setting_existed_takes_its_default() -> None:
    document = json.loads(configuration_text(FULL))
    del document["value"]["guards"]
    assert read_configuration(json.dumps(document)) == dataclasses.replace(FULL, guards=GuardLimits())


def test_versions_count_real_changes_only(ledger: SqlLedger) -> None:
    assert ledger.save_configuration(configuration(version=9)).version == 1
    assert ledger.save_configuration(configuration(version=4)).version == 1
    assert ledger.save_configuration(configuration(enabled=False)).version == 2
    assert ledger.save_configuration(FULL).version == 1
    assert [(each.name, each.version) for each in ledger.configurations()] == [("Customers", 2), (FULL.name, 1)]


def test_definitions_are_there_when_the_ledger_is_opened_again(home: Path, clock: HandClock) -> None:
    first = open_ledger(home, clock, CountedIds())
    first.save_endpoint(endpoint(), "/data/imports")
    first.save_configuration(FULL)
    first.close()
    second = open_ledger(home, clock, CountedIds())
    assert (second.endpoints(), second.configurations()) == ((endpoint(),), (FULL,))
    assert (second.base_folder("CRM"), second.base_folder("Shop")) == ("/data/imports", "")
    second.close()


def test_an_endpoint_that_is_used_stays(ledger: SqlLedger) -> None:
    ledger.save_endpoint(endpoint("CRM"))
    ledger.save_configuration(configuration())
    with pytest.raises(ConfigurationError, match="'Customers' uses it"):
        ledger.delete_endpoint("CRM")
    ledger.delete_configuration("Customers")
    ledger.delete_endpoint("CRM")
    assert ledger.endpoints() == ()


def test_an_address_with_a_password_in_it_is_not_kept(ledger: SqlLedger) -> None:
    with pytest.raises(ConfigurationError, match="as a secret"):
        ledger.save_endpoint(Endpoint("CRM", "sql", {"url": "postgresql://sync:opensesame@localhost/crm"}))
    ledger.save_endpoint(Endpoint("CRM", "sql", {"url": "postgresql://sync@localhost:5432/crm"}))
    assert len(ledger.endpoints()) == 1


def test_renaming_takes_peers_runs_and_history_along(ledger: SqlLedger) -> None:
    saved = ledger.save_configuration(configuration())
    run_id = ledger.open_run(saved, RunKind.RUN, Trigger.HAND)
    ledger.keep_batch(KEY, run_id, batch_rows([1]), processed([1]))
    ledger.put("Customers", "p1", Mode.FULL)
    ledger.rename_configuration("Customers", "People")
    (renamed,) = ledger.configurations()
    assert (renamed.name, renamed.version) == ("People", 2)
    assert ledger.records(RecordQuery("People"))[0].a_id == "A1"
    assert [run.id for run in ledger.runs("People")] == [run_id]
    assert len(ledger.history(run_id)) == 1
    assert ledger.folder("Customers") is None


def test_renaming_needs_a_free_name_a_known_configuration_and_no_run(ledger: SqlLedger) -> None:
    ledger.save_configuration(configuration("Customers"))
    ledger.save_configuration(configuration("People"))
    with pytest.raises(ConfigurationError, match="already"):
        ledger.rename_configuration("Customers", "People")
    with pytest.raises(ConfigurationError, match="no configuration"):
        ledger.rename_configuration("Nobody", "Somebody")
    with ledger.hold("Customers"), pytest.raises(AlreadyRunningError):
        ledger.rename_configuration("Customers", "Clients")


def test_a_deleted_configuration_leaves_its_runs_and_nothing_else(ledger: SqlLedger, clock: HandClock) -> None:
    saved = ledger.save_configuration(configuration())
    run_id = ledger.open_run(saved, RunKind.RUN, Trigger.HAND)
    ledger.keep_batch(KEY, run_id, batch_rows([1]), processed([1]))
    ledger.delete_configuration("Customers")
    assert ledger.configurations() == ()
    assert ledger.records(RecordQuery()) == []
    assert ledger.record(1) is None
    assert [run.configuration for run in ledger.runs("Customers")] == ["Customers"]
    assert len(ledger.history(run_id)) == 1
    again = ledger.save_configuration(configuration(enabled=False))
    assert again.version == 2  # runs name versions: none is given twice
    assert ledger.count_by_status("Customers") == {}
    with pytest.raises(ConfigurationError, match="no configuration"):
        ledger.delete_configuration("Nobody")


def test_a_purge_forgets_a_deleted_configuration_in_the_end(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.save_configuration(configuration())
    ledger.keep_batch(KEY, 1, batch_rows([1]), processed([1]))
    ledger.delete_configuration("Customers")
    clock.move(days=1)
    assert ledger.purge(clock.now()).actions == 1
    assert ledger.save_configuration(configuration()).version == 1
