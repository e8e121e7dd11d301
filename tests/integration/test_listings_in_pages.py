"""Listings that come in pages while others write, or whose pages go wrong (RELIABILITY C10, C11), and answers that do
not tell everything (F1, F5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import GuardLimits
from desktop_sync.core.errors import EndpointError
from desktop_sync.core.run import Outcome
from tests.reliability.lanes.mass_deletes import NO_GUARDS, PAGE, RECORDS, STRUCTURE, Matrix, matrix_of
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import ChaosSystem, Page


@pytest.fixture(params=["pages by offset", "pages by cursor"])
def paged(request: pytest.FixtureRequest, tmp_path: Path) -> Matrix:
    """Synchronized; the side that comes in pages is A."""
    return matrix_of(request.param, "a", tmp_path / "world", Counter(), NO_GUARDS)


def system_of(matrix: Matrix) -> ChaosSystem:
    assert isinstance(matrix.failing.side, ChaosSystem)
    return matrix.failing.side


@pytest.mark.scenario("C10")
def test_records_that_come_and_go_between_pages_are_neither_missed_nor_deleted(paged: Matrix) -> None:
    system, served = system_of(paged), system_of(paged).page
    deeds = [
        lambda: system.delete(STRUCTURE, "3"),  # everything after it moves one place forward
        lambda: system.put(STRUCTURE, id="0", email="p0", name="name 0"),  # and back again
        lambda: system.edit(STRUCTURE, "70", name="edited meanwhile"),
    ]

    def page(structure: str, cursor: str | None) -> Page:
        found = served(structure, cursor)
        if deeds:
            deeds.pop(0)()
        return found

    system.page = page  # type: ignore[method-assign]
    result = paged.app.synchronization.run("Sync")
    assert not deeds
    assert result.outcome is Outcome.DONE
    gone = {f"p{number}" for number in range(1, RECORDS + 1)} - set(paged.other.rows())
    assert gone <= {"p3"}, "a record was deleted that is there"
    system.page = served  # type: ignore[method-assign]
    paged.app.synchronization.run("Sync")
    assert paged.failing.rows() == paged.other.rows()
    assert len(paged.other.rows()) == RECORDS
    paged.app.close()


@pytest.mark.scenario("C11")
@pytest.mark.parametrize("kind", [FaultKind.REPEATED_PAGE, FaultKind.LOOP])
def test_pages_that_repeat_or_go_in_a_circle_end_the_run_after_few_requests(paged: Matrix, kind: FaultKind) -> None:
    system = system_of(paged)
    before = system.calls["page"]
    fault = system.faults.add("page", kind, nth=2, times=0)
    sides = paged.failing.fingerprint(), paged.other.fingerprint()
    with pytest.raises(EndpointError):
        paged.app.synchronization.run("Sync")
    assert system.calls["page"] - before <= 3 * (RECORDS // PAGE + 2)
    assert (paged.failing.fingerprint(), paged.other.fingerprint()) == sides
    system.faults.planned.remove(fault)
    paged.recover()
    assert paged.counts["not_recovered"] == 0
    paged.app.close()


@pytest.mark.scenario("F1", "F5")
@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("batch", FaultKind.SHORT_REPLY),
        ("batch", FaultKind.SHUFFLED_REPLY),
        ("batch", FaultKind.DOUBLED_REPLY),
        ("batch", FaultKind.PARTIAL),
        ("batch", FaultKind.TIMEOUT_APPLIED),
        ("create", FaultKind.REJECT),
        ("create", FaultKind.TIMEOUT_APPLIED),
        ("create", FaultKind.TIMEOUT_NOT_APPLIED),
    ],
)
def test_answers_that_do_not_tell_everything_double_and_lose_nothing(
    tmp_path: Path, method: str, kind: FaultKind
) -> None:
    matrix = matrix_of("pages by cursor", "b", tmp_path / "world", Counter(), GuardLimits())
    system = system_of(matrix)
    system.profile = replace(system.profile, is_batched=method == "batch")
    for number in range(201, 207):
        matrix.other.put(id=str(number), email=f"n{number}", name=f"new {number}")
    fault = system.faults.add(method, kind, nth=1 if method == "batch" else 3)
    matrix.app.synchronization.run("Sync")
    assert fault.hits == 1
    for _ in range(3):
        matrix.app.synchronization.run("Sync")
    assert matrix.failing.rows() == matrix.other.rows()
    emails = Counter(row["email"] for row in system.records(STRUCTURE).values())
    assert set(emails.values()) == {1}, "a record was made twice"
    applied = Counter(request.body for request in system.log if request.method == "create" and request.is_applied)
    assert set(applied.values()) == {1}, "what was accepted was sent again"
    matrix.app.close()
