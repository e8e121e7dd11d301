"""The providers of this program pass the suite that third parties run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.suite import ProviderConformance
from tests.conformance.workshops import ChaosWorkshop, CsvWorkshop, SqliteWorkshop
from tests.support.chaos_system import CLASSES


class TestSqlite(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> SqliteWorkshop:
        return SqliteWorkshop(tmp_path)


class TestCsv(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> CsvWorkshop:
        return CsvWorkshop(tmp_path)


class TestSystemInMemory(ProviderConformance):
    """The fake that the fault tests run against is held against the same rules."""

    @pytest.fixture
    def workshop(self) -> ChaosWorkshop:
        return ChaosWorkshop(CLASSES["client-id"])
