"""Tables of any length that hold a window of pages."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.models.paged_table import KEPT_PAGES, PAGE_ROWS, PagedTableModel
from desktop_sync.ui.models.row_ranges import as_text, collect, count_rows, export_csv, merged
from desktop_sync.ui.models.source import Column

QUICK_MS = 5000
COLUMNS = (
    Column[int]("number", "Number", lambda row: str(row), sort="number"),
    Column[int]("text", "Text", lambda row: f"=row <b>{row}</b>\nsecond line"),
)


@dataclass
class Numbers:
    """Rows 0, 1, 2 … and a note of every page that was asked for."""

    length: int
    asked: list[tuple[int, int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    fails: bool = False

    def count(self) -> int:
        if self.fails:
            raise OSError("no")
        return self.length

    def page(self, offset: int, limit: int) -> list[int]:
        self.asked.append((offset, limit))
        self.threads.add(threading.get_ident())
        return list(range(offset, min(offset + limit, self.length)))


def shown(qtbot: QtBot, jobs: JobRunner, source: Numbers) -> PagedTableModel[int]:
    model = PagedTableModel[int](COLUMNS, jobs)
    with qtbot.waitSignal(model.loaded, timeout=QUICK_MS):
        model.show(source)
    return model


def cell(model: PagedTableModel[int], row: int, column: int = 0) -> object:
    return model.index(row, column).data()


def test_the_model_keeps_qts_contract(qtbot: QtBot, jobs: JobRunner, qtmodeltester: ModelTester) -> None:
    model = shown(qtbot, jobs, Numbers(450))
    qtmodeltester.check(model, force_py=True)
    model.show(Numbers(7))
    qtbot.waitUntil(lambda: model.rowCount() == 7, timeout=QUICK_MS)
    qtmodeltester.check(model, force_py=True)


def test_qts_own_tester_finds_nothing_while_pages_come_and_rows_go(qtbot: QtBot, jobs: JobRunner) -> None:
    from PySide6.QtTest import QAbstractItemModelTester

    model = PagedTableModel[int](COLUMNS, jobs)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    source = Numbers(450)
    with qtbot.waitSignal(model.loaded, timeout=QUICK_MS):
        model.show(source)
    for length in (900, 30, 30, 0, 250):
        source.length = length
        with qtbot.waitSignal(model.loaded, timeout=QUICK_MS):
            model.refresh()
        assert model.rowCount() == length
    assert tester.model() is model


def test_a_row_far_down_is_an_ellipsis_first_and_then_there(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(1_000_000))
    assert model.rowCount() == 1_000_000
    assert cell(model, 5) == "5"
    assert cell(model, 765_432) == "…"
    qtbot.waitUntil(lambda: cell(model, 765_432) == "765432", timeout=QUICK_MS)


def test_data_never_waits_and_never_reads(qtbot: QtBot, jobs: JobRunner) -> None:
    source = Numbers(1_000_000)
    model = shown(qtbot, jobs, source)
    before = len(source.asked)
    began = time.perf_counter()
    for row in range(0, 1_000_000, 1000):
        cell(model, row)
    assert time.perf_counter() - began < 0.5
    assert len(source.asked) == before
    assert threading.get_ident() not in source.threads


def test_scrolling_through_a_million_rows_reads_only_what_was_looked_at_last(qtbot: QtBot, jobs: JobRunner) -> None:
    source = Numbers(1_000_000)
    model = shown(qtbot, jobs, source)
    for row in range(0, 1_000_000, PAGE_ROWS):
        cell(model, row)
    qtbot.waitUntil(lambda: cell(model, 999_999) == "999999", timeout=QUICK_MS)
    assert len(source.asked) < 20


def test_memory_is_bounded(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(100_000))
    for page in range(KEPT_PAGES + 20):
        row = page * PAGE_ROWS
        cell(model, row)
        qtbot.waitUntil(lambda row=row: model.row(row) is not None, timeout=QUICK_MS)
    kept = sum(model.row(page * PAGE_ROWS) is not None for page in range(500))
    assert kept <= KEPT_PAGES


def test_a_refresh_keeps_rows_and_takes_new_ones(qtbot: QtBot, jobs: JobRunner) -> None:
    source = Numbers(10)
    model = shown(qtbot, jobs, source)
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    source.length = 12
    with qtbot.waitSignal(model.loaded, timeout=QUICK_MS):
        model.refresh()
    assert model.rowCount() == 12
    assert cell(model, 11) == "11"
    assert not resets


def test_record_data_in_tooltips_is_shown_as_it_is(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(3))
    tip = model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;0&lt;/b&gt;" in tip
    assert cell(model, 0, 1) == "=row <b>0</b> second line"


def test_sorting_is_asked_of_the_owner_and_only_for_columns_that_can(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(3))
    with qtbot.waitSignal(model.sort_wanted, timeout=QUICK_MS) as wanted:
        model.sort(0, Qt.SortOrder.DescendingOrder)
    assert wanted.args == ["number", True]
    with qtbot.assertNotEmitted(model.sort_wanted):
        model.sort(1, Qt.SortOrder.DescendingOrder)


def test_an_error_is_told_and_the_old_rows_stay(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(3))
    with qtbot.waitSignal(model.load_failed, timeout=QUICK_MS):
        model.show(Numbers(9, fails=True))
    assert model.rowCount() == 3


def test_a_table_has_no_children(qtbot: QtBot, jobs: JobRunner) -> None:
    model = shown(qtbot, jobs, Numbers(3))
    inside = model.index(0, 0, QModelIndex())
    assert model.rowCount(inside) == 0
    assert model.columnCount(inside) == 0


def test_ranges_are_merged_and_counted() -> None:
    assert merged([(5, 9), (0, 2), (3, 3), (8, 12)]) == ((0, 3), (5, 12))
    assert count_rows(((0, 3), (5, 12))) == 12


def test_a_selection_longer_than_a_page_is_read_whole() -> None:
    assert collect(Numbers(5000), ((10, 2509), (4000, 4000)), lambda row: row) == [*range(10, 2510), 4000]


@pytest.mark.scenario("X6")
def test_copied_text_has_titles_and_no_formula() -> None:
    text = as_text(Numbers(2), ((0, 1),), COLUMNS)
    assert text.splitlines()[0] == "Number\tText"
    assert "'=row" in text


def test_an_export_holds_every_row(tmp_path: object) -> None:
    from pathlib import Path

    from desktop_sync.core.ports import CancelToken, NoProgress

    path = Path(str(tmp_path)) / "out.csv"
    written = export_csv(Numbers(2500), COLUMNS[:1], path, NoProgress(), CancelToken())
    assert written == 2500
    assert path.read_text(encoding="utf-8-sig").splitlines() == ["Number", *map(str, range(2500))]


def test_a_cancelled_export_leaves_the_old_file_and_nothing_else(tmp_path: object) -> None:
    from pathlib import Path

    import pytest

    from desktop_sync.core.errors import CancelledError
    from desktop_sync.core.ports import CancelToken, NoProgress

    path = Path(str(tmp_path)) / "out.csv"
    path.write_text("old")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        export_csv(Numbers(2500), COLUMNS[:1], path, NoProgress(), cancel)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
