"""The machine's wish that the program ends: SIGINT, SIGTERM, and the end of the session."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _note(number: int, frame: FrameType | None) -> None:
    """Python must have a handler for the byte to be written; the byte is what counts."""


class StopSignals(QObject):
    """While it lives, `wanted` comes for each of the signals instead of what they did before. Main thread only.

    Python runs a handler only between its own steps, and Qt's loop is none: a byte through a socket wakes the loop.
    """

    wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bell, self._striker = socket.socketpair()
        self._bell.setblocking(False)
        self._striker.setblocking(False)
        self._notifier = QSocketNotifier(self._bell.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._rung)
        self._former_fd = signal.set_wakeup_fd(self._striker.fileno(), warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _note) for number in SIGNALS}

    def close(self) -> None:
        """The signals do again what they did before."""
        self._notifier.setEnabled(False)
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        self._bell.close()
        self._striker.close()

    @Slot()
    def _rung(self) -> None:
        numbers = self._bell.recv(64)
        if any(number in numbers for number in SIGNALS):
            self.wanted.emit()
