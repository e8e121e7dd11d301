"""Providers are found by name and imported when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop_sync.core.errors import BugError, ConfigurationError
from desktop_sync.providers.registry import Registry


def test_every_built_in_provider_answers_to_its_name() -> None:
    registry = Registry()
    assert [provider.name for provider in registry.all()] == list(registry.names()) == ["csv", "sql"]


def test_an_unknown_name_is_the_users_to_fix_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigurationError, match="csv, sql"):
        Registry().get("paper")


def test_a_provider_under_a_wrong_name_is_a_bug() -> None:
    with pytest.raises(BugError):
        Registry({"paper": ("desktop_sync.providers.csv.provider", "CsvProvider")}).get("paper")


def test_the_names_are_known_without_importing_a_provider() -> None:
    program = (
        "import sys; from desktop_sync.providers.registry import Registry; Registry().names(); "
        "assert not {'pyarrow', 'sqlite3', 'sqlalchemy', 'desktop_sync.providers.csv'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
