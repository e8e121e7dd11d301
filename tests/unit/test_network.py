"""Whether there is a network: the system is asked for a way, and nothing is sent."""

from __future__ import annotations

import socket

import pytest

from desktop_sync import network


@pytest.mark.parametrize(
    ("ways", "is_up"),
    [
        (set(), False),
        ({socket.AF_INET}, True),
        ({socket.AF_INET6}, True),
    ],
)
def test_a_way_of_either_kind_is_enough(
    monkeypatch: pytest.MonkeyPatch, ways: set[socket.AddressFamily], is_up: bool
) -> None:
    class Asked:
        def __init__(self, family: socket.AddressFamily, kind: socket.SocketKind) -> None:
            assert kind is socket.SOCK_DGRAM
            self._family = family

        def __enter__(self) -> Asked:
            return self

        def __exit__(self, *exc: object) -> None:
            return None

        def connect(self, address: tuple[str, int]) -> None:
            if self._family not in ways:
                raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "socket", Asked)
    assert network.is_up() is is_up
