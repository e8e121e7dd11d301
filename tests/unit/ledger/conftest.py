"""A ledger in a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_sync.ledger import SqlLedger, open_ledger
from tests.support.ledger_home import CountedIds, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ledger home"


@pytest.fixture
def ledger(home: Path, clock: HandClock) -> Iterator[SqlLedger]:
    opened = open_ledger(home, clock, CountedIds())
    yield opened
    assert opened.check() == []
    opened.close()
