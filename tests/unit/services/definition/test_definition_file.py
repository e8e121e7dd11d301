from __future__ import annotations

import os
import sys
from datetime import time
from pathlib import Path

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    Definitions,
    DeleteRule,
    Direction,
    Endpoint,
    FieldMapping,
    GuardLimits,
    Mark,
    PerSide,
    SecretReference,
    Side,
    SyncConfiguration,
    Webhook,
)
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.finding import Finding
from desktop_sync.core.ports import SecretReading, SecretState
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.trigger_check import check_triggers
from desktop_sync.core.triggers import AfterRun
from desktop_sync.services.definition.definition_file import DefinitionFileService
from desktop_sync.services.definition.definition_writer import write_definitions
from tests.support.definition_store_fake import PROVIDERS, MemoryDefinitionStore

SPECIFIED = """
format = 1

[[endpoint]]
name = "CRM"
provider = "sql"
settings = { url = "postgresql://sync@localhost/crm", password = { secret = "CRM password" } }

[[endpoint]]
name = "Shop"
provider = "csv"
settings = { folder = "shop" }

[[configuration]]
name = "Customers"
a = "CRM"
b = "Shop"

[[configuration.entity]]
name = "customers"
a = "Customer"                  # structure in A
b = "customers"                 # structure in B (customers.csv)
direction = "both"              # a-to-b | b-to-a | both
primary = "a"
conflict = "most-recent"        # most-recent | a | b | ask
first_contact = "most-recent"   # most-recent | a | b | fill-empty | ask
delete = { a-to-b = "delete", b-to-a = "ignore" }   # delete | mark | unlink | restore | ignore
edit_against_delete = "edit"    # edit | delete | ask
match = "strict"                # strict | best
modified = { a = "UpdatedAt", b = "updated_at" }    # optional stamps
filter = { a = "Country = 'Canada' and Active = 1" }
max_failed_attempts = 5

[[configuration.entity.field]]
a = "Email"
b = "email"
identifying = true
normal_form = ["trim", "lower"]

[[configuration.entity.field]]
a = "Phone"
b = "phone"
direction = "both"
to_b = "replace(Phone, ' ', '')"      # expression over A's fields
to_a = "phone"
null = "write"                  # write | leave | default
default = ""

[[configuration.entity.field]]
a = "State"
b = "status"
value_map = [["NEW", "n"], ["DONE", "d"]]

[[configuration.entity.field]]
a = "OwnerId"
b = "owner_id"
lookup = "owners"

[[configuration.entity]]
name = "owners"
a = "Owner"
b = "owners"

[[configuration.entity.field]]
a = "Initials"
b = "initials"
identifying = true
"""


@pytest.fixture
def store() -> MemoryDefinitionStore:
    return MemoryDefinitionStore()


@pytest.fixture
def service(store: MemoryDefinitionStore) -> DefinitionFileService:
    return DefinitionFileService(store, PROVIDERS)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sync.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(service: DefinitionFileService, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        service.parse(text, "sync.toml")
    return f"{caught.value.path}: {caught.value.problem}"


HOOKED = """
format = 1
[[endpoint]]
name = "Shop"
provider = "csv"
settings = { folder = "shop" }
webhook = { key = { secret = "Shop webhook" }, structure = "type", record = "data.id" }
"""


def test_a_webhook_of_an_endpoint_is_read_and_written(service: DefinitionFileService) -> None:
    definitions = service.parse(HOOKED, "sync.toml")
    (shop,) = definitions.endpoints
    assert shop.webhook == Webhook(SecretReference("Shop webhook"), "type", "data.id")
    assert shop.secret_names == ("Shop webhook",)
    assert service.parse(write_definitions(definitions), "again.toml") == definitions
    plain = Definitions((Endpoint("Shop", "csv", {"folder": "shop"}, Webhook(SecretReference("key"))),), ())
    assert "structure" not in write_definitions(plain)
    assert service.parse(write_definitions(plain), "again.toml") == plain


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('{ secret = "Shop webhook" }', '"whsec_abc"', "a secret does not stand in a file"),
        ('key = { secret = "Shop webhook" }, ', "", "a secret does not stand in a file"),
        ("record =", "recrod =", "record"),
        ('"type"', "7", "text"),
    ],
)
def test_a_webhook_that_is_not_understood_is_refused(
    service: DefinitionFileService, old: str, new: str, problem: str
) -> None:
    text = refusal(service, HOOKED.replace(old, new))
    assert "webhook" in text
    assert problem in text


def test_the_specified_file_is_read_to_what_it_says(service: DefinitionFileService) -> None:
    definitions = service.parse(SPECIFIED, "sync.toml")
    crm, shop = definitions.endpoints
    assert crm == Endpoint(
        "CRM", "sql", {"url": "postgresql://sync@localhost/crm", "password": SecretReference("CRM password")}
    )
    assert shop.settings == {"folder": "shop"}
    (configuration,) = definitions.configurations
    assert (configuration.name, configuration.a, configuration.b) == ("Customers", "CRM", "Shop")
    customers, owners = configuration.entities
    assert customers.structures == PerSide("Customer", "customers")
    assert (customers.direction, customers.primary, customers.conflict) == (
        Direction.BOTH,
        Side.A,
        ConflictRule.MOST_RECENT,
    )
    assert customers.delete == PerSide(DeleteRule.DELETE, DeleteRule.IGNORE)
    assert customers.modified == PerSide("UpdatedAt", "updated_at")
    assert customers.filter == PerSide("Country = 'Canada' and Active = 1", "")
    assert customers.fields == (
        FieldMapping("Email", "email", identifying=True, normal_form=("trim", "lower")),
        FieldMapping("Phone", "phone", to_b="replace(Phone, ' ', '')", to_a="phone", default=""),
        FieldMapping("State", "status", value_map=(("NEW", "n"), ("DONE", "d"))),
        FieldMapping("OwnerId", "owner_id", lookup="owners"),
    )
    assert owners.fields == (FieldMapping("Initials", "initials", identifying=True),)


def test_the_additional_keys_are_read(service: DefinitionFileService) -> None:
    head, _, fields = SPECIFIED.rpartition("[[configuration.entity.field]]")
    text = head + (
        'key = { a = ["Id"], b = ["owner_no", "country"] }\n'
        'delete = { a-to-b = "mark" }\n'
        'mark = { a-to-b = { field = "is_gone", value = "1" } }\n'
        f"[[configuration.entity.field]]{fields}"
        "[[configuration.entity.field]]\n"
        'a = "Kind"\nb = "kind"\nunknown_choice = "keep"\nonly_new = true\nmasked = true\n'
        "[configuration.guards]\n"
        "deletes = { share = 0.2, number = false }\nempty-side = false\nshrunk = false\ncreates = 1\n"
    )
    (configuration,) = service.parse(text, "sync.toml").configurations
    owners = configuration.entities[1]
    assert owners.key == PerSide(("Id",), ("owner_no", "country"))
    assert owners.mark == PerSide(Mark("is_gone", "1"), Mark())
    assert owners.delete == PerSide(DeleteRule.MARK, DeleteRule.DELETE)
    assert owners.fields[1].only_new
    assert owners.fields[1].masked
    assert owners.fields[1].unknown_choice.value == "keep"
    assert configuration.guards == GuardLimits(
        deletes_share=0.2, deletes_number=None, empty_side=False, shrunk_share=None, creates_share=1.0
    )


@pytest.mark.parametrize(
    ("written_as", "schedule"),
    [
        ("{ every_minutes = 15 }", Schedule(ScheduleKind.INTERVAL, interval_minutes=15)),
        ('{ daily = ["07:30", "19:00:30"] }', Schedule(ScheduleKind.DAILY, times=(time(7, 30), time(19, 0, 30)))),
        (
            '{ weekly = ["monday", "sunday"], at = ["06:00"] }',
            Schedule(ScheduleKind.WEEKLY, times=(time(6),), weekdays=(0, 6)),
        ),
        (
            "{ every_minutes = 5, longest_idle_minutes = 60 }",
            Schedule(ScheduleKind.INTERVAL, interval_minutes=5, longest_idle_minutes=60),
        ),
        ('{ cron = "*/5 8-18 * * 1-5" }', Schedule(ScheduleKind.CRON, cron="*/5 8-18 * * 1-5")),
    ],
)
def test_a_schedule_is_read(service: DefinitionFileService, written_as: str, schedule: Schedule) -> None:
    text = SPECIFIED.replace('b = "Shop"\n', f'b = "Shop"\nschedule = {written_as}\n', 1)
    assert service.parse(text, "sync.toml").configurations[0].schedule == schedule


@pytest.mark.scenario("X17")
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("format = 1", "", 'sync.toml, key "format": this key is missing'),
        ("format = 1", "format = 2", 'sync.toml, key "format": this version of Desktop Sync reads format 1 only'),
        ("format = 1", "format = true", "reads format 1 only"),
        ("format = 1", "format = 1\nformats = 1", 'key "formats": this key is not known here; did you mean "format"?'),
        (
            'conflict = "most-recent"',
            'conflicts = "most-recent"',
            'sync.toml: configuration "Customers", entity "customers", key "conflicts": this key is not known here; '
            'did you mean "conflict"?',
        ),
        ('null = "write"', 'nul = "write"', 'entity "customers", field 2, key "nul": this key is not known here'),
        (
            'conflict = "most-recent"',
            'conflict = "most-recnt"',
            '"most-recnt" is not one of "most-recent", "a", "b", "ask"; did you mean "most-recent"?',
        ),
        ("identifying = true", 'identifying = "yes"', 'key "identifying": true or false is expected, not a text'),
        ('name = "owners"', "name = 5", 'entity 2, key "name": a text in quotes is expected, not a whole number'),
        ('name = "owners"', 'name = " "', "the name is empty"),
        ('name = "owners"', 'name = "ow\\u001bners"', "no line breaks or other control characters"),
        ("max_failed_attempts = 5", "max_failed_attempts = 0", "a whole number from 1 to 1000 is expected, not 0"),
        ("max_failed_attempts = 5", "max_failed_attempts = true", "not true or false"),
        ('name = "owners"', 'name = "customers"', 'the name "customers" is used twice'),
        ('name = "Shop"', 'name = "CRM"', 'the name "CRM" is used twice'),
        ('lookup = "owners"', 'lookup = "owner"', 'there is no entity "owner" in this configuration; did you mean'),
        ('b = "Shop"', 'b = "Shopp"', 'key "b": there is no endpoint "Shopp"; did you mean "Shop"?'),
        ('provider = "csv"', 'provider = "cvs"', 'there is no provider "cvs"; the providers are "csv", "sql"; did you'),
        ('folder = "shop"', 'foldr = "shop"', 'endpoint "Shop", key "settings", key "folder": this setting is missing'),
        ('folder = "shop"', 'folder = "shop", foldr = "x"', 'key "foldr": this key is not known here; did you mean'),
        ('folder = "shop"', 'folder = "shop", delimiter = "|"', '"|" is not one of ",", ";"'),
        ('[["NEW", "n"], ["DONE", "d"]]', '[["NEW"]]', "pairs of texts are expected"),
        ('a-to-b = "delete"', 'a-to-b = "mark"', 'the delete rule of a-to-b is "mark", so a-to-b'),
        ('a = "State"\nb = "status"', "", 'field 3: a field needs "a", "b" or both'),
        ('b = "phone"\n', "", 'key "to_b": the expression computes a field of B, but "b" is missing'),
        ('b = "Shop"\n', 'b = "Shop"\nschedule = {}\n', "exactly one of"),
        ('b = "Shop"\n', 'b = "Shop"\nschedule = { daily = ["24:00"] }\n', "times of the day are expected"),
        ('b = "Shop"\n', 'b = "Shop"\nschedule = { weekly = ["mondey"], at = ["1:00"] }\n', "times of the day"),
        ('b = "Shop"\n', 'b = "Shop"\nschedule = { weekly = ["mondey"], at = ["01:00"] }\n', 'did you mean "monday"?'),
        ('b = "Shop"\n', 'b = "Shop"\nschedule = { cron = "* * *" }\n', "five fields are expected"),
        (
            'b = "Shop"\n',
            'b = "Shop"\nprocess_schedule = { every_minutes = 5, mode = "incremental" }\n',
            "only the schedule that prepares has a mode",
        ),
        ('name = "customers"\n', 'name = "customers"\nreal_time = "on"\n', '"on" is not one of "off", "prepare"'),
        ('b = "Shop"\n', 'b = "Shop"\nguards = { shrunk = 50 }\n', "a share from 0 to 1 is expected"),
        ('b = "Shop"\n', 'b = "Shop"\nguards = { delets = false }\n', 'did you mean "deletes"?'),
        (
            '["trim", "lower"]',
            '["trim", "lowr"]',
            'field 1, key "normal_form": "lowr" is no step of a normal form; there',
        ),
        ("format = 1", "format = 1\nformat = 1", "this is not TOML"),
    ],
)
def test_what_is_not_understood_is_refused_with_file_table_and_key(
    service: DefinitionFileService, old: str, new: str, sentence: str
) -> None:
    assert old in SPECIFIED
    assert sentence in refusal(service, SPECIFIED.replace(old, new, 1))


def test_a_secret_in_plain_text_is_refused_and_not_repeated(service: DefinitionFileService) -> None:
    plain = SPECIFIED.replace('{ secret = "CRM password" }', '"swordfish"')
    assert "a secret does not stand in a file" in refusal(service, plain)
    assert "swordfish" not in refusal(service, plain)
    in_address = SPECIFIED.replace("sync@localhost", "sync:swordfish@localhost")
    assert "a password stands in this address" in refusal(service, in_address)
    assert "swordfish" not in refusal(service, in_address)


@pytest.mark.scenario("X17")
@pytest.mark.parametrize(
    "text",
    [
        "format = 1\nx = " + "[" * 100_000,
        "format = 1\nx = " + "{a=" * 60 + "1" + "}" * 60,
        "format = 1\n" + ".".join("a" * 200_000) + " = 1",
        "format = 1\n[" + ".".join("a" * 200_000) + "]",
    ],
)
def test_deep_nesting_is_refused_before_it_is_built(service: DefinitionFileService, text: str) -> None:
    assert "nested more than 40 deep" in refusal(service, text)


def test_brackets_and_dots_in_texts_and_comments_do_not_count_as_nesting(service: DefinitionFileService) -> None:
    text = SPECIFIED.replace("Country = 'Canada' and Active = 1", "a." * 60 + "[" * 60) + "# " + "[{." * 100
    assert service.parse(text, "sync.toml").configurations[0].entities[0].filter.a.startswith("a.a.")


@pytest.mark.scenario("X17")
def test_a_number_of_thousands_of_digits_is_refused(service: DefinitionFileService) -> None:
    assert "too large" in refusal(service, "format = " + "9" * 5000)


@pytest.mark.scenario("X17")
def test_a_file_of_more_than_five_mebibytes_is_refused(service: DefinitionFileService, tmp_path: Path) -> None:
    path = written(tmp_path, SPECIFIED + "#" * (5 * 1024 * 1024))
    with pytest.raises(ConfigurationError, match="larger than 5 MiB"):
        service.import_file(path)
    assert "larger than 5 MiB" in refusal(service, "#" + "ä" * (3 * 1024 * 1024))


def test_what_is_no_readable_text_file_is_refused(service: DefinitionFileService, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the file is not there"):
        service.import_file(tmp_path / "no.toml")
    with pytest.raises(ConfigurationError, match="this is not a file"):
        service.import_file(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'format = 1 # \xe4"')
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        service.import_file(tmp_path / "latin.toml")


@pytest.mark.skipif(sys.platform != "linux", reason="a folder's name may be any bytes on Linux")
def test_a_file_in_a_folder_whose_name_is_no_text_is_refused_with_a_sentence(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"l\xfc")
    folder.mkdir()
    with pytest.raises(ConfigurationError, match="is no text; rename the folder"):
        service.import_file(written(folder, SPECIFIED))
    assert not store.endpoints()


def test_an_import_stores_everything_with_the_folder_of_the_file(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    path = written(tmp_path, "\ufeff" + SPECIFIED)
    report = service.import_file(path)
    assert (report.endpoints, report.configurations) == (("CRM", "Shop"), ("Customers",))
    assert report.needs_secrets == ("CRM password",)
    assert report.switched_off == ()
    assert store.base_folder("Shop") == str(tmp_path.resolve())
    assert store.configurations()[0].enabled


def test_a_refused_file_changes_nothing(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError):
        service.import_file(written(tmp_path, SPECIFIED + "\nwrong = 1\n"))
    assert store.endpoints() == ()
    assert store.configurations() == ()


def test_a_configuration_that_could_not_run_is_refused_at_import(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="No field identifies the records") as caught:
        service.import_file(written(tmp_path, SPECIFIED.replace("identifying = true", "", 1)))
    assert caught.value.path == 'sync.toml: configuration "Customers", entity "customers"'
    assert store.configurations() == ()


def test_only_secrets_that_the_store_lacks_are_asked_for(store: MemoryDefinitionStore, tmp_path: Path) -> None:
    class Secrets:
        def __init__(self, state: SecretState) -> None:
            self.state = state

        def read(self, name: str) -> SecretReading:
            return SecretReading(self.state)

        def write(self, name: str, value: str) -> SecretState:
            return self.state

        def delete(self, name: str) -> SecretState:
            return self.state

        @property
        def is_lasting(self) -> bool:
            return True

        def describe(self) -> str:
            return "In memory."

    path = written(tmp_path, SPECIFIED)
    for state, needed in ((SecretState.ABSENT, ("CRM password",)), (SecretState.LOCKED, ())):
        service = DefinitionFileService(store, PROVIDERS, Secrets(state))
        assert service.import_file(path).needs_secrets == needed


SCHEDULED = SPECIFIED.replace('b = "Shop"\n', 'b = "Shop"\nschedule = { every_minutes = 15 }\n', 1)


@pytest.mark.scenario("X17")
def test_an_imported_schedule_stays_off_until_a_person_enables_it(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    path = written(tmp_path, SCHEDULED)
    assert service.import_file(path).switched_off == ("Customers",)
    kept = store.configurations()[0]
    assert not kept.enabled
    assert kept.schedule.interval_minutes == 15

    enabled = service.parse(SCHEDULED, "sync.toml").configurations[0]
    store.save_configuration(enabled)
    assert service.import_file(path).switched_off == ()
    assert store.configurations()[0].enabled

    path.write_text(SCHEDULED.replace("every_minutes = 15", "every_minutes = 5"), encoding="utf-8")
    assert service.import_file(path).switched_off == ("Customers",)
    assert not store.configurations()[0].enabled


UNATTENDED = {
    "process by schedule": ('b = "Shop"\n', 'b = "Shop"\nprocess_schedule = { daily = ["18:00"] }\n'),
    "real time": ('name = "customers"\n', 'name = "customers"\nreal_time = "prepare"\n'),
    "after another run": ("[[configuration.entity]]\n", '[[configuration.after_run]]\nname = "Other"\n{0}'),
    "a file": ("[[configuration.entity]]\n", '[[configuration.file_arrival]]\npath = "in/*.csv"\n{0}'),
}


@pytest.mark.scenario("X17")
@pytest.mark.parametrize("what", UNATTENDED)
def test_nothing_of_an_imported_file_runs_by_itself(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path, what: str
) -> None:
    old, new = UNATTENDED[what]
    path = written(tmp_path, SPECIFIED.replace(old, new.replace("{0}", old), 1))
    assert service.import_file(path).switched_off == ("Customers",)
    assert not store.configurations()[0].enabled
    assert store.configurations()[0].runs_by_itself


def test_processing_may_have_its_own_schedule_or_be_left_to_a_person(service: DefinitionFileService) -> None:
    for written_as, schedule in (
        ('{ daily = ["18:00"] }', Schedule(ScheduleKind.DAILY, times=(time(18),))),
        ("{ by_hand = true }", Schedule()),
    ):
        keys = f'b = "Shop"\nschedule = {{ every_minutes = 5 }}\nprocess_schedule = {written_as}\n'
        found = service.parse(SPECIFIED.replace('b = "Shop"\n', keys, 1), "sync.toml").configurations[0]
        assert found.process_schedule == schedule
        assert found.schedule.interval_minutes == 5


def test_paths_of_arriving_files_start_at_the_files_folder(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    old, new = UNATTENDED["a file"]
    path = written(tmp_path, SPECIFIED.replace(old, new.replace("{0}", old), 1))
    service.import_file(path)
    [arrival] = store.configurations()[0].file_arrivals
    assert arrival.pattern == str(path.resolve().parent / "in" / "*.csv")
    assert arrival.settle_s == 5


def test_runs_that_would_start_each_other_for_ever_are_refused(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    other = SyncConfiguration("Other", "CRM", "Shop", (), after_runs=(AfterRun("Customers"),))
    store.save_configuration(other)
    old, new = UNATTENDED["after another run"]
    with pytest.raises(ConfigurationError) as refused:
        service.import_file(written(tmp_path, SPECIFIED.replace(old, new.replace("{0}", old), 1)))
    assert '"Customers" → "Other" → "Customers"' in str(refused.value)
    assert store.configurations() == (other,)


def test_a_file_that_turns_the_order_of_runs_round_is_no_circle(store: MemoryDefinitionStore, tmp_path: Path) -> None:
    def check(configuration: SyncConfiguration) -> tuple[Finding, ...]:
        return tuple(check_triggers(configuration, store.configurations()))

    service = DefinitionFileService(store, PROVIDERS, check=check)
    second = SPECIFIED[SPECIFIED.index("[[configuration]]") :].replace('"Customers"', '"Other"')
    both = SPECIFIED + second
    start = '[[configuration]]\nname = "{}"\n'
    after = '[[configuration.after_run]]\nname = "{}"\n'
    for follower, followed in (("Customers", "Other"), ("Other", "Customers")):
        head, tail = both.split(start.format(follower))
        entity = tail.index("[[configuration.entity]]")
        text = head + start.format(follower) + tail[:entity] + after.format(followed) + tail[entity:]
        service.import_file(written(tmp_path, text))
        known = {one.name: one.after_runs for one in store.configurations()}
        assert known == {follower: (AfterRun(followed),), followed: ()}


def test_a_schedule_goes_off_when_an_import_lets_its_endpoint_reach_something_else(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    service.import_file(written(tmp_path, SCHEDULED))
    store.save_configuration(service.parse(SCHEDULED, "sync.toml").configurations[0])
    endpoints_only = 'format = 1\n[[endpoint]]\nname = "Shop"\nprovider = "csv"\nsettings = { folder = "elsewhere" }\n'
    assert service.import_file(written(tmp_path, endpoints_only)).switched_off == ("Customers",)
    assert not store.configurations()[0].enabled


def test_an_export_of_a_name_brings_its_endpoints_and_nothing_else(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    service.import_file(written(tmp_path, SPECIFIED))
    store.save_endpoint(Endpoint("Archive", "csv", {"folder": "/archive"}))
    exported = service.parse(service.export(["Customers"]), "export")
    assert [endpoint.name for endpoint in exported.endpoints] == ["CRM", "Shop"]
    assert [endpoint.name for endpoint in service.parse(service.export(), "all").endpoints] == [
        "Archive",
        "CRM",
        "Shop",
    ]
    alone = service.parse(service.export(["Archive"]), "export")
    assert [endpoint.name for endpoint in alone.endpoints] == ["Archive"]
    assert alone.configurations == ()
    with pytest.raises(ConfigurationError, match=r'no endpoint "Customer"; did you mean "Customers"\?'):
        service.export(["Customer"])


def test_an_export_means_the_same_folder_wherever_it_is_kept(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    service.import_file(written(tmp_path, SPECIFIED))
    exported = service.parse(service.export(), "export")
    assert exported.endpoints[1].settings == {"folder": os.fspath(tmp_path.resolve() / "shop")}


def test_an_export_means_the_same_sqlite_file_wherever_it_is_kept(
    service: DefinitionFileService, store: MemoryDefinitionStore, tmp_path: Path
) -> None:
    for name, url in (("Near", "sqlite:///near.db"), ("Far", "sqlite:////data/far.db"), ("Net", "postgresql://h/d")):
        store.save_endpoint(Endpoint(name, "sql", {"url": url}), str(tmp_path))
    exported = service.parse(service.export(), "export").endpoints
    assert {endpoint.name: endpoint.settings["url"] for endpoint in exported} == {
        "Near": f"sqlite:///{tmp_path}/near.db",
        "Far": "sqlite:////data/far.db",
        "Net": "postgresql://h/d",
    }


def test_a_configuration_may_use_an_endpoint_that_is_stored_already(
    service: DefinitionFileService, store: MemoryDefinitionStore
) -> None:
    text = 'format = 1\n[[configuration]]\nname = "C"\na = "CRM"\nb = "Shop"\n'
    assert 'there is no endpoint "CRM"' in refusal(service, text)
    store.save_endpoint(Endpoint("CRM", "sql"))
    store.save_endpoint(Endpoint("Shop", "csv"))
    assert service.parse(text, "sync.toml").configurations[0].a == "CRM"
