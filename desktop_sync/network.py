"""Whether this machine has a network now."""

from __future__ import annotations

import socket

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are reserved for examples (RFC 5737, RFC 3849): no machine has them."""


def is_up() -> bool:
    """Whether the system knows a way to other machines. Nothing is sent: only the way is asked for."""
    for family, address in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asked:
                asked.connect((address, 9))
        except OSError:
            continue
        return True
    return False
