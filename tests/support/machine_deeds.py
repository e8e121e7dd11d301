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
_MOSTLY = st.one_of(st.none(), _SHARE, _SHARE, _SHARE)
DEEDS: Mapping[str, tuple[int, Mapping[str, st.SearchStrategy[object]]]] = {
    # people
    "write": (12, {"system": SYSTEM, "key": KEY}),
    "edit_phone": (6, {"system": SYSTEM, "key": KEY}),
    "delete": (6, {"system": SYSTEM, "key": KEY}),
    "rename": (6, {"system": SYSTEM, "key": KEY, "to": KEY}),
    "touch": (6, {"system": SYSTEM, "key": KEY}),
    "same_new_record_in_two": (6, {"key": KEY}),
    "same_edit_everywhere": (6, {"key": KEY}),
    # Six times the weights of RELIABILITY 5.2. Those of runs are 24 for crashes, 18 for edits, 24 for faults and 6 for
    # a second program; a run costs as much as all else together, so it has most of these at once.
    "run": (
        24,
        {
            "which": _WHICH,
            "edit": _MOSTLY,
            "crash": _MOSTLY,
            "besides": st.one_of(st.none(), st.none(), st.none(), _SHARE),
            "meanwhile": st.sampled_from((*["write"] * 5, "delete", "drift", "clock", "lid")),
            "system": SYSTEM,
            "key": KEY,
            "fault": st.sampled_from(("none", "write", "write", "page")),
            "side": st.integers(0, 1),
            "write_kind": st.sampled_from(WRITE_FAULTS),
            "batch_kind": st.sampled_from(BATCH_FAULTS),
            "read_kind": st.sampled_from(READ_FAULTS),
            "nth": st.sampled_from((1, 1, 2)),
        },
    ),
    "push": (12, {"which": st.sampled_from(("deliver", "duplicate", "drop", "re-order", "echo"))}),
    # time
    "wait": (2, {"seconds": st.sampled_from((1, 30, 600, 7200))}),
    "jump": (2, {"seconds": st.sampled_from((3600, -3600, -40, 40, _TEN_YEARS_S, -_TEN_YEARS_S))}),
    "suspend": (2, {"seconds": st.sampled_from((30, 7200))}),
    "let_late_requests_arrive": (6, {}),
    # others
    "put_system_back": (3, {"system": SYSTEM, "age": _SHARE}),
    "put_ledger_back": (3, {"age": _SHARE}),
    "put_another_system_in_place": (2, {"system": SYSTEM}),
    "begin_to_ignore_conditions": (2, {"system": SYSTEM}),
    "change_definition": (4, {"change": st.sampled_from(Change)}),
    "change_schema": (2, {"system": SYSTEM, "drift": st.sampled_from(Drift)}),
    "check": (12, {}),
}
"""How often each deed is drawn, and its arguments."""

_NAMES = [name for name, (weight, _) in DEEDS.items() for _ in range(weight)]
DEED = st.sampled_from(_NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(dict(DEEDS[name][1])))
)
