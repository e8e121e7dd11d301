"""What holds for every test: a home of its own, no real keyring, no screen, and no unexpected warning in the log."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Qt or keyring. Processes that a test starts inherit all three.
if "DESKTOP_SYNC_TEST_DISPLAY" not in os.environ:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
CHECKOUT = str(Path(__file__).resolve().parent.parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [CHECKOUT, os.environ.get("PYTHONPATH")]))
os.environ["PYTHON_KEYRING_BACKEND"] = "tests.support.keyring_fake.MemoryKeyring"

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=300, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

PRODUCT_LOGGER = "desktop_sync"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DESKTOP_SYNC_HOME is a folder of this test alone, which does not exist yet."""
    home = tmp_path / "home"
    monkeypatch.setenv("DESKTOP_SYNC_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def empty_keyring() -> Iterator[None]:
    """No password that one test stores is seen by another. Costs nothing where no test used the keyring."""
    yield
    if fake := sys.modules.get("tests.support.keyring_fake"):
        fake.MemoryKeyring.passwords.clear()


class UnexpectedLogCatcher(logging.Handler):
    """Keeps what the product logs at WARNING or above, and which of it the test said to expect."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self.expected: list[re.Pattern[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def expect(self, pattern: str) -> None:
        self.expected.append(re.compile(pattern))

    def complaints(self) -> list[str]:
        """What is wrong with the log, a sentence each: lines nobody expected, and expected ones that did not come."""
        lines = [(record, record.getMessage()) for record in self.records]
        unexpected = [
            f"unexpected log line: {record.levelname} {record.name}: {message}"
            for record, message in lines
            if not any(pattern.search(message) for pattern in self.expected)
        ]
        missing = [
            f"expected log line did not come: {pattern.pattern}"
            for pattern in self.expected
            if not any(pattern.search(message) for _, message in lines)
        ]
        return unexpected + missing


@pytest.fixture(autouse=True)
def log_catcher() -> Iterator[UnexpectedLogCatcher]:
    """Fails the test when the product logged a warning or worse that the test did not expect."""
    catcher = UnexpectedLogCatcher()
    logger = logging.getLogger(PRODUCT_LOGGER)
    logger.addHandler(catcher)
    yield catcher
    logger.removeHandler(catcher)
    if complaints := catcher.complaints():
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def expected_log(log_catcher: UnexpectedLogCatcher) -> Callable[[str], None]:
    """Call it with a pattern for a log line (WARNING or above) that must come in this test."""
    return log_catcher.expect
