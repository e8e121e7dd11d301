"""What records are called, read from their systems in a worker when a list shows them: it does not wait for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest

WAITING = "…"


class RecordNaming(QObject):
    """`named` comes when names arrived. Where they cannot be read, the records stay without one."""

    named = Signal()

    def __init__(self, application: Application, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._names: dict[int, str] = {}
        self._asked: frozenset[int] = frozenset()
        self._reading = Latest(jobs, self)
        self._reading.arrived.connect(self._take)
        self._reading.failed.connect(self._refuse)

    def of(self, record_id: int) -> str | None:
        """Its name; an ellipsis until that has been read, None where it has none."""
        name = self._names.get(record_id)
        return WAITING if name is None and record_id in self._asked else name or None

    def ask(self, configuration: str, record_ids: Sequence[int], *, anew: bool) -> None:
        """Names of these records will arrive; `anew`: also of those that have one, for they may have changed."""
        wanted = frozenset(one for one in record_ids if anew or one not in self._names)
        if wanted and not wanted <= self._asked:
            self._asked = wanted
            names = partial(self._application.explanation.names, configuration, sorted(wanted))
            self._reading.ask(names)

    @Slot(object)
    def _take(self, names: Mapping[int, str]) -> None:
        self._names.update({one: names.get(one, "") for one in self._asked})
        self._asked = frozenset()
        self.named.emit()

    @Slot()
    def _refuse(self) -> None:
        self._asked = frozenset()
        self.named.emit()
