"""What tests/conftest.py promises every test."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keyring
import keyring.errors
import pytest

from tests.conftest import UnexpectedLogCatcher
from tests.support.keyring_fake import MemoryKeyring


def test_the_home_is_a_folder_of_this_test_alone(tmp_path: Path) -> None:
    assert os.environ["DESKTOP_SYNC_HOME"] == str(tmp_path / "home")


def test_qt_gets_no_screen_unless_it_was_asked_for() -> None:
    assert "DESKTOP_SYNC_TEST_DISPLAY" in os.environ or os.environ["QT_QPA_PLATFORM"] == "offscreen"


def test_passwords_go_to_the_fake_store_and_come_back_from_it() -> None:
    assert isinstance(keyring.get_keyring(), MemoryKeyring)
    keyring.set_password("desktop-sync", "CRM", "planted")
    assert keyring.get_password("desktop-sync", "CRM") == "planted"
    keyring.delete_password("desktop-sync", "CRM")
    assert keyring.get_password("desktop-sync", "CRM") is None
    with pytest.raises(keyring.errors.PasswordDeleteError):
        keyring.delete_password("desktop-sync", "CRM")


def test_a_process_that_a_test_starts_uses_the_fake_store_too(tmp_path: Path) -> None:
    code = "import keyring; print(type(keyring.get_keyring()).__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "MemoryKeyring"


def test_an_expected_log_line_does_not_fail_the_test(expected_log: Callable[[str], None]) -> None:
    expected_log("disk .* full")
    logging.getLogger("desktop_sync.ledger").warning("disk %s is full", "a")


def caught(*messages: str, expected: tuple[str, ...] = ()) -> list[str]:
    catcher = UnexpectedLogCatcher()
    for pattern in expected:
        catcher.expect(pattern)
    for message in messages:
        catcher.handle(logging.LogRecord("desktop_sync.x", logging.WARNING, "", 0, message, (), None))
    return catcher.complaints()


def test_an_unexpected_log_line_is_a_complaint() -> None:
    assert caught("odd") == ["unexpected log line: WARNING desktop_sync.x: odd"]
    assert caught("odd", "known", expected=("known",)) == ["unexpected log line: WARNING desktop_sync.x: odd"]


def test_an_expected_log_line_that_does_not_come_is_a_complaint() -> None:
    assert caught(expected=("known",)) == ["expected log line did not come: known"]
