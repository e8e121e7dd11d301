"""The providers of this program pass the suite that third parties run."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_sync.core.provider_port import EndpointSession, Operation
from tests.conformance.suite import ProviderConformance
from tests.conformance.workshops import ChaosWorkshop, CsvWorkshop, SqliteWorkshop
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import CLASSES


class TestSqlite(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> SqliteWorkshop:
        return SqliteWorkshop(tmp_path)


class TestCsv(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> CsvWorkshop:
        return CsvWorkshop(tmp_path)


class TestSystemInMemory(ProviderConformance):
    """The fake that the fault tests run against is held against the same rules."""

    @pytest.fixture
    def workshop(self) -> ChaosWorkshop:
        return ChaosWorkshop(CLASSES["client-id"])


@pytest.mark.parametrize("class_name", CLASSES)
class TestHonestyOfEveryClass:
    """What only one class has to keep is tried in every class; without this, most of it would be skipped above."""

    suite = ProviderConformance()

    @pytest.fixture
    def workshop(self, class_name: str) -> ChaosWorkshop:
        return ChaosWorkshop(CLASSES[class_name])

    @pytest.fixture
    def session(self, workshop: ChaosWorkshop) -> EndpointSession:
        return workshop.provider.open(workshop.context())

    @pytest.mark.scenario("A3")
    def test_a_create_that_is_sent_again_makes_no_second_record(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_create_that_is_sent_again_makes_no_second_record(workshop, session)

    @pytest.mark.scenario("A3")
    def test_a_created_record_is_found_by_the_key_of_its_create(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_created_record_is_found_by_the_key_of_its_create(workshop, session)

    @pytest.mark.scenario("F2")
    def test_a_key_that_comes_with_other_values_creates_nothing(
        self, workshop: ChaosWorkshop, session: EndpointSession
    ) -> None:
        self.suite.test_a_key_that_comes_with_other_values_creates_nothing(workshop, session)

    @pytest.mark.scenario("A8")
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
