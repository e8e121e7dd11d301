"""Running just a part of a preview: the chosen rows, or the first few as a pilot (SPEC §9)."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.ui.bridge.open_preview import OpenPreview
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.pilot import PilotDialog
from desktop_sync.ui.models.row_ranges import count_rows
from desktop_sync.ui.text.sentences import records
from desktop_sync.ui.views.plan_choices import keep_first, keep_only
from desktop_sync.ui.widgets.table_area import TableArea


class PlanPart(QObject):
    """Asks first: the keys for it are pressed by mistake easily. `left` carries the counts when all else of the preview
    is left out, `failed` an error."""

    left = Signal(object)
    failed = Signal(object)

    def __init__(self, context: WindowContext, area: TableArea, parent: QWidget) -> None:
        super().__init__(parent)
        self._page = parent
        self._context = context
        self._area = area
        self._preview: OpenPreview | None = None

    def ask_only(self, preview: OpenPreview) -> None:
        count = count_rows(self._area.view.selected_ranges())
        if not count:
            return
        self._preview = preview
        self.question = AskDialog(
            self.tr("Synchronize only {0}?").format(records(count)),
            self.tr("All other rows of this preview are left out. The next run finds them again."),
            (("run", self.tr("&Synchronize"), "primary"), ("back", self.tr("&Cancel"), "")),
            self._page,
        )
        self.question.answered.connect(self._only_answered)
        self.question.open()

    def ask_pilot(self, preview: OpenPreview, writing: int) -> None:
        """`writing`: to how many records the preview would write, at least two."""
        self._preview = preview
        self.pilot = PilotDialog(writing, self._page)
        self.pilot.wanted.connect(self._run_pilot)
        self.pilot.open()

    @Slot(str, bool)
    def _only_answered(self, answer: str, _again: bool) -> None:
        source, ranges = self._area.model.source, self._area.view.selected_ranges()
        preview, self._preview = self._preview, None
        if answer == "run" and source is not None and ranges and preview is not None:
            job = self._context.jobs.start(partial(keep_only, preview, source, ranges))
            job.finished.connect(self.left)
            job.failed.connect(self.failed)

    @Slot(int)
    def _run_pilot(self, count: int) -> None:
        preview, self._preview = self._preview, None
        if preview is not None:
            job = self._context.jobs.start(partial(keep_first, preview, count))
            job.finished.connect(self.left)
            job.failed.connect(self.failed)
