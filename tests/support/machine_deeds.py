"""What a machine may do next, how often, and with which arguments (the weights of RELIABILITY 5.2)."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from tests.support.chaos_faults import FaultKind
from tests.support.machine_changes import Change, Drift
from tests.support.machine_definitions import KEYS

WRITE_FAULTS = (
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.TIMEOUT_NOT_APPLIED,
    FaultKind.TIMEOUT_APPLIED,
    FaultKind.ERROR_BEFORE,
    FaultKind.THROTTLE,
    FaultKind.REJECT,
)
BATCH_FAULTS = (
    FaultKind.PARTIAL,
    FaultKind.SHORT_REPLY,
    FaultKind.SHUFFLED_REPLY,
    FaultKind.DOUBLED_REPLY,
    FaultKind.LATE,
    FaultKind.LATE,
    FaultKind.TIMEOUT_APPLIED,
)
READ_FAULTS = (
    FaultKind.READ_ERROR,
    FaultKind.SHORT_PAGE,
    FaultKind.EMPTY_200,
    FaultKind.EMPTY_PAGE,
    FaultKind.REPEATED_PAGE,
    FaultKind.LOOP,
)

_TEN_YEARS_S = 10 * 365 * 86_400
SYSTEM, KEY, _WHICH, _SHARE = st.integers(0, 2), st.sampled_from(KEYS), st.integers(0, 1), st.floats(0, 1)
DEEDS: Mapping[str, tuple[int, Mapping[str, st.SearchStrategy[object]]]] = {
    # people
    "write": (4, {"system": SYSTEM, "key": KEY}),
    "edit_phone": (2, {"system": SYSTEM, "key": KEY}),
    "delete": (2, {"system": SYSTEM, "key": KEY}),
    "rename": (2, {"system": SYSTEM, "key": KEY, "to": KEY}),
    "touch": (2, {"system": SYSTEM, "key": KEY}),
    "same_new_record_in_two": (2, {"key": KEY}),
    "same_edit_everywhere": (2, {"key": KEY}),
    # runs: each costs as much as all else together, so one of them has an edit, a fault and a crash at once; for all
    # else these are twice the weights of RELIABILITY 5.2
    "run": (
        4,
        {
            "which": _WHICH,
            "edit": st.one_of(st.none(), _SHARE, _SHARE),
            "crash": st.none() | _SHARE,
            "meanwhile": st.sampled_from((*["write"] * 5, "delete", "drift", "another program", "clock", "lid")),
            "system": SYSTEM,
            "key": KEY,
            "fault": st.sampled_from(("none", "none", "write", "write", "page")),
            "side": st.integers(0, 1),
            "write_kind": st.sampled_from(WRITE_FAULTS),
            "batch_kind": st.sampled_from(BATCH_FAULTS),
            "read_kind": st.sampled_from(READ_FAULTS),
            "nth": st.sampled_from((1, 1, 2)),
        },
    ),
    "push": (4, {"which": st.sampled_from(("deliver", "duplicate", "drop", "re-order", "echo"))}),
    # time
    "wait": (1, {"seconds": st.sampled_from((1, 30, 600, 7200))}),
    "jump": (1, {"seconds": st.sampled_from((3600, -3600, -40, 40, _TEN_YEARS_S, -_TEN_YEARS_S))}),
    "suspend": (1, {"seconds": st.sampled_from((30, 7200))}),
    "let_late_requests_arrive": (2, {}),
    # others
    "put_system_back": (1, {"system": SYSTEM, "age": _SHARE}),
    "put_another_system_in_place": (1, {"system": SYSTEM}),
    "put_ledger_back": (1, {"age": _SHARE}),
    "change_definition": (1, {"change": st.sampled_from(Change)}),
    "change_schema": (1, {"system": SYSTEM, "drift": st.sampled_from(Drift)}),
    "check": (4, {}),
}
"""How often each deed is drawn, and its arguments."""

_NAMES = [name for name, (weight, _) in DEEDS.items() for _ in range(weight)]
DEED = st.sampled_from(_NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(dict(DEEDS[name][1])))
)
