"""Endpoints and sync configurations as the documents that the ledger keeps. Secrets are references in them."""

from __future__ import annotations

from functools import lru_cache

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.ledger.json_codec import from_text, to_text

FORMAT = 1


def endpoint_text(endpoint: Endpoint) -> str:
    return to_text(FORMAT, endpoint)


@lru_cache(maxsize=64)  # frozen values, asked for many times in a run
def read_endpoint(text: str) -> Endpoint:
    """Raises DocumentError."""
    return from_text(FORMAT, Endpoint, text)


def configuration_text(configuration: SyncConfiguration) -> str:
    return to_text(FORMAT, configuration)


@lru_cache(maxsize=64)
def read_configuration(text: str) -> SyncConfiguration:
    """Raises DocumentError."""
    return from_text(FORMAT, SyncConfiguration, text)
