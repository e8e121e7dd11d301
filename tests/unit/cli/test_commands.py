from __future__ import annotations

import dataclasses
import io
from datetime import timedelta

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import HoldReason
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.ports import SecretState
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.run import EntityResult, Outcome, RunResult, Trigger
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.core.webhook import keys_of
from desktop_sync.services.views import EntityVerification, Finding, ImportReport, Level
from tests.support.fake_application import AT, RESULT, past_run
from tests.unit.cli.command_line import CommandLine

NO_ACTIONS = {
    "create_a": 0,
    "create_b": 0,
    "update_a": 0,
    "update_b": 0,
    "delete_a": 0,
    "delete_b": 0,
    "link": 0,
    "adopt": 0,
    "conflict": 0,
    "review": 0,
}
FINDING = GuardFinding(Guard.DELETES, "customers", Side.B, 250, 1000, 100)
GUARD_STOP = RunResult(8, "Customers", Outcome.GUARD, (EntityResult("customers", 750, 1000),), (FINDING,), "p2")
RECORD = SyncRecord(17, "Customers", "customers", "a-1", "b-1", Status.FAILED, 2, "the phone is too long", AT)
CONFLICT = Conflict(
    3,
    17,
    7,
    "Customers",
    "customers",
    "a-1",
    "b-1",
    Rule.ASK,
    None,
    AT,
    AT + timedelta(hours=1),
    AT,
    None,
    (FieldChange("City", "Graz", "Linz", "Wien", differs=True), FieldChange("Name", "Ann", "Ann", "Ann")),
)


def test_a_run_prints_the_specified_shape(command_line: CommandLine) -> None:
    said = command_line("run", "Customers", "--json")
    assert said.code == 0
    assert said.document == {
        "run": 7,
        "configuration": "Customers",
        "outcome": "done",
        "guard": None,
        "entities": [
            {
                "name": "customers",
                "read": {"a": 50, "b": 40},
                "actions": NO_ACTIONS | {"create_b": 10, "update_a": 2, "link": 38},
                "failed": 0,
                "records_per_s": 180.0,
                "notes": [],
            }
        ],
    }
    assert "Reading" in said.err


@pytest.mark.parametrize("command", ["run", "prepare", "process"])
def test_a_run_is_started_on_the_command_line_and_told_in_a_table(command_line: CommandLine, command: str) -> None:
    said = command_line(command, "Customers")
    assert said.code == 0
    headers = [each.strip() for each in said.out.splitlines()[0].split("  ") if each]
    assert headers == ["entity", "read CRM", "read Shop", "created in Shop", "updated in CRM", "linked"]
    assert said.out.splitlines()[-1] == "All done."
    method, name, details = command_line.application.synchronization.calls[0]
    assert (method, name, details["trigger"]) == (command, "Customers", Trigger.COMMAND_LINE)
    assert command_line.application.closed == 1


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.DONE, 0),
        (Outcome.PROBLEMS, 1),
        (Outcome.FAILED, 3),
        (Outcome.GUARD, 4),
        (Outcome.CANCELLED, 130),
    ],
)
def test_an_outcome_has_its_exit_code(command_line: CommandLine, outcome: Outcome, code: int) -> None:
    command_line.application.synchronization.result = dataclasses.replace(RESULT, outcome=outcome, error="Because.")
    said = command_line("run", "Customers", "--json")
    assert said.code == code
    assert said.document["outcome"] == outcome.value
    assert said.document["error"] == "Because."
    assert "Because." in said.err


def test_a_guard_stop_says_which_with_its_numbers_and_how_to_let_it_pass(command_line: CommandLine) -> None:
    command_line.application.synchronization.result = GUARD_STOP
    said = command_line("--home", "my home", "run", "Customers", "--json")
    assert said.code == 4
    figures = {"name": "deletes", "entity": "customers", "side": "b", "endpoint": "Shop"}
    figures |= {"count": 250, "total": 1000, "limit": 100}
    assert said.document["guard"] == {**figures, "findings": [figures]}
    assert "Shop, customers: 250 of 1,000 records would be deleted; 100 are allowed" in said.err
    assert "\n  desktop-sync --home 'my home' process Customers --allow deletes\n" in said.err


def test_a_guard_that_stops_a_run_although_it_was_allowed_says_that_the_plan_was_not_shown(
    command_line: CommandLine,
) -> None:
    command_line.application.synchronization.result = GUARD_STOP
    said = command_line("run", "Customers", "--allow", "deletes")
    assert said.code == 4
    assert "--allow deletes is for a plan that was shown, and this one was not until now." in said.err
    assert "was not until now" not in command_line("run", "Customers").err


def test_a_guard_is_allowed_for_this_run_only(command_line: CommandLine) -> None:
    command_line("process", "Customers", "--allow", "deletes", "--allow", "empty-side")
    allow = command_line.application.synchronization.calls[0][2]["allow"]
    assert allow == {Guard.DELETES, Guard.EMPTY_SIDE}


def test_problems_say_where_to_look(command_line: CommandLine) -> None:
    entity = EntityResult("customers", 5, 5, {Action.CONFLICT: 1, Action.REVIEW: 2}, 3, 1, ("customers: all too long",))
    command_line.application.synchronization.result = RunResult(7, "Customers", Outcome.PROBLEMS, (entity,))
    said = command_line("run", "Customers")
    assert said.code == 1
    assert "customers: all too long" in said.err
    for line in ("conflicts Customers", "records Customers --status review", "records Customers --status failed"):
        assert f"desktop-sync {line}\n" in said.err


def test_a_preview_has_the_shape_of_a_run_without_a_number(command_line: CommandLine) -> None:
    said = command_line("preview", "Customers", "--json")
    assert said.code == 0
    assert said.document["run"] is None
    assert said.document["outcome"] == "done"
    assert said.document["entities"][0]["actions"] == NO_ACTIONS | {"create_b": 10}
    assert said.document["entities"][0]["records_per_s"] == 90.0
    assert command_line.application.synchronization.views[0].is_closed


def test_a_preview_shows_rows_and_no_character_that_steers_the_terminal(command_line: CommandLine) -> None:
    said = command_line("preview", "Customers")
    assert "create b" in said.out
    assert "Ann\\x1b[31m" in said.out
    assert "\x1b" not in said.out
    assert "… and 9 more rows" in said.out


def test_a_preview_tells_of_the_guard_that_would_stop_the_run_unless_it_is_allowed(command_line: CommandLine) -> None:
    service = command_line.application.synchronization
    service.plan = dataclasses.replace(service.plan, findings=(FINDING,))
    assert command_line("preview", "Customers").code == 4
    allowed = command_line("preview", "Customers", "--allow", "deletes", "--json")
    assert (allowed.code, allowed.document["guard"]) == (0, None)


def test_a_guarded_preview_says_how_to_run_just_its_plan_and_not_that_one_is_kept(command_line: CommandLine) -> None:
    service = command_line.application.synchronization
    service.plan = dataclasses.replace(service.plan, findings=(FINDING,), digest="1a2b")
    options = ("--mode", "by-date", "--from", "2026-05-01", "--allow", "empty-side")
    said = command_line("--home", "my home", "preview", "Customers", *options)
    assert "A guard would stop a run of this plan before it writes anything." in said.out
    assert "The plan is kept" not in said.err
    assert "Shop, customers: 250 of 1,000 records would be deleted" in said.err
    line = "run Customers --mode by-date --from 2026-05-01 --allow deletes --allow empty-side --plan 1a2b"
    assert f"\n  desktop-sync --home 'my home' {line}\n" in said.err


def test_a_preview_does_not_say_that_anything_was_done(command_line: CommandLine) -> None:
    said = command_line("preview", "Customers")
    assert said.out.splitlines()[-1] == "A run would do this. Nothing is written yet."


def test_a_preview_of_sides_that_hardly_have_a_record_in_common_tells_so(command_line: CommandLine) -> None:
    service = command_line.application.synchronization
    part = dataclasses.replace(service.plan.entities[0], read_a=50, read_b=40, counts={Action.CREATE_B: 48})
    service.plan = dataclasses.replace(service.plan, entities=(part,))
    assert "significantly different" not in command_line("preview", "Customers").err
    service.plan = dataclasses.replace(service.plan, entities=(dataclasses.replace(part, first_run=True),))
    said = command_line("preview", "Customers").err
    assert "Of 50 records in CRM and 40 in Shop, only 2 belong together." in said


def test_a_preview_prints_the_digest_of_its_plan_which_a_run_can_be_held_to(command_line: CommandLine) -> None:
    service = command_line.application.synchronization
    service.plan = dataclasses.replace(service.plan, digest="1a2b")
    assert command_line("preview", "Customers", "--json").document["plan"] == "1a2b"
    assert "The plan's digest is 1a2b" in command_line("preview", "Customers").out
    for command in ("run", "process"):
        command_line(command, "Customers", "--allow", "deletes", "--plan", "1a2b", "--json")
        method, _, details = service.calls[-1]
        assert (method, details["plan_digest"]) == (command, "1a2b")
    for option in (["--group"], ["--record", "17"]):
        assert command_line("run", "Customers", "--plan", "1a2b", *option).code == 2


HELD = HeldCase(
    17,
    "customers",
    "a-1",
    "b-1",
    Side.B,
    "Shop",
    Operation.UPDATE,
    4,
    AT,
    timedelta(hours=1),
    HoldReason.NO_ANSWER,
)


def test_records_have_the_specified_shape(command_line: CommandLine) -> None:
    other = dataclasses.replace(RECORD, id=18, status=Status.PROCESSED, b_id=None)
    command_line.application.records.stored = [RECORD, other]
    assert command_line("records", "Customers", "--json", "--status", "FAILED").document == [
        {
            "id": 17,
            "a_id": "a-1",
            "b_id": "b-1",
            "status": "Failed",
            "attempts": 2,
            "last_error": "the phone is too long",
        }
    ]
    both = command_line("records", "Customers", "--json").document
    assert [(each["id"], each["b_id"]) for each in both] == [(17, "b-1"), (18, None)]


def test_records_that_are_held_say_so_beside_their_keys_and_below_the_table(command_line: CommandLine) -> None:
    records = command_line.application.records
    records.stored = [RECORD, dataclasses.replace(RECORD, id=18, status=Status.PROCESSED)]
    records.held_cases = [HELD]
    first, second = command_line("records", "Customers", "--json").document
    assert (first["held"]["age_s"], first["held"]["actions"]) == (3600, ["wait", "set-prepared"])
    assert "held" not in second
    assert "1 of them is held for want of an answer (--held says more)." in command_line("records", "Customers").err
    assert "1 hour" in command_line("records", "Customers", "--held").out
    assert "No record is held." in command_line("records", "Customers", "--held", "--entity", "orders").out
    assert [one["id"] for one in command_line("records", "Customers", "--held", "--json").document] == [17]
    assert command_line("records", "Customers", "--held", "--json", "--limit", "0").document == []


def test_json_has_all_records_and_text_the_first_ones(command_line: CommandLine) -> None:
    command_line.application.records.stored = [dataclasses.replace(RECORD, id=number) for number in range(12_000)]
    assert len(command_line("records", "Customers", "--json").document) == 12_000
    said = command_line("records", "Customers")
    assert len(said.out.splitlines()) == 201
    assert "… and 11800 more" in said.err
    assert len(command_line("records", "Customers", "--limit", "6000").out.splitlines()) == 6001


def test_an_unknown_configuration_is_an_error_and_not_an_empty_list(command_line: CommandLine) -> None:
    for command in ("records", "conflicts", "check", "run", "preview", "verify"):
        said = command_line(command, "Customer", "--json")
        assert said.code == 2
        assert said.document["error"] == 'There is no configuration "Customer".'


def test_conflicts_show_both_sides_and_how_to_decide(command_line: CommandLine) -> None:
    command_line.application.records.found_conflicts = [CONFLICT, dataclasses.replace(CONFLICT, id=4, settled_at=AT)]
    said = command_line("conflicts", "Customers")
    assert "*  City          Graz" in said.out
    assert "desktop-sync resolve Customers 17 --use a" in said.out
    (document,) = command_line("conflicts", "Customers", "--json").document
    assert document["fields"][0] == {"label": "City", "a": "Graz", "b": "Linz", "base": "Wien", "differs": True}
    assert (document["id"], document["record"], document["rule"], document["winner"]) == (3, 17, "ask", None)
    assert document["a_changed_at"] == "2025-05-01T12:00:00+00:00"
    assert len(command_line("conflicts", "Customers", "--all", "--json").document) == 2


@pytest.mark.parametrize("record", ["17", "a-1", "b-1"])
def test_a_conflict_is_decided_by_number_or_id(command_line: CommandLine, record: str) -> None:
    command_line.application.records.stored = [RECORD]
    command_line.application.records.found_conflicts = [CONFLICT]
    said = command_line("resolve", "Customers", record, "--use", "b", "--json")
    assert said.document == {"conflict": 3, "record": 17, "use": "b"}
    assert command_line.application.records.calls == [("resolve", 3, Side.B)]


def test_a_record_without_an_open_conflict_is_not_decided(command_line: CommandLine) -> None:
    command_line.application.records.stored = [RECORD]
    said = command_line("resolve", "Customers", "17", "--use", "b")
    assert said.code == 2
    assert "no conflict that waits" in said.err
    assert command_line.application.records.calls == []


def test_records_are_linked_and_unlinked_by_hand(command_line: CommandLine) -> None:
    command_line.application.records.stored = [RECORD]
    linked = command_line("link", "Customers", "customers", "a-1", "b-9", "--json").document
    assert linked == {"linked": {"entity": "customers", "a_id": "a-1", "b_id": "b-9"}}
    assert command_line("unlink", "Customers", "b-1", "--json").document["unlinked"]["record"] == 17
    assert command_line.application.records.calls == [("link", "Customers", "customers", "a-1", "b-9"), ("unlink", 17)]


def test_the_peering_of_an_entity_is_reset(command_line: CommandLine) -> None:
    said = command_line("reset", "Customers", "customers", "--json")
    assert said.document == {"reset": {"configuration": "Customers", "entity": "customers"}}
    assert command_line.application.configurations.reset == [("Customers", "customers")]
    assert "matches them anew" in command_line("reset", "Customers", "customers").out


def test_a_verification_has_the_specified_shape(command_line: CommandLine) -> None:
    said = command_line("verify", "Customers", "--json")
    assert said.code == 0
    (entity,) = said.document["entities"]
    assert entity == {
        "name": "customers",
        "in_sync": 50,
        "different": 0,
        "missing_a": 0,
        "missing_b": 0,
        "unverified": 0,
        "digest": "abc123",
    }
    again = command_line("verify", "Customers", "--json").document["digest"]
    command_line.application.verification.entity = EntityVerification("customers", in_sync=50, digest="abc124")
    other = command_line("verify", "Customers", "--json").document["digest"]
    assert said.document["digest"] == again
    assert other != again


@pytest.mark.parametrize("difference", ["different", "missing_a", "missing_b", "unverified"])
def test_a_difference_found_by_a_verification_is_code_1(command_line: CommandLine, difference: str) -> None:
    command_line.application.verification.entity = EntityVerification("customers", 50, **{difference: 1})
    said = command_line("verify", "Customers")
    assert said.code == 1
    assert "The sides differ." in said.out


def test_the_history_lists_runs(command_line: CommandLine) -> None:
    command_line.application.records.past_runs = [past_run(8, Outcome.PROBLEMS), past_run(7)]
    documents = command_line("history", "--json").document
    assert [(each["run"], each["outcome"]) for each in documents] == [(8, "problems"), (7, "done")]
    assert documents[0]["started_at"] == "2025-05-01T12:00:00+00:00"
    assert documents[0]["trigger"] == "on the command line"
    text = command_line("history", "Customers", "--limit", "1").out.splitlines()
    assert len(text) == 2
    assert text[1].split()[-2:] == ["12", "0"]


def test_the_history_of_a_deleted_configuration_is_still_there(command_line: CommandLine) -> None:
    command_line.application.records.past_runs = [past_run(7)]
    command_line.application.configurations.known.clear()
    assert command_line("history", "--json").document[0]["configuration"] == "Customers"


def test_a_run_is_shown_down_to_before_and_after(command_line: CommandLine) -> None:
    fields = (
        FieldChange("City", before="Wien", after="Graz", differs=True),
        FieldChange("Name", before="A", after="A"),
    )
    row = HistoryRow(7, 1, 0, "customers", 17, Action.UPDATE_B, Rule.CHANGED_ONE_SIDE, "a-1", "b-1", "", fields)
    command_line.application.records.past_runs = [past_run(7)]
    command_line.application.records.past_actions = [row]
    text = command_line("history", "Customers", "--run", "7").out
    assert "customers, record 17 (a-1 = b-1): update b, changed-one-side\n" in text
    assert '    City: "Wien" → "Graz"\n' in text
    assert "Name" not in text
    document = command_line("history", "--run", "7", "--json").document
    assert document["run"] == 7
    assert document["actions"][0]["fields"][0] == {
        "label": "City",
        "before": "Wien",
        "after": "Graz",
        "differs": True,
    }
    assert command_line("history", "Others", "--run", "7").code == 2
    assert command_line("history", "--run", "9").code == 2


def test_an_import_tells_what_is_still_to_be_done(command_line: CommandLine) -> None:
    said = command_line("import", "sync.toml")
    assert said.code == 0
    assert "Imported the configuration Customers." in said.out
    assert "desktop-sync secret set 'CRM password'" in said.err
    assert "Customers does not run by itself until you switch it on: desktop-sync enable Customers." in said.err
    assert command_line("import", "sync.toml", "--json").document == {
        "endpoints": ["CRM", "Shop"],
        "configurations": ["Customers"],
        "needs_secrets": ["CRM password"],
        "switched_off": ["Customers"],
        "steps_off": [],
    }
    report = ImportReport(("CRM",), ("Customers",), steps_off=(("Customers", "tell: it"),))
    command_line.application.definitions.report = report
    assert "desktop-sync steps Customers --enable 'tell: it'" in command_line("import", "sync.toml").err
    command_line.application.definitions.report = ImportReport(("CRM",), ())
    assert command_line("import", "sync.toml").err == ""


def test_an_export_is_the_file_itself(command_line: CommandLine) -> None:
    assert command_line("export").out == "format = 1\n"
    assert command_line("export", "A", "B", "--json").document == {"toml": "format = 1\n# A\n# B\n"}


def test_configurations_are_listed(command_line: CommandLine) -> None:
    (document,) = command_line("list", "--json").document
    assert (document["name"], document["enabled"], document["last_outcome"]) == ("Customers", True, "done")
    assert document["counts"] == {"Processed": 40}
    assert command_line("list").out.splitlines()[1].split()[:4] == ["Customers", "CRM", "Shop", "enabled"]
    command_line.application.configurations.known.clear()
    assert "no configuration yet" in command_line("list").out
    assert command_line("list", "--json").document == []


def test_a_check_fails_by_errors_only(command_line: CommandLine) -> None:
    assert command_line("check", "Customers").out == "Customers can run as it is.\n"
    warning = Finding(Level.WARNING, "Seconds are lost.", "customers", 0)
    command_line.application.configurations.findings = (warning,)
    said = command_line("check", "Customers")
    assert (said.code, said.out) == (0, "warning: customers, field Email: Seconds are lost.\n")
    command_line.application.configurations.findings = (warning, Finding(Level.ERROR, "No structure is chosen."))
    said = command_line("check", "Customers", "--json")
    assert said.code == 2
    assert [each["level"] for each in said.document["findings"]] == ["warning", "error"]
    assert said.document["findings"][0]["field"] == "Email"


def test_a_check_says_by_its_exit_code_that_an_endpoint_could_not_be_used(command_line: CommandLine) -> None:
    locked = Finding(Level.ERROR, "The database is locked.", "customers", is_unusable=True)
    command_line.application.configurations.findings = (locked,)
    assert command_line("check", "Customers").code == 3
    command_line.application.configurations.findings = (locked, Finding(Level.ERROR, "No structure is chosen."))
    assert command_line("check", "Customers").code == 2


def test_a_secret_is_read_from_standard_input_and_never_shown(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))
    said = command_line("secret", "set", "CRM password")
    assert said.code == 0
    assert command_line.application.secrets.values == {"CRM password": "open sesame"}
    assert "sesame" not in said.out + said.err
    assert "It is kept in memory." in said.out


@pytest.mark.parametrize("action", ["set", "make"])
def test_a_secret_that_would_be_gone_with_the_command_is_not_called_stored(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    command_line.application.secrets.is_lasting = False
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))
    said = command_line("secret", action, "CRM password", "--json")
    assert said.code == 3
    assert "this computer has no password store" in said.document["error"]
    assert "DESKTOP_SYNC_MASTER_PASSWORD" in said.document["next_step"]
    assert command_line.application.secrets.values == {}


def test_a_key_for_a_webhook_is_made_kept_and_shown_once(command_line: CommandLine) -> None:
    said = command_line("secret", "make", "Shop webhook")
    kept = command_line.application.secrets.values["Shop webhook"]
    assert said.code == 0
    assert f"shown this once: {kept}" in said.out
    assert len(keys_of(kept)[0]) == 32
    again = command_line("secret", "make", "Shop webhook", "--json").document["key"]
    assert again == command_line.application.secrets.values["Shop webhook"] != kept


@pytest.mark.parametrize("address", ["", "x", "127.0.0.1", "127.0.0.1:", ":x", "70000", "127.0.0.1:-1"])
def test_an_address_to_listen_on_is_one(command_line: CommandLine, address: str) -> None:
    said = command_line("watch", "--listen", address)
    assert said.code == 2
    assert "no port" in said.err


def test_a_secret_that_is_empty_or_not_kept_is_an_error(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert command_line("secret", "set", "CRM password").code == 2
    command_line.application.secrets.state = SecretState.LOCKED
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame"))
    said = command_line("secret", "set", "CRM password", "--json")
    assert said.code == 3
    assert "the password store is locked" in said.document["error"]


def test_the_sample_is_made_run_and_verified(command_line: CommandLine) -> None:
    said = command_line("sample", "--json")
    assert said.code == 0
    assert said.document["configuration"] == "Customers"
    assert said.document["run"]["outcome"] == "done"
    assert said.document["verification"]["entities"][0]["in_sync"] == 50
    assert "Both sides agree." in command_line("sample", "--reset").out
    assert command_line.application.sample.resets == [False, True]


def test_a_sample_whose_run_is_stopped_is_not_verified(command_line: CommandLine) -> None:
    command_line.application.synchronization.result = GUARD_STOP
    said = command_line("sample", "--json")
    assert said.code == 4
    assert said.document["outcome"] == "guard"
