"""The log: no registered value and no credential of a known form passes."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_sync.secrets.redact import Redactor, WatchedSecrets
from desktop_sync.secrets.session_secrets import SessionSecrets


def redactor(*values: str) -> Redactor:
    made = Redactor()
    for value in values:
        made.register(value)
    return made


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(place)s", defaults={"place": ""}))
    handler.addFilter(redactor("open sesame/€"))
    logger = logging.getLogger("redaction under test")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.scenario("X2")
def test_arguments_exceptions_and_extra_fields_are_redacted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("cannot log in with open sesame/€")
    except ValueError:
        logger.exception("tried %s and %d", "open sesame/€", 7, extra={"place": "at open sesame/€"}, stack_info=True)
    text = stream.getvalue()
    assert "sesame" not in text
    assert "tried [secret] and 7 at [secret]" in text
    assert "ValueError: cannot log in with [secret]" in text


@pytest.mark.scenario("X2")
@pytest.mark.parametrize(
    "form",
    [
        "open sesame/€",
        quote("open sesame/€"),
        quote("open sesame/€", safe=""),
        quote_plus("open sesame/€"),
        base64.b64encode("open sesame/€".encode()).decode(),
        json.dumps("open sesame/€"),
    ],
)
def test_every_form_of_a_value_is_found(form: str) -> None:
    assert "[secret]" in redactor("open sesame/€").redact(f"before {form} after")
    assert form not in redactor("open sesame/€").redact(f"before {form} after")


@pytest.mark.scenario("X2")
def test_the_longer_of_two_values_leaves_no_tail() -> None:
    assert redactor("abc", "abcdef").redact("x abcdef y") == "x [secret] y"


@pytest.mark.scenario("X2")
def test_values_that_overlap_in_a_text_leave_no_tail() -> None:
    assert redactor("abc123", "123xyz").redact("-abc123xyz-") == "-[secret]-"
    assert redactor("aba").redact("ababa") == "[secret]"


@pytest.mark.scenario("X2")
@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("postgresql://sync:hunter2@localhost/crm", "hunter2"),
        ("mysql+pymysql://me:p@ss:w0rd@host/db", "w0rd"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("{'Authorization': 'Basic bWU6eA==', 'Accept': '*/*'}", "bWU6eA"),
        ("('authorization', b'Bearer abc')", "abc"),
        ("Set-Cookie: session=hunter2; Path=/", "hunter2"),
        ("connect(password='hunter two', host='x')", "two"),
        ('{"api_key": "hunter2"}', "hunter2"),
        ("host=x password=hunter2 dbname=y", "hunter2"),
        ("refresh_token=hunter2&x=1", "hunter2"),
    ],
)
def test_credentials_of_known_forms_are_found_without_being_registered(text: str, leak: str) -> None:
    redacted = redactor().redact(text)
    assert leak not in redacted
    assert "[secret]" in redacted


@pytest.mark.parametrize("text", ["https://localhost:8080/a@b", "the token is missing", "10 secrets read", "a: b @ c"])
def test_ordinary_text_stays(text: str) -> None:
    assert redactor("opensesame").redact(text) == text


@pytest.mark.scenario("X2")
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.data())
def test_no_value_survives_whatever_stands_around_it(values: list[str], data: st.DataObject) -> None:
    made = redactor(*values)
    parts = data.draw(st.lists(st.sampled_from(values) | st.text(max_size=4), max_size=8))
    redacted = made.redact("".join(parts))
    rest = redacted.split("[secret]")
    assert [value for value in values for part in rest if value in part] == []


def test_values_are_masked_from_the_moment_they_are_read_or_written() -> None:
    session, made = SessionSecrets(), Redactor()
    session.write("old", "opensesame")
    watched = WatchedSecrets(session, made)
    assert made.redact("opensesame and hunter2") == "opensesame and hunter2"
    watched.read("old")
    watched.read("absent")
    watched.write("new", "hunter2")
    assert made.redact("opensesame and hunter2") == "[secret] and [secret]"
    assert watched.describe() == session.describe()
    watched.delete("new")
    assert session.read("new").value is None
