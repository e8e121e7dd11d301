from __future__ import annotations

import random
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_sync.core.configuration import (
    ConflictRule,
    Definitions,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Endpoint,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    Mark,
    MatchRule,
    NullPolicy,
    PerSide,
    RealTime,
    Resolution,
    SecretReference,
    Side,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.schedule import MANUAL, Schedule, ScheduleKind
from desktop_sync.core.triggers import AfterOutcome, AfterRun, FileArrival
from desktop_sync.services.definition.definition_file import DefinitionFileService
from desktop_sync.services.definition.definition_writer import write_definitions
from tests.support.definition_store_fake import PROVIDERS, MemoryDefinitionStore
from tests.unit.services.definition.test_definition_file import SPECIFIED

# TOML holds every Unicode text but lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some_text = texts.filter(bool)
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(str.isprintable)
tables = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(str.isprintable)
shares = st.none() | st.floats(0, 1)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
time_lists = st.lists(times, min_size=1, max_size=3).map(tuple)
schedules = st.one_of(
    st.just(MANUAL),
    st.builds(
        Schedule,
        st.just(ScheduleKind.INTERVAL),
        interval_minutes=st.integers(1, 10_000),
        longest_idle_minutes=st.integers(0, 10_000),
    ),
    st.builds(Schedule, st.just(ScheduleKind.DAILY), times=time_lists),
    st.builds(
        Schedule,
        st.just(ScheduleKind.WEEKLY),
        times=time_lists,
        weekdays=st.lists(st.integers(0, 6), min_size=1, unique=True).map(tuple),
    ),
    st.builds(Schedule, st.just(ScheduleKind.CRON), cron=st.just("*/5 1-3 * 1,2 MON")),
)
after_runs = st.lists(st.builds(AfterRun, names, st.sampled_from(AfterOutcome)), max_size=2).map(tuple)
file_arrivals = st.lists(st.builds(FileArrival, names, st.integers(0, 3600)), max_size=2).map(tuple)
guards = st.builds(
    GuardLimits,
    shares,
    st.none() | st.integers(0, 10**6),
    st.booleans(),
    shares,
    shares,
    shares,
    st.booleans(),
    st.booleans(),
)
endpoint_settings = {
    "sql": st.fixed_dictionaries(
        {"url": st.just("sqlite:///crm.sqlite") | texts.filter(lambda text: "@" not in text)},
        optional={
            "password": st.builds(SecretReference, names),
            "timeout_s": st.integers(-5, 10**6) | st.floats(0.1, 100),
            "ssl": st.booleans(),
        },
    ),
    "csv": st.fixed_dictionaries({"folder": texts}, optional={"delimiter": st.sampled_from([",", ";"])}),
}
endpoint_lists = st.lists(
    st.sampled_from(sorted(endpoint_settings)).flatmap(
        lambda provider: st.builds(Endpoint, names, st.just(provider), endpoint_settings[provider])
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda endpoint: endpoint.name,
)


@st.composite
def fields(draw: st.DrawFn, entity_names: list[str]) -> FieldMapping:
    a, b = draw(st.tuples(some_text, texts) | st.tuples(texts, some_text))
    return FieldMapping(
        a,
        b,
        draw(st.sampled_from(Direction)),
        draw(st.booleans()),
        draw(texts) if b else "",
        draw(texts) if a else "",
        tuple(draw(st.lists(st.sampled_from(["trim", "lower", "scale:2"]), max_size=2, unique=True))),
        draw(st.sampled_from(NullPolicy)),
        draw(st.none() | texts),
        tuple(draw(st.lists(st.tuples(texts, texts), max_size=2))),
        draw(st.sampled_from(UnknownChoice)),
        draw(st.just("") | st.sampled_from(entity_names)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def per_side(values: st.SearchStrategy[object]) -> st.SearchStrategy[PerSide[object]]:
    return st.builds(PerSide, values, values)


@st.composite
def configurations(draw: st.DrawFn, name: str, endpoint_names: list[str]) -> SyncConfiguration:
    entity_names = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    marks = st.builds(Mark, names, texts)
    entities = tuple(
        Entity(
            entity_name,
            draw(per_side(tables)),
            tuple(draw(st.lists(fields(entity_names), max_size=3))),
            draw(st.sampled_from(Direction)),
            draw(st.sampled_from(Side)),
            draw(st.sampled_from(ConflictRule)),
            draw(st.sampled_from(FirstContactRule)),
            draw(per_side(st.sampled_from(DeleteRule))),
            draw(per_side(marks)),
            draw(st.sampled_from(EditAgainstDelete)),
            draw(st.sampled_from(MatchRule)),
            draw(per_side(texts)),
            draw(per_side(st.lists(texts, max_size=2).map(tuple))),
            draw(per_side(texts)),
            draw(st.integers(1, 1000)),
            resolution=draw(st.sampled_from(Resolution)),
            real_time=draw(st.sampled_from(RealTime)),
        )
        for entity_name in entity_names
    )
    a, b = draw(st.sampled_from(endpoint_names)), draw(st.sampled_from(endpoint_names))
    return SyncConfiguration(
        name,
        a,
        b,
        entities,
        draw(st.booleans()),
        draw(schedules),
        draw(guards),
        process_schedule=draw(st.none() | schedules),
        after_runs=draw(after_runs),
        file_arrivals=draw(file_arrivals),
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    endpoints = draw(endpoint_lists)
    endpoint_names = [endpoint.name for endpoint in endpoints]
    configuration_names = draw(st.lists(names, max_size=2, unique=True))
    return Definitions(
        tuple(endpoints), tuple(draw(configurations(name, endpoint_names)) for name in configuration_names)
    )


def parsed(text: str) -> Definitions:
    return DefinitionFileService(MemoryDefinitionStore(), PROVIDERS).parse(text, "sync.toml")


@given(definitions())
def test_what_is_written_is_read_as_the_same_definitions(given_definitions: Definitions) -> None:
    assert parsed(write_definitions(given_definitions)) == given_definitions


def test_an_export_is_readable() -> None:
    text = write_definitions(parsed(SPECIFIED))
    assert 'settings = {url = "postgresql://sync@localhost/crm", password = {secret = "CRM password"}}' in text
    assert 'delete = {a-to-b = "delete", b-to-a = "ignore"}' in text
    assert '[[configuration.entity.field]]\na = "State"\nb = "status"\nvalue_map = [["NEW", "n"],' in text


@pytest.mark.scenario("X17")
def test_ten_thousand_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(17)
    whole = write_definitions(parsed(SPECIFIED))
    alphabet = "\"'[]{}=.,#\n\\ \x00\ud7ff€0a-"
    refused: list[ConfigurationError] = []
    for _ in range(10_000):
        characters = list(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(characters))
            length = chance.choice((0, 1, 1, 5, 200))
            characters[at : at + length] = chance.choices(alphabet, k=chance.randint(0, 3))
        try:
            parsed("".join(characters))
        except ConfigurationError as error:
            refused.append(error)
    assert 5_000 < len(refused) < 10_000
    assert all(error.problem and error.path for error in refused)
