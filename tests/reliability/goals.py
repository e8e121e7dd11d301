"""The goals, each a set of thresholds over the counts of lanes. A count that a lane does not give is not met."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass

from tests.reliability.size import Size

COMPARISONS = {">=": operator.ge, "<=": operator.le, "<": operator.lt, "==": operator.eq}
Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Threshold:
    """`name` must compare so with `ci`, or with `nightly` where that is another number."""

    name: str
    comparison: str
    ci: float
    nightly: float | None = None

    def limit(self, size: Size) -> float:
        return self.nightly if size is Size.NIGHTLY and self.nightly is not None else self.ci

    def is_met(self, counts: Counts, size: Size) -> bool:
        return self.name in counts and bool(COMPARISONS[self.comparison](counts[self.name], self.limit(size)))


@dataclass(frozen=True, slots=True)
class Goal:
    """Judged on the counts of `lanes`; counts that several of them give are added."""

    id: str
    title: str
    lanes: tuple[str, ...]
    thresholds: tuple[Threshold, ...]


def _at_least(name: str, ci: float, nightly: float | None = None) -> Threshold:
    return Threshold(name, ">=", ci, nightly)


def _at_most(name: str, limit: float) -> Threshold:
    return Threshold(name, "<=", limit)


def _none(*names: str) -> tuple[Threshold, ...]:
    return tuple(Threshold(name, "==", 0) for name in names)


GOALS = (
    Goal(
        "N1",
        "every crash point, enumerated in process",
        ("ladder", "ladder_beyond"),
        (
            _at_least("scenarios", 12),
            _at_least("capability_classes", 6),
            _at_least("crash_runs", 3500, 60_000),
            _at_least("scenarios_with_all_pairs", 2),
            _at_least("undo_crash_runs", 120, 5_000),
            _at_least("undo_scenarios", 12),
            _at_least("undo_classes", 6),
            _at_least("write_only_crash_runs", 80, 500),
            *_none("lost", "duplicated", "losers_missing", "step_names_missed"),
        ),
    ),
    Goal(
        "N2",
        "state machine of random work and faults",
        ("state_machine", "state_machine_again"),
        (
            _at_least("machines", 500, 10_000),
            _at_least("crashes_landed", 500),
            _at_least("mid_run_edits", 300),
            _at_least("late_applies", 150),
            *_none("failures"),
        ),
    ),
    Goal(
        "N3",
        "SIGKILL at random moments, forked, real files",
        ("kills_forked",),
        (_at_least("landed", 1200, 25_000), _at_least("share_in_recovery", 0.25), *_none("bad_checks")),
    ),
    Goal(
        "N4",
        "SIGKILL of the real command line",
        ("kills_executed",),
        (_at_least("landed", 40, 800), *_none("bad_checks")),
    ),
    Goal(
        "N5",
        "torn write-ahead logs, full and failing disks",
        ("disk_faults",),
        (_at_least("cases", 1000, 20_000), *_none("not_opened", "writes_without_intent")),
    ),
    Goal(
        "N6",
        "a run after convergence writes nothing",
        ("ladder", "ladder_beyond", "state_machine", "state_machine_again", "kills_forked"),
        (_at_least("quiet_checks", 1200), *_none("noisy_checks")),
    ),
    Goal(
        "N7",
        "a failing read deletes nothing",
        ("mass_deletes",),
        (_at_least("cells", 384), *_none("deletes", "changed_sides", "wrong_errors", "not_recovered")),
    ),
    Goal(
        "N8",
        "results do not depend on the order of configurations",
        ("provenance",),
        (_at_least("histories", 5000), _at_least("engine_histories", 100, 5000), *_none("differences")),
    ),
    Goal(
        "N9",
        "values survive the round trip",
        ("round_trips",),
        (
            _at_least("values", 50_000, 1_000_000),
            _at_least("records_per_pair", 2000, 40_000),
            _at_least("pairs", 3),
            *_none("lossy_undeclared", "writes_of_second_run"),
        ),
    ),
    Goal(
        "N10",
        "our own writes do not come back",
        ("state_machine", "state_machine_again"),
        (_at_least("own_writes", 1000), _at_most("most_reads_per_own_write", 1), *_none("echo_writes")),
    ),
    Goal(
        "N11",
        "hostile input and planted secrets",
        ("hostile_input",),
        (
            _at_least("cases", 2000),
            _at_least("expressions", 20_000),
            _at_least("planted_secrets", 50),
            *_none("escapes", "secrets_found"),
        ),
    ),
    Goal(
        "N12",
        "seeded bugs are noticed",
        ("seeded_bugs",),
        (_at_least("bugs", 4, 24), *_none("survivors")),
    ),
    Goal(
        "N13",
        "recovery of 10,000 open rows",
        ("recovery",),
        (
            _at_least("open_rows", 10_000, 100_000),
            Threshold("seconds_to_first_work", "<=", 5, 30),
            _at_most("peak_mb", 200),
        ),
    ),
    Goal(
        "N14",
        "what the journal costs",
        ("journal_cost",),
        (_at_least("records", 5000), _at_most("overhead", 0.20), _at_least("records_per_s", 300)),
    ),
    Goal(
        "N15",
        "twenty days of schedules",
        ("soak",),
        (
            _at_least("runs", 5760),
            Threshold("memory_growth", "<", 0.05),
            *_none("missed", "doubled", "failed", "file_growth", "thread_growth"),
        ),
    ),
    Goal(
        "N16",
        "the same seed gives the same events",
        ("state_machine",),
        (_at_least("seeds", 30, 500), *_none("different_hashes")),
    ),
    Goal(
        "N17",
        "branch coverage",
        ("branch_coverage",),
        (_at_least("branches", 0.95), _at_least("recovery_branches", 1.0)),
    ),
)
