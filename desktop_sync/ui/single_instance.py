"""One window per home: a second start raises the first one's window."""

from __future__ import annotations

import getpass
import hashlib
import os
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

RAISE = b"raise\n"
CONNECT_TIMEOUT_MS = 500
MOST_BYTES = 64


LONGEST_PATH = 90
"""Of a socket, in bytes: systems take some hundred, and Qt appends to it while it makes one."""


def server_names(home: Path) -> list[str]:
    """Where the window of that home may listen, the best place first: the same for every start by that user, and for
    nobody else. In the home itself, because two starts need not have the same folder for temporary files."""
    key = f"{getpass.getuser()}\0{home.resolve()}".encode()
    names = [f"desktop-sync-{hashlib.sha256(key).hexdigest()[:24]}"]
    place = home.resolve() / "window.socket"
    if os.name == "posix" and len(os.fsencode(place)) <= LONGEST_PATH and os.access(home, os.W_OK):
        names.insert(0, str(place))
    return names


def raise_first_window(home: Path) -> bool:
    """True when another start has the window of that home: it was asked to come to the front."""
    return any(_raise(name) for name in server_names(home))


def _raise(name: str) -> bool:
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(CONNECT_TIMEOUT_MS):
        return False
    socket.write(RAISE)
    socket.flush()
    socket.waitForBytesWritten(CONNECT_TIMEOUT_MS)
    socket.disconnectFromServer()
    return True


class SingleInstance(QObject):
    """Listens for later starts, of the same user only. `raise_wanted` comes when there was one."""

    raise_wanted = Signal()

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        for name in server_names(home):
            if self._server.listen(name):
                break
            # Nobody answered before, so what is in the way was left by a start that was killed.
            QLocalServer.removeServer(name)
            if self._server.listen(name):
                break

    @property
    def is_listening(self) -> bool:
        return self._server.isListening()

    @property
    def full_name(self) -> str:
        """Where it listens: a path, or the name of a pipe."""
        return self._server.fullServerName()

    def close(self) -> None:
        self._server.close()

    @Slot()
    def _connected(self) -> None:
        while self._server.hasPendingConnections():
            _Caller(self._server.nextPendingConnection(), self).said_it.connect(self.raise_wanted)


class _Caller(QObject):
    """Somebody who connected. Only the one word counts; who says anything else, or nothing, is hung up on."""

    said_it = Signal()

    def __init__(self, socket: QLocalSocket, parent: QObject) -> None:
        super().__init__(parent)
        socket.setParent(self)
        socket.setReadBufferSize(MOST_BYTES)
        self._socket = socket
        self._is_understood = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._hang_up)
        self._patience.start(CONNECT_TIMEOUT_MS)
        socket.readyRead.connect(self._listen)
        socket.disconnected.connect(self.deleteLater)
        self._listen()

    @Slot()
    def _listen(self) -> None:
        said = bytes(self._socket.peek(MOST_BYTES).data())
        if self._is_understood or (RAISE.startswith(said) and said != RAISE):
            return
        self._is_understood = True
        self._patience.start(0)  # not at once: the socket is in the middle of telling
        if said == RAISE:
            self.said_it.emit()

    @Slot()
    def _hang_up(self) -> None:
        self._socket.abort()
        self.deleteLater()
