"""Long binary values travel by reference: inside the program a token stands for them, which names their content.

A token is as good as the value for everything that does not look into it: two are equal exactly when the contents are.
It is a binary value itself, of `TOKEN_BYTES`; where binary values are written as hexadecimal digits, it is too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

LONG_BYTES = 512
"""A longer value is replaced by a token. So is one that looks like a token, so that none is ever taken for one."""

PREFIX = b"\x00\x1dlong value\x1d"
TEXT_PREFIX = PREFIX.hex().upper()
_LENGTH_BYTES = 8
TOKEN_BYTES = len(PREFIX) + _LENGTH_BYTES + hashlib.sha256().digest_size


Content = bytes | bytearray | memoryview
"""Bytes of a long value, wherever they stand: a copy of it is what memory is short of."""


class ValueStore(Protocol):
    """Keeps the contents, each once, whoever holds it."""

    def keep_values(self, contents: Mapping[bytes, Content]) -> None:
        """These are kept from now on, by token; durable. May be repeated. Raises LedgerError."""

    def values(self, tokens: Collection[bytes]) -> dict[bytes, Content]:
        """The contents of those that are kept. Raises LedgerError."""

    def purge_values(self, before: datetime, in_use: Collection[bytes] = ...) -> int:
        """Those that were not kept again since then and are not in use are gone; how many."""


def is_long(value: Content) -> bool:
    """Whether a token is to stand for the value."""
    return len(value) > LONG_BYTES or bytes(value[: len(PREFIX)]) == PREFIX


def token_of(value: Content) -> bytes:
    return PREFIX + len(value).to_bytes(_LENGTH_BYTES, "big") + hashlib.sha256(value).digest()


def length_of(token: bytes) -> int:
    """How many bytes the value has that the token stands for."""
    return int.from_bytes(token[len(PREFIX) : len(PREFIX) + _LENGTH_BYTES], "big")


def is_token_text(text: str) -> bool:
    """Whether it is a token in hexadecimal digits."""
    return len(text) == 2 * TOKEN_BYTES and text.startswith(TEXT_PREFIX)


def shown(text: str) -> str:
    """The text of a value as people are shown it: a token says how long the value is, and how to tell it apart."""
    if not is_token_text(text):
        return text
    token = bytes.fromhex(text)
    return f"{length_of(token):,} bytes ({token[-hashlib.sha256().digest_size :].hex()[:16]})"
