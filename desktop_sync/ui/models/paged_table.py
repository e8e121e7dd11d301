"""A table of any length that holds a window of pages; `data()` never waits for anything (DESIGN, Tables)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar, cast

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.models.row_ranges import Ranges, count_rows
from desktop_sync.ui.models.source import Column, RowSource

R = TypeVar("R")

PAGE_ROWS = 200
KEPT_PAGES = 60
TONE_ROLE = Qt.ItemDataRole.UserRole + 1
ICON_ROLE = Qt.ItemDataRole.UserRole + 2
DIFFERS_ROLE = Qt.ItemDataRole.UserRole + 3
WEAK_ROLE = Qt.ItemDataRole.UserRole + 4
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex


def _count_and_page(source: RowSource[object], first_row: int) -> tuple[int, int, list[object]]:
    """The count and the page around a row; in a worker."""
    number = first_row // PAGE_ROWS
    return source.count(), number, list(source.page(number * PAGE_ROWS, PAGE_ROWS))


def _page(source: RowSource[object], number: int) -> tuple[int, list[object]]:
    return number, list(source.page(number * PAGE_ROWS, PAGE_ROWS))


class PagedTableModel(QAbstractTableModel, Generic[R]):
    """Rows of a `RowSource`, fetched page by page in jobs; a row that is not there yet is an ellipsis.

    `loaded` comes when the count and first page of a new source are there, `load_failed` when they cannot be had.
    """

    loaded = Signal()
    load_failed = Signal(object)
    page_arrived = Signal()
    sort_wanted = Signal(str, bool)

    def __init__(self, columns: Sequence[Column[R]], jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._source: RowSource[R] | None = None
        self._count = 0
        self._pages: OrderedDict[int, list[R]] = OrderedDict()
        self._stale: set[int] = set()
        self._wanted: list[int] = []
        self._weak_rows = False
        self._head = Latest(jobs, self)
        self._head.arrived.connect(self._take_head)
        self._head.failed.connect(self.load_failed)
        self._body = Latest(jobs, self)
        self._body.arrived.connect(self._take_page)
        self._body.failed.connect(self.load_failed)
        self._fetch_soon = QTimer(self)
        self._fetch_soon.setSingleShot(True)
        self._fetch_soon.setInterval(0)
        self._fetch_soon.timeout.connect(self._fetch)
        self._replaces = True
        self._around = 0

    # What the window asks

    @property
    def source(self) -> RowSource[R] | None:
        return self._source

    @property
    def is_loading(self) -> bool:
        return self._head.is_waiting

    def show(self, source: RowSource[R]) -> None:
        """The table will show that source from its first row; until it answers, the old rows stay."""
        self._source = source
        self._replaces = True
        self._body.forget()
        self._head.ask(partial(_count_and_page, cast(RowSource[object], source), 0))

    def refresh(self, first_row: int = 0) -> None:
        """The same source is read again; scroll position and selection stay where the rows do."""
        if self._source is None or self._head.is_waiting:
            return
        self._replaces = False
        self._stale.update(self._pages)
        self._head.ask(partial(_count_and_page, cast(RowSource[object], self._source), first_row))

    def clear(self) -> None:
        """No source and no rows."""
        self._head.forget()
        self._body.forget()
        self._source = None
        self.beginResetModel()
        self._pages.clear()
        self._stale.clear()
        self._count = 0
        self.endResetModel()

    def row(self, number: int) -> R | None:
        """The row, or None while it is not there."""
        page = self._pages.get(number // PAGE_ROWS)
        offset = number % PAGE_ROWS
        return page[offset] if page is not None and offset < len(page) else None

    def find(self, is_wanted: Callable[[R], bool]) -> int | None:
        """The number of the first row that is wanted, of those that are here as they stand now."""
        for page_number in sorted(self._pages.keys() - self._stale):
            for offset, row in enumerate(self._pages[page_number]):
                if is_wanted(row):
                    return page_number * PAGE_ROWS + offset
        return None

    def seen(self, ranges: Ranges) -> list[R] | None:
        """The rows as they are shown; None where not all of them are here."""
        if count_rows(ranges) > KEPT_PAGES * PAGE_ROWS:
            return None
        rows = [self.row(number) for first, last in ranges for number in range(first, last + 1)]
        return None if any(row is None for row in rows) else cast(list[R], rows)

    # What the view asks

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.columns[section].align | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column.align | Qt.AlignmentFlag.AlignVCenter
        row = self._row_or_want(index.row())
        if row is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return column.cell(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(row)
        if role == TONE_ROLE:
            return column.tone(row) if column.tone else None
        if role == ICON_ROLE:
            return column.icon(row) if column.icon else None
        if role == DIFFERS_ROLE:
            return column.differs(row) if column.differs else None
        return self.row_data(row, role)

    def redraw(self) -> None:
        """Every cell is asked for its text again: what it is made from has changed, and not the rows."""
        if self._count:
            self.dataChanged.emit(self.index(0, 0), self.index(self._count - 1, len(self.columns) - 1))

    def row_data(self, row: R, role: int) -> object:
        """Roles that hold for a whole row; a subclass adds its own."""
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """The owner is asked for a source in that order, without a column for that of the beginning; columns without an
        order are left alone."""
        if column < 0:
            self.sort_wanted.emit("", False)
        elif 0 <= column < len(self.columns) and self.columns[column].sort:
            self.sort_wanted.emit(self.columns[column].sort, order is Qt.SortOrder.DescendingOrder)

    # Fetching

    def _row_or_want(self, number: int) -> R | None:
        page_number = number // PAGE_ROWS
        page = self._pages.get(page_number)
        if page is None or page_number in self._stale:
            if page_number not in self._wanted:
                self._wanted.append(page_number)
            self._fetch_soon.start()
        if page is None:
            return None
        self._pages.move_to_end(page_number)
        offset = number % PAGE_ROWS
        return page[offset] if offset < len(page) else None

    @Slot()
    def _fetch(self) -> None:
        if self._source is None or self._body.is_waiting or self._head.is_waiting:
            return
        while self._wanted:
            number = self._wanted.pop()  # the newest wish first: it is what the person looks at
            if number not in self._pages or number in self._stale:
                del self._wanted[:-8]
                self._body.ask(partial(_page, cast(RowSource[object], self._source), number))
                return

    @Slot(object)
    def _take_head(self, answer: tuple[int, int, list[R]]) -> None:
        count, number, rows = answer
        if self._replaces:
            self.beginResetModel()
            self._pages.clear()
            self._stale.clear()
            self._wanted.clear()
            self._count = count
            self._pages[number] = rows
            self.endResetModel()
        else:
            self._resize(count)
            self._keep(number, rows)
        self._fetch_soon.start()
        self.loaded.emit()

    @Slot(object)
    def _take_page(self, answer: tuple[int, list[R]]) -> None:
        self._keep(*answer)
        self.page_arrived.emit()
        if self._wanted:
            self._fetch_soon.start()

    def _resize(self, count: int) -> None:
        if count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._count = count
            self.endInsertRows()
        elif count < self._count:
            self.beginRemoveRows(QModelIndex(), count, self._count - 1)
            self._count = count
            self.endRemoveRows()

    def _keep(self, number: int, rows: list[R]) -> None:
        self._pages[number] = rows
        self._pages.move_to_end(number)
        self._stale.discard(number)
        while len(self._pages) > KEPT_PAGES:
            dropped, _ = self._pages.popitem(last=False)
            self._stale.discard(dropped)
        first = number * PAGE_ROWS
        last = min(first + PAGE_ROWS, self._count) - 1
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))
