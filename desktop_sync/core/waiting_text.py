"""What a run that nobody asks for waits for, in sentences for people."""

from __future__ import annotations


def waits_for_place(endpoint: str, path: str) -> str:
    return f"It waits for {endpoint}: {path} is not there (is its drive connected?)."


def waits_for_network(endpoint: str) -> str:
    return f"It waits for the network, which {endpoint} needs."
