"""What a configuration needs before it can run by itself: its files' drives, a network, its secrets (SPEC §8)."""

from __future__ import annotations

import os

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.ports import Network
from desktop_sync.core.waiting_text import waits_for_network, waits_for_place, waits_for_secret
from desktop_sync.services.endpoint_setup.endpoints import EndpointService


class EndpointPresence:
    """Any thread. A look at a file that is local costs next to nothing; no endpoint is opened."""

    def __init__(self, endpoints: EndpointService, network: Network) -> None:
        self._endpoints = endpoints
        self._network = network

    def waits_for(self, configuration: SyncConfiguration) -> str:
        """The first thing that is missing, as a sentence; empty where nothing is.

        What cannot be told without opening the endpoint is no reason to wait: the run will say it.
        """
        for side in Side:
            name = configuration.endpoint_of(side)
            try:
                kept = self._endpoints.keeper(name)
                place = "" if kept is None else kept[0].place(kept[1])
                needs_network = not place and self._endpoints.needs_network(name)
                lacking = self._endpoints.lacks(name)
            except DesktopSyncError:
                continue
            if place and not os.path.exists(place):
                return waits_for_place(name, place)
            if needs_network and not self._network():
                return waits_for_network(name)
            if lacking is not None:
                return waits_for_secret(name, lacking)
        return ""
