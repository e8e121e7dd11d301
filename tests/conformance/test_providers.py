"""The providers of this program pass the suite that third parties run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.suite import ProviderConformance
from tests.conformance.workshops import CsvWorkshop, SqliteWorkshop


class TestSqlite(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> SqliteWorkshop:
        return SqliteWorkshop(tmp_path)


class TestCsv(ProviderConformance):
    @pytest.fixture
    def workshop(self, tmp_path: Path) -> CsvWorkshop:
        return CsvWorkshop(tmp_path)
