"""The providers of this program pass the suite that third parties run."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_sync.core.provider_port import CreateClass, EndpointSession, FileKeeper, Operation
from desktop_sync.providers.sql import sqlite_writing
from tests.conformance.suite import ProviderConformance, WriteOnlyConformance
from tests.conformance.workshops import ChaosWorkshop, CsvWorkshop, SqliteWorkshop
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import CLASSES, WRITE_ONLY


class OfThisMachine(ProviderConformance):
    """What is left out here asks for what these providers do not declare; a test below sees that they still do not."""

    test_a_created_record_is_found_by_the_key_of_its_create = None
    test_a_key_that_comes_with_other_values_creates_nothing = None
    test_nothing_is_sent_after_the_time_until_which_it_may_be_sent = None


class TestSqlite(OfThisMachine):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> SqliteWorkshop:
        return SqliteWorkshop(tmp_path)


class TestSqliteInBulk(TestSqlite):
    """However few records: what many are written by."""

    @pytest.fixture(autouse=True)
    def bulk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_writing, "BULK_FROM", 1)


class TestCsv(OfThisMachine):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> CsvWorkshop:
        return CsvWorkshop(tmp_path)


class TestSystemInMemory(ProviderConformance):
    """The fake that the fault tests run against is held against the same rules, but for those of disks; what belongs to
    other create classes follows below."""

    test_a_created_record_is_found_by_the_key_of_its_create = None
    test_a_key_that_comes_with_other_values_creates_nothing = None
    test_a_write_that_the_disk_refuses_leaves_everything_as_it_was = None
    test_the_files_that_an_endpoint_of_files_names_change_with_its_records = None
    test_a_created_structure_is_empty_and_takes_records = None

    @pytest.fixture
    def workshop(self) -> ChaosWorkshop:
        return ChaosWorkshop(CLASSES["client-id"])


class TestWriteOnlySystemInMemory(WriteOnlyConformance):
    """Of the class "none"; it gives ids itself."""

    test_reserved_ids_are_free_new_each_time_and_used_as_given = None
    test_a_create_that_is_sent_again_makes_no_second_record = None
    test_a_created_record_is_found_by_the_key_of_its_create = None
    test_a_key_that_comes_with_other_values_creates_nothing = None
    test_a_write_that_the_disk_refuses_leaves_everything_as_it_was = None
    test_the_files_that_an_endpoint_of_files_names_change_with_its_records = None
    test_a_created_structure_is_empty_and_takes_records = None

    @pytest.fixture
    def workshop(self) -> ChaosWorkshop:
        return ChaosWorkshop(WRITE_ONLY)


def test_a_rule_is_left_out_only_where_a_provider_does_not_claim_to_keep_it(tmp_path: Path) -> None:
    for workshop in (SqliteWorkshop(tmp_path), CsvWorkshop(tmp_path)):
        capabilities = workshop.provider.capabilities
        assert capabilities.creates is CreateClass.CLIENT_ID
        assert capabilities.max_in_flight_s == 0
    memory = ChaosWorkshop(CLASSES["client-id"])
    session = memory.provider.open(memory.context())
    assert session.capabilities.creates is CreateClass.CLIENT_ID
    assert not session.capabilities.can_create_structures
    assert not isinstance(memory.provider, FileKeeper)


FOUND_BY_KEY = ("marker", "external-id", "external-id-not-unique")
KNOWN_AGAIN = ("marker", "client-id", "idempotency-key", "external-id")


class TestHonestyOfEveryClass:
    """What only some create classes have to keep, in each of these."""

    suite = ProviderConformance()

    @pytest.fixture
    def workshop(self, class_name: str) -> ChaosWorkshop:
        return ChaosWorkshop(CLASSES[class_name])

    @pytest.fixture
    def session(self, workshop: ChaosWorkshop) -> EndpointSession:
        return workshop.provider.open(workshop.context())

    @pytest.mark.scenario("A3")
    @pytest.mark.parametrize("class_name", KNOWN_AGAIN)
    def test_a_create_that_is_sent_again_makes_no_second_record(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_create_that_is_sent_again_makes_no_second_record(workshop, session)

    @pytest.mark.scenario("A3")
    @pytest.mark.parametrize("class_name", FOUND_BY_KEY)
    def test_a_created_record_is_found_by_the_key_of_its_create(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_created_record_is_found_by_the_key_of_its_create(workshop, session)

    @pytest.mark.scenario("F2")
    @pytest.mark.parametrize("class_name", ["idempotency-key"])
    def test_a_key_that_comes_with_other_values_creates_nothing(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_key_that_comes_with_other_values_creates_nothing(workshop, session)

    @pytest.mark.scenario("A8")
    @pytest.mark.parametrize("class_name", CLASSES)
    def test_nothing_is_sent_after_the_time_until_which_it_may_be_sent(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_nothing_is_sent_after_the_time_until_which_it_may_be_sent(workshop, session)


@pytest.mark.scenario("K2", "A3")
def test_a_provider_that_lies_about_its_class_or_its_conditions_does_not_pass() -> None:
    suite = ProviderConformance()
    for kept, declared in (("natural-key", "client-id"), ("external-id-not-unique", "external-id"), ("none", "marker")):
        liar = ChaosWorkshop(CLASSES[kept])
        session = liar.provider.open(liar.context())
        honest = CLASSES[declared].capabilities()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(session), "capabilities", property(lambda self, honest=honest: honest))
            with pytest.raises(AssertionError):
                suite.test_a_create_that_is_sent_again_makes_no_second_record(liar, session)
    careless = ChaosWorkshop(CLASSES["client-id"])
    careless.system.faults.add("update", FaultKind.CAS_LIE, times=0)
    with pytest.raises(AssertionError):
        suite.test_a_record_that_changed_since_it_was_read_is_not_written(
            careless, careless.provider.open(careless.context()), Operation.UPDATE
        )
