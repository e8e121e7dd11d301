"""SPEC §8: a run that nobody asks for waits for what it needs, without failing (RELIABILITY C18)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.errors import MissingError, SecretUnavailableError
from desktop_sync.core.ports import SecretState
from desktop_sync.core.provider_port import EndpointSession, OpenContext, Setting, SettingKind
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.providers.registry import BUILT_IN, Registry
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.services.endpoint_setup.endpoints import EndpointService
from desktop_sync.services.unattended.presence import EndpointPresence
from tests.support.ledger_home import HandClock
from tests.support.memory_provider import MemoryProvider, MemoryRegistry, MemorySecrets, MemoryStore
from tests.support.shop_and_crm import customers
from tests.support.worlds import NAME, WorldMaker

EVERY_5 = Schedule(ScheduleKind.INTERVAL, interval_minutes=5)


@pytest.mark.scenario("C18")
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_drive_that_is_away_is_waited_for_and_is_no_failure(world: WorldMaker, side: str) -> None:
    clock = HandClock()
    w = world(clock=clock)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.save(schedule=EVERY_5)
    w.edit("a", 1, City="Graz")
    place = w.a.file if side == "a" else w.b.folder  # type: ignore[union-attr]
    away = place.with_name("away")
    place.rename(away)
    runs = len(w.app.records.runs(NAME))
    for _ in range(100):
        clock.move(minutes=5)
        assert w.app.schedules.due(clock.now()) == ()
    [state] = w.app.configurations.states()
    assert state.waits_for == (
        f"It waits for {'CRM' if side == 'a' else 'Shop'}: {place} is not there (is its drive connected?)."
    )
    assert len(w.app.records.runs(NAME)) == runs
    with pytest.raises(MissingError):
        w.run()  # a person who asks is told
    away.rename(place)
    clock.move(hours=2)
    [due] = w.app.schedules.due(clock.now())
    w.app.unattended.carry_out(due)
    assert w.rows("b", "city") == [("Graz",)]
    assert w.app.configurations.states()[0].waits_for == ""


class Net:
    is_up = False
    asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.is_up


def remote(needs_network: bool) -> tuple[EndpointPresence, Net, SyncConfiguration]:
    provider = MemoryProvider()
    provider.capabilities = replace(provider.capabilities, needs_network=needs_network)
    store, net = MemoryStore(), Net()
    for name in ("CRM", "Shop"):
        store.save_endpoint(Endpoint(name, "memory", {"folder": "x"}))
    endpoints = EndpointService(store, MemoryRegistry(provider), MemorySecrets())
    return EndpointPresence(endpoints, net), net, customers()


def test_an_endpoint_elsewhere_waits_for_the_network_and_one_that_is_here_never_does() -> None:
    presence, net, configuration = remote(needs_network=True)
    assert presence.waits_for(configuration) == "It waits for the network, which CRM needs."
    net.is_up = True
    assert presence.waits_for(configuration) == ""
    presence, net, configuration = remote(needs_network=False)
    assert presence.waits_for(configuration) == ""
    assert net.asked == 0


PASSWORD = "CRM Password"


class LockedDatabase(SqlProvider):
    """A database of the kind that needs a password."""

    settings = (*SqlProvider.settings, Setting("password", "Password", SettingKind.SECRET))

    def open(self, context: OpenContext) -> EndpointSession:
        assert context.settings["password"] == "open sesame"
        rest = {key: value for key, value in context.settings.items() if key != "password"}
        return super().open(replace(context, settings=rest))


@pytest.mark.scenario("F7")
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (SecretState.LOCKED, "the password store is locked"),
        (SecretState.ABSENT, "the password store has none of that name"),
        (SecretState.DENIED, "access to the password store was refused"),
        (SecretState.NO_BACK_END, "this computer has no password store"),
        (SecretState.ERROR, "the password store did not answer properly"),
    ],
)
def test_a_secret_that_cannot_be_had_is_waited_for_and_is_no_failure(
    world: WorldMaker, state: SecretState, words: str
) -> None:
    registry = Registry({"sql": (__name__, "LockedDatabase"), "csv": BUILT_IN["csv"]})
    clock, secrets = HandClock(), MemorySecrets()
    w = world(clock=clock, registry=registry, secrets=secrets)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.save(schedule=EVERY_5)
    w.edit("a", 1, City="Graz")
    runs = len(w.app.records.runs(NAME))
    secrets.state = state
    for _ in range(20):
        clock.move(minutes=5)
        for due in w.app.schedules.due(clock.now()):
            assert w.app.unattended.carry_out(due) is None
        assert w.app.schedules.due(clock.now()) == ()
    assert words in w.app.configurations.states()[0].waits_for
    assert len(w.app.records.runs(NAME)) == runs
    with pytest.raises(SecretUnavailableError):
        w.run()  # a person who asks is told
    assert secrets.values == {PASSWORD: "open sesame"}  # and nobody is asked to type it again
    secrets.state = SecretState.AVAILABLE
    clock.move(hours=2)
    [due] = w.app.schedules.due(clock.now())
    w.app.unattended.carry_out(due)
    assert w.rows("b", "city") == [("Graz",)]
    assert w.app.configurations.states()[0].waits_for == ""
    kept = b"".join(path.read_bytes() for path in w.app.home.rglob("*") if path.is_file())
    assert b"open sesame" not in kept
