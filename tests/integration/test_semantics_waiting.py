"""SPEC §8: a run that nobody asks for waits for what it needs, without failing (RELIABILITY C18)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.errors import MissingError
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.services.endpoints import EndpointService
from desktop_sync.services.presence import EndpointPresence
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
