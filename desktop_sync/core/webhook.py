"""Signed messages that something changed in an endpoint: who may send them, and what they say.

The signature is that of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, base64, in the
header `webhook-signature` as `v1,…`, several of them divided by spaces while a key is being replaced. A message is a
hint and never a value (SPEC §8, RELIABILITY X11): what it names is read from the endpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Webhook
from desktop_sync.core.push import Hint

TOLERANCE_S = 300
"""How far the time of a message may be from now, either way."""

MOST_BYTES = 1024 * 1024
LEAST_KEY_BYTES = 16
KEY_PREFIX = "whsec_"
_VERSION = "v1,"
_LONGEST_ID, _LONGEST_HEADER, _MOST_SIGNATURES = 256, 4096, 16

Key = bytes


class ForgedError(Exception):
    """Whoever sent the message may not, or it is an old one. The text is a clause for the log of this machine; the
    sender is told nothing of it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that was sent by who has the key. `at_s` is its time, in seconds since 1970."""

    id: str
    at_s: int


def keys_of(secret: str) -> tuple[Key, ...]:
    """The keys in a secret: one, or several divided by blanks, each `whsec_` and base64. Raises ValueError, with a
    clause for people, where one is none, or is so short that it could be guessed."""
    keys = []
    for text in secret.split():
        try:
            key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"a key of a webhook is {KEY_PREFIX} and base64") from None
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"a key of a webhook has {LEAST_KEY_BYTES} bytes at least")
        keys.append(key)
    if not keys:
        raise ValueError("there is no key")
    return tuple(keys)


def key_text(key: Key) -> str:
    """As it is given to the sender."""
    return KEY_PREFIX + base64.b64encode(key).decode("ascii")


def signature(key: Key, delivery: Delivery, body: bytes) -> str:
    """What the header holds for this message."""
    signed = f"{delivery.id}.{delivery.at_s}.".encode() + body
    return _VERSION + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def verified(headers: Mapping[str, str], body: bytes, keys: Sequence[Key], now_s: float) -> Delivery:
    """What the message says of itself; `headers` by their names in small letters. Whether it came before is for the
    caller to know. Raises ForgedError."""
    if len(body) > MOST_BYTES:
        raise ForgedError("the message is too long")
    delivery = Delivery(_header(headers, "webhook-id"), _time(_header(headers, "webhook-timestamp")))
    if len(delivery.id) > _LONGEST_ID or "." in delivery.id:
        raise ForgedError("the id is none")
    given = _header(headers, "webhook-signature").split()[:_MOST_SIGNATURES]
    is_right = False
    for key in keys:
        expected = signature(key, delivery, body)
        for one in given:  # all of them, so that the time tells nothing
            is_right |= hmac.compare_digest(one, expected)
    if not is_right:
        raise ForgedError("the signature is wrong")
    if abs(now_s - delivery.at_s) > TOLERANCE_S:
        raise ForgedError("the message is old, or of the future: is this machine's clock right?")
    return delivery


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value or len(value) > _LONGEST_HEADER or not value.isascii() or not value.isprintable():
        raise ForgedError(f"the header {name} is missing or not as it must be")
    return value


def _time(text: str) -> int:
    if not text.isdecimal() or len(text) > 12 or text != str(int(text)):
        raise ForgedError("the time is none")
    return int(text)


def hints(webhook: Webhook, endpoint: str, structures: Iterable[str], body: bytes) -> list[Hint]:
    """What changed, as the message says: the records that it names, or all of the structures it may be about.

    `structures`: those of the endpoint that anybody wants to hear of. A message of another kind than was expected says
    that something changed, in any of them.
    """
    wanted = tuple(dict.fromkeys(structures))
    try:
        content = json.loads(body)
        named = set(_texts(_at(content, webhook.structure.split(".")))) if webhook.structure else set()
        ids = list(dict.fromkeys(_texts(_at(content, webhook.record.split("."))))) if webhook.record else []
    except (ValueError, RecursionError):
        return [Hint(endpoint, structure) for structure in wanted]
    if named:
        wanted = tuple(structure for structure in wanted if structure in named)
    return [Hint(endpoint, structure, record_id) for structure in wanted for record_id in ids or [""]]


def _at(value: object, path: Sequence[str]) -> Iterator[object]:
    """All values at the path; where a list stands in between, those in each of its items."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)
