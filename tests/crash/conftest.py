"""The warm process of the crash tests. `DESKTOP_SYNC_CRASH=full` visits every step instead of a sample."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.chaos_fixtures import make, template

if TYPE_CHECKING:
    from tests.support.crash_trial import CrashServer

__all__ = ["is_full", "make", "server", "template"]

pytest.register_assert_rewrite("tests.support.crash_trial")

IS_FULL = os.environ.get("DESKTOP_SYNC_CRASH") == "full"


@pytest.fixture(scope="module")
def server() -> Iterator[CrashServer]:
    from tests.support.crash_trial import CrashServer  # after its asserts were made to speak

    with CrashServer() as warm:
        yield warm


@pytest.fixture(scope="session")
def is_full() -> bool:
    return IS_FULL
