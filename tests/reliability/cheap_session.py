"""A pytest plugin (`-p tests.reliability.cheap_session`): all tests of the session start programs cheaply."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cheap_starts import cheap_starts


@pytest.fixture(scope="session", autouse=True)
def starts() -> Iterator[None]:
    with cheap_starts():
        yield
