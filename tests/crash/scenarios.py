"""What people do to two systems that agree, so that a run has something to do: one kind of work each, and all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from desktop_sync.core.provider_port import ConditionalWrite
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import ChaosSystem, Profile

Edit = Callable[[ChaosSystem, ChaosSystem], None]
BASE = {f"c{n}": f"name {n}" for n in range(1, 5)}


@dataclass(frozen=True)
class Scenario:
    """`edit` and `faults` are given both systems, of which each has the people of BASE. `agreed`: what both hold at the
    end, e-mail address → name, however often the program died on the way. `change` alters what the systems can do."""

    name: str
    edit: Edit
    agreed: Mapping[str, str]
    faults: Edit | None = None
    rules: Mapping[str, object] = field(default_factory=dict)
    change: Callable[[Profile], Profile] = lambda profile: profile
    has_all_pairs: bool = False


def _id(system: ChaosSystem, email: str) -> str:
    (found,) = system.find_by("people", "email", email)
    return found


def put(system: ChaosSystem, email: str, name: str) -> None:
    system.put("people", email=email, name=name, note=f"note of {email}")


def edit(system: ChaosSystem, email: str, name: str) -> None:
    system.edit("people", _id(system, email), name=name)


def delete(system: ChaosSystem, email: str) -> None:
    system.delete("people", _id(system, email))


def _create_right(left: ChaosSystem, right: ChaosSystem) -> None:
    put(left, "n1", "new left")


def _create_left(left: ChaosSystem, right: ChaosSystem) -> None:
    put(right, "n2", "new right")


def _create_many(left: ChaosSystem, right: ChaosSystem) -> None:
    for number in range(3):
        put(left, f"l{number}", f"left {number}")
    put(right, "r", "right")


def _update_right(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(left, "c1", "edited left")


def _update_left(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(right, "c1", "edited right")


def _conflict(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(left, "c1", "conflict left")
    edit(right, "c1", "conflict right")


def _delete_right(left: ChaosSystem, right: ChaosSystem) -> None:
    delete(left, "c1")


def _delete_left(left: ChaosSystem, right: ChaosSystem) -> None:
    delete(right, "c1")


def _delete_both(left: ChaosSystem, right: ChaosSystem) -> None:
    delete(left, "c1")
    delete(right, "c1")
    edit(left, "c2", "edited beside")


def _edit_against_delete(left: ChaosSystem, right: ChaosSystem) -> None:
    delete(left, "c1")
    edit(right, "c1", "edited against a delete")


def _delete_against_edit(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(left, "c1", "edited against a delete")
    delete(right, "c1")


def _meet(left: ChaosSystem, right: ChaosSystem) -> None:
    for system in (left, right):
        put(system, "n3", "new in both")
        edit(system, "c1", "the same")


def _first_contact(left: ChaosSystem, right: ChaosSystem) -> None:
    put(left, "n4", "contact left")
    put(right, "n4", "contact right")


def _everything(left: ChaosSystem, right: ChaosSystem) -> None:
    put(left, "n1", "new left")
    put(right, "n2", "new right")
    _conflict(left, right)
    delete(left, "c2")
    edit(right, "c2", "edited against a delete")
    delete(right, "c3")
    edit(left, "c4", "edited left")


def _answers_lost(left: ChaosSystem, right: ChaosSystem) -> None:
    right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    left.faults.add("update", FaultKind.TIMEOUT_NOT_APPLIED)


def _lose_update_and_delete(left: ChaosSystem, right: ChaosSystem) -> None:
    right.faults.add("update", FaultKind.TIMEOUT_APPLIED)
    left.faults.add("delete", FaultKind.TIMEOUT_APPLIED)


def _late(left: ChaosSystem, right: ChaosSystem) -> None:
    right.late_after_s = 10
    right.faults.add("create", FaultKind.LATE)


def _create_and_update(left: ChaosSystem, right: ChaosSystem) -> None:
    put(left, "n1", "new left")
    edit(right, "c1", "edited right")


def _update_and_delete(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(left, "c1", "edited left")
    delete(right, "c2")


def _verified(profile: Profile) -> Profile:
    return replace(profile, conditional_write=ConditionalWrite.VERIFY)


def _without(*emails: str) -> dict[str, str]:
    return {email: name for email, name in BASE.items() if email not in emails}


SCENARIOS = (
    Scenario("create-right", _create_right, BASE | {"n1": "new left"}, has_all_pairs=True),
    Scenario("create-left", _create_left, BASE | {"n2": "new right"}),
    Scenario("create-many", _create_many, BASE | {f"l{n}": f"left {n}" for n in range(3)} | {"r": "right"}),
    Scenario("update-right", _update_right, BASE | {"c1": "edited left"}),
    Scenario("update-left", _update_left, BASE | {"c1": "edited right"}),
    Scenario("conflict", _conflict, BASE | {"c1": "conflict left"}),
    Scenario("delete-right", _delete_right, _without("c1")),
    Scenario("delete-left", _delete_left, _without("c1")),
    Scenario("delete-both", _delete_both, _without("c1") | {"c2": "edited beside"}),
    Scenario("edit-against-delete", _edit_against_delete, BASE | {"c1": "edited against a delete"}, has_all_pairs=True),
    Scenario("delete-against-edit", _delete_against_edit, BASE | {"c1": "edited against a delete"}),
    Scenario("meet", _meet, BASE | {"n3": "new in both", "c1": "the same"}),
    Scenario("first-contact", _first_contact, BASE | {"n4": "contact left"}),
    Scenario(
        "everything",
        _everything,
        _without("c3")
        | {
            "n1": "new left",
            "n2": "new right",
            "c1": "conflict left",
            "c2": "edited against a delete",
            "c4": "edited left",
        },
    ),
    Scenario(
        "answers-lost",
        _create_and_update,
        BASE | {"n1": "new left", "c1": "edited right"},
        faults=_answers_lost,
    ),
    Scenario(
        "answers-lost-without-conditions",
        _update_and_delete,
        _without("c2") | {"c1": "edited left"},
        faults=_lose_update_and_delete,
        change=_verified,
    ),
    Scenario("late", _create_right, BASE | {"n1": "new left"}, faults=_late),
)
