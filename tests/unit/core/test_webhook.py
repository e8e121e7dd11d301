"""Who may say that something changed, and what is understood of it."""

from __future__ import annotations

import json

import pytest

from desktop_sync.core.configuration import SecretReference, Webhook
from desktop_sync.core.push import Hint
from desktop_sync.core.webhook import (
    MOST_BYTES,
    TOLERANCE_S,
    Delivery,
    ForgedError,
    hints,
    key_text,
    keys_of,
    signature,
    verified,
)

KEY, OTHER = bytes(range(32)), bytes(range(100, 132))
NOW = 1_790_000_000
BODY = b'{"type": "people", "data": {"id": 17}}'


def headers(key: bytes = KEY, *, id_: str = "msg_1", at: int = NOW, body: bytes = BODY) -> dict[str, str]:
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(key, Delivery(id_, at), body),
    }


def test_the_signature_is_that_of_the_standard() -> None:
    key = keys_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    one = Delivery("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330)
    assert signature(key[0], one, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_of_who_has_the_key_is_taken() -> None:
    assert verified(headers(), BODY, [KEY], NOW) == Delivery("msg_1", NOW)
    assert verified(headers(), BODY, [OTHER, KEY], NOW + TOLERANCE_S) == Delivery("msg_1", NOW)
    both = headers(OTHER) | {"webhook-signature": f"v1,AAAA v2,x {signature(KEY, Delivery('msg_1', NOW), BODY)}"}
    assert verified(both, BODY, [KEY], NOW - TOLERANCE_S) == Delivery("msg_1", NOW)


@pytest.mark.scenario("X11")
def test_a_message_of_which_any_byte_was_changed_is_refused() -> None:
    good = headers()
    for place in range(len(BODY)):
        for change in (1, 128):
            forged = bytearray(BODY)
            forged[place] ^= change
            with pytest.raises(ForgedError):
                verified(good, bytes(forged), [KEY], NOW)
    for name, value in good.items():
        for place in range(len(value)):
            text = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            with pytest.raises(ForgedError):
                verified(good | {name: text}, BODY, [KEY], NOW)


@pytest.mark.scenario("X11")
@pytest.mark.parametrize(
    "given",
    [
        {},
        headers(OTHER),
        headers(at=NOW - TOLERANCE_S - 1),
        headers(at=NOW + TOLERANCE_S + 1),
        headers(body=BODY + b" "),
        headers() | {"webhook-id": ""},
        headers() | {"webhook-timestamp": ""},
        headers() | {"webhook-signature": ""},
        headers() | {"webhook-signature": "v1,"},
        headers() | {"webhook-signature": "v1, v1, v1,"},
        headers() | {"webhook-signature": headers()["webhook-signature"].removeprefix("v1,")},
        headers() | {"webhook-signature": headers()["webhook-signature"].replace("v1,", "v1a,")},
        headers() | {"webhook-signature": "ünïcode"},
        headers() | {"webhook-signature": "v1,\u212a"},
        headers() | {"webhook-signature": "v1,x " * 5000 + headers()["webhook-signature"]},
        headers() | {"webhook-timestamp": "١٧٩٠٠٠٠٠٠٠"},
        headers() | {"webhook-timestamp": f"{NOW}.0"},
        headers() | {"webhook-timestamp": f" {NOW}"},
        headers() | {"webhook-timestamp": f"0{NOW}"},
        headers() | {"webhook-timestamp": "9" * 400},
        headers() | {"webhook-timestamp": "-1"},
        headers(id_="a.b"),
        headers(id_="i" * 257),
        headers(id_="tab\tid"),
    ],
)
def test_a_message_that_nobody_with_the_key_sent_now_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ForgedError):
        verified(given, BODY, [KEY], NOW)


@pytest.mark.scenario("X11")
def test_a_message_that_is_too_long_is_refused_before_anything_is_computed() -> None:
    body = b"x" * (MOST_BYTES + 1)
    with pytest.raises(ForgedError, match="too long"):
        verified(headers(body=body), body, [KEY], NOW)
    with pytest.raises(ForgedError):
        verified(headers(), BODY, [], NOW)


@pytest.mark.parametrize("secret", ["", "   ", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "password", "whsec_ä"])
def test_a_secret_that_is_no_key_or_could_be_guessed_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="key"):
        keys_of(secret)


def test_several_keys_hold_while_one_is_being_replaced() -> None:
    assert keys_of(f"{key_text(KEY)}\n{key_text(OTHER)}") == (KEY, OTHER)


ALL = [Hint("CRM", "people"), Hint("CRM", "orders")]


@pytest.mark.parametrize(
    ("structure", "record", "content", "expected"),
    [
        ("", "", {"anything": 1}, ALL),
        ("type", "data.id", {"type": "people", "data": {"id": 17}}, [Hint("CRM", "people", "17")]),
        ("type", "data.id", {"type": "people", "data": {"id": "a 1"}}, [Hint("CRM", "people", "a 1")]),
        ("type", "items.id", {"type": "people", "items": [{"id": 1}, {"id": 2}, {"id": 1}, {"x": 3}]},
         [Hint("CRM", "people", "1"), Hint("CRM", "people", "2")]),
        ("type", "ids", {"type": "orders", "ids": [3, "4"]}, [Hint("CRM", "orders", "3"), Hint("CRM", "orders", "4")]),
        ("", "id", [{"id": 5}], [Hint("CRM", "people", "5"), Hint("CRM", "orders", "5")]),
        ("type", "id", {"type": "people"}, ALL[:1]),
        ("type", "id", {"type": "people", "id": None}, ALL[:1]),
        ("type", "id", {"type": "people", "id": True}, ALL[:1]),
        ("type", "id", {"type": "people", "id": 1.5}, ALL[:1]),
        ("type", "id", {"type": "people", "id": {"x": 1}}, ALL[:1]),
        ("type", "id", {"type": "invoices", "id": 1}, []),
        ("type", "id", {"id": 1}, [Hint("CRM", "people", "1"), Hint("CRM", "orders", "1")]),
        ("type", "id", "text", ALL),
    ],
)  # fmt: skip
def test_a_message_names_records_or_at_least_where_something_changed(
    structure: str, record: str, content: object, expected: list[Hint]
) -> None:
    webhook = Webhook(SecretReference("key"), structure, record)
    assert hints(webhook, "CRM", ["people", "orders", "people"], json.dumps(content).encode()) == expected


@pytest.mark.scenario("X11")
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b'{"id": ' + b"9" * 5000 + b"}"])
def test_a_message_that_cannot_be_read_says_only_that_something_changed(body: bytes) -> None:
    assert hints(Webhook(SecretReference("key"), "type", "id"), "CRM", ["people"], body) == ALL[:1]
