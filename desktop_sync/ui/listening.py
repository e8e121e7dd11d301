"""Whether the window's program listens for webhooks and other programs, as its user prefers (SPEC §8)."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.core.error_text import sentence
from desktop_sync.core.ports import ListenAddress
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.preferences import Preferences


def listen(application: Application, port: int) -> ListenAddress | None:
    """Listens on that port of this machine alone, or not at all where it is 0. In a worker."""
    desk = application.listening
    desk.close()
    return desk.start(ListenAddress(port=port)) if port else None


class Listening(QObject):
    """`told` says in words how it stands; `failed` carries an error."""

    told = Signal(str)
    failed = Signal(object)

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._port = 0
        self.words = ""
        self._asked = Latest(context.jobs, self)
        self._asked.arrived.connect(self._listens)
        self._asked.failed.connect(self._cannot)

    @Slot(object)
    def prefer(self, preferences: Preferences) -> None:
        """Listens as is preferred from now on; nothing happens where that is so already."""
        port = preferences.listen_port if preferences.listens else 0
        if port != self._port:
            self._port = port
            self._say(self.tr("One moment…"))
            self._asked.ask(partial(listen, self._context.application, port))

    @Slot(object)
    def _listens(self, address: ListenAddress | None) -> None:
        if address is None:
            self._say("")
            return
        where = f"http://{address.host}:{address.port}"
        token = self._context.application.listening.token_path
        self._say(self.tr("Listening on {0}. Programs show the token in {1}.").format(where, token))

    @Slot(object)
    def _cannot(self, error: BaseException) -> None:
        self._port = 0
        self._say(sentence(error))
        self.failed.emit(error)

    def _say(self, words: str) -> None:
        self.words = words
        self.told.emit(words)
