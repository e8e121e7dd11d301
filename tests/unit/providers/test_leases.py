"""The lease that a system keeps where its user allows it: compared and set in one step, by every provider alike."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_sync.core.binding import Lease
from desktop_sync.core.errors import DamagedError, EndpointError
from desktop_sync.core.provider_port import LEASE_SETTING, EndpointSession, LeaseKeeper, OpenContext, SettingKind
from desktop_sync.providers.csv.lease_file import NAME
from desktop_sync.providers.registry import Registry

MINE = Lease("Customers", "0190-l", 1, 7, "process 4711 on desk", "h" * 32, datetime(2026, 3, 2, 12, 10, tzinfo=UTC))
HOSTILE = ["a'b\"c", "x; DROP TABLE people", "Zoë 東京", "a" * 500, "{}", "../x", "\u202eabc", " "]


def make_session(kind: str, folder: Path, *, allowed: bool = True) -> EndpointSession:
    settings: dict[str, str | int | float | bool] = {LEASE_SETTING: allowed}
    if kind == "sql":
        file = folder / "shop.sqlite"
        if not file.exists():
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY)")
        settings["file"] = str(file)
    else:
        (folder / "people.csv").write_text("id\r\n", encoding="utf-8")
        settings["folder"] = str(folder)
    return Registry().get(kind).open(OpenContext("Shop", settings))


@pytest.fixture(params=["sql", "csv"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def keeper(kind: str, tmp_path: Path) -> Iterator[LeaseKeeper]:
    session = make_session(kind, tmp_path)
    assert session.capabilities.keeps_leases
    assert isinstance(session, LeaseKeeper)
    yield session
    session.close()


def test_the_setting_is_off_and_says_what_is_put_there(kind: str, tmp_path: Path) -> None:
    provider = Registry().get(kind)
    (setting,) = (setting for setting in provider.settings if setting.key == LEASE_SETTING)
    assert (setting.kind, setting.default, setting.is_required) == (SettingKind.FLAG, False, False)
    assert {"sql": "desktop_sync_lease", "csv": NAME}[kind] in setting.help
    assert not provider.capabilities.keeps_leases
    assert not make_session(kind, tmp_path, allowed=False).capabilities.keeps_leases


def test_reading_puts_nothing_there(keeper: LeaseKeeper, tmp_path: Path, kind: str) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert keeper.read_lease("Customers") is None
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_lease_is_kept_only_in_the_place_of_what_was_expected(keeper: LeaseKeeper) -> None:
    later = replace(MINE, fence=8, expires_at=None)
    assert not keeper.write_lease(later, MINE)
    assert keeper.write_lease(MINE, None)
    assert keeper.read_lease("Customers") == MINE
    assert not keeper.write_lease(later, None)
    for other in (replace(MINE, fence=6), replace(MINE, holder="x"), replace(MINE, expires_at=None)):
        assert not keeper.write_lease(later, other)
    assert keeper.read_lease("Customers") == MINE
    assert keeper.write_lease(later, MINE)
    assert keeper.read_lease("Customers") == later
    assert keeper.write_lease(MINE, later)


def test_configurations_have_leases_of_their_own_whatever_their_names(keeper: LeaseKeeper) -> None:
    leases = [replace(MINE, configuration=name, fence=number) for number, name in enumerate(HOSTILE)]
    for lease in leases:
        assert keeper.write_lease(lease, None)
    assert [keeper.read_lease(name) for name in HOSTILE] == leases


def test_of_many_that_want_it_at_once_one_gets_it(kind: str, tmp_path: Path) -> None:
    got: list[int] = []
    start = threading.Barrier(6)

    def want(number: int) -> None:
        session = make_session(kind, tmp_path)
        assert isinstance(session, LeaseKeeper)
        start.wait()
        if session.write_lease(replace(MINE, fence=number), None):
            got.append(number)
        session.close()

    make_session(kind, tmp_path).close()
    threads = [threading.Thread(target=want, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = make_session(kind, tmp_path)
    assert isinstance(session, LeaseKeeper)
    kept = session.read_lease("Customers")
    session.close()
    assert kept is not None
    assert got == [kept.fence]


def test_what_is_kept_is_no_structure(keeper: LeaseKeeper) -> None:
    keeper.write_lease(MINE, None)
    assert [each.name for each in keeper.structures()] == ["people"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"Customers": {"ledger": "x"}}', '{"Customers": 5}'])
def test_a_file_that_is_no_lease_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    session = make_session("csv", tmp_path)
    (tmp_path / NAME).write_text(content, encoding="utf-8")
    assert isinstance(session, LeaseKeeper)
    with pytest.raises(DamagedError, match="desktop-sync-lease"):
        session.read_lease("Customers")
    with pytest.raises(DamagedError, match="desktop-sync-lease"):
        session.write_lease(MINE, None)
    assert (tmp_path / NAME).read_text(encoding="utf-8") == content
    session.close()


def test_a_lease_file_is_plain_json(tmp_path: Path) -> None:
    session = make_session("csv", tmp_path)
    assert isinstance(session, LeaseKeeper)
    session.write_lease(MINE, None)
    session.close()
    (kept,) = json.loads((tmp_path / NAME).read_text(encoding="utf-8")).values()
    assert kept["holder"] == "process 4711 on desk"


def test_a_table_of_that_name_that_is_somebody_elses_is_an_error(tmp_path: Path) -> None:
    session = make_session("sql", tmp_path)
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.execute("CREATE TABLE desktop_sync_lease (x)")
    assert isinstance(session, LeaseKeeper)
    with pytest.raises(EndpointError):
        session.read_lease("Customers")
    with pytest.raises(EndpointError):
        session.write_lease(MINE, None)
    session.close()
