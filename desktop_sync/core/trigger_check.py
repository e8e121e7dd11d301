"""What is wrong with what starts a configuration besides its schedules (SPEC §8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from desktop_sync.core.configuration import RealTime, Side, SyncConfiguration
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.triggers import LONGEST_SETTLE_S, trigger_cycle

AFTER_PATH = "after_runs"
FILES_PATH = "file_arrivals"


def check_triggers(configuration: SyncConfiguration, configurations: Iterable[SyncConfiguration]) -> Iterator[Finding]:
    """Everything about runs that follow runs, and files; `configurations` are all that are known."""
    known = tuple(configurations)
    names = {one.name for one in known} | {configuration.name}
    for after in configuration.after_runs:
        if after.configuration not in names:
            message = f'There is no configuration "{after.configuration}", so no run of it is followed.'
            yield Finding(Level.WARNING, message, path=AFTER_PATH)
    yield from check_cycle(configuration, known)
    yield from _check_files(configuration)


def check_cycle(configuration: SyncConfiguration, configurations: Iterable[SyncConfiguration]) -> Iterator[Finding]:
    """Whether a run of the configuration would start itself again, over however many others."""
    others = {one.name: one for one in configurations} | {configuration.name: configuration}
    starts: dict[str, list[str]] = {name: [] for name in others}
    for name, one in others.items():
        for after in one.after_runs:
            starts.setdefault(after.configuration, []).append(name)
    cycle = trigger_cycle(configuration.name, starts)
    if cycle:
        path = " → ".join(f'"{name}"' for name in (*cycle, cycle[0]))
        message = f"Its runs would start each other for ever: {path}. Take one of them out."
        yield Finding(Level.ERROR, message, path=AFTER_PATH)


def check_real_time(configuration: SyncConfiguration) -> Iterator[Finding]:
    """What is to be known of entities in real time."""
    for entity in configuration.entities:
        if entity.real_time is RealTime.OFF:
            continue
        unstamped = [configuration.endpoint_of(side) for side in Side if not entity.modified.of(side)]
        if unstamped:
            message = (
                f"In real time all of it is compared after each change in {' and '.join(unstamped)}: no field there "
                "says when a record was modified."
            )
            yield Finding(Level.NOTE, message, entity.name, path="entity.real_time")


def _check_files(configuration: SyncConfiguration) -> Iterator[Finding]:
    for arrival in configuration.file_arrivals:
        problem = ""
        if not arrival.pattern.strip():
            problem = "Which file is waited for? Give its path; * stands for anything in its name."
        elif not _is_absolute(arrival.pattern):
            problem = f'Give the whole path of the files: "{arrival.pattern}" begins in no folder.'
        elif not 0 <= arrival.settle_s <= LONGEST_SETTLE_S:
            problem = f"A file is complete when it stood still for 0 to {LONGEST_SETTLE_S} seconds."
        if problem:
            yield Finding(Level.ERROR, problem, path=FILES_PATH)


def _is_absolute(path: str) -> bool:
    """Whether it names its place from the root on: on this system, or with the letter of a drive or a share."""
    return path.startswith(("/", "\\\\")) or (path[1:3] in (":\\", ":/") and path[:1].isalpha())
