"""Secrets in the operating system's password store, through keyring.

Only stores that keep secrets from other users are used. Plain-text, null and failing back ends are refused, whoever
chose them: by a configuration file, the environment or a package that happens to be installed (RELIABILITY X1).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError, PasswordDeleteError

from desktop_sync.core.ports import SecretReading, SecretState

SERVICE = "Desktop Sync"
TIME_LIMIT_S = 30.0

ALLOWED_BACK_ENDS = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
_CHAINER = "keyring.backends.chainer.ChainerBackend"
_STATE_OF_ERROR = {
    "LockedException": SecretState.LOCKED,
    "PromptDismissedException": SecretState.DENIED,
    "KeychainDenied": SecretState.DENIED,
    "SecretServiceNotAvailableException": SecretState.NO_BACK_END,
}
T = TypeVar("T")


class _TimeLimitError(Exception):
    """The store did not answer in time."""


class KeyringSecrets:
    """The password store of this user. `find` names the back end; it is asked in a thread of its own, because looking
    for one may block as well. Any thread."""

    def __init__(
        self,
        find: Callable[[], KeyringBackend] = keyring.get_keyring,
        allowed: frozenset[str] = ALLOWED_BACK_ENDS,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        self._find = find
        self._allowed = allowed
        self._time_limit_s = time_limit_s
        self._turn = threading.Lock()
        self._waiting: threading.Thread | None = None

    def read(self, name: str) -> SecretReading:
        """ABSENT when the store is open and holds none."""
        try:
            value = self._ask(lambda store: store.get_password(SERVICE, name))
        except Exception as error:  # back ends raise whatever their library raises
            return SecretReading(state_of(error))
        if value is None:
            return SecretReading(SecretState.ABSENT)
        return SecretReading(SecretState.AVAILABLE, value)

    def write(self, name: str, value: str) -> SecretState:
        """AVAILABLE when the store gives it back."""
        try:
            kept = self._ask(lambda store: _write(store, name, value))
        except Exception as error:  # as above
            return state_of(error)
        return SecretState.AVAILABLE if kept == value else SecretState.ERROR

    def delete(self, name: str) -> SecretState:
        """ABSENT when it is gone, also when it never was there."""
        try:
            self._ask(lambda store: store.delete_password(SERVICE, name))
        except PasswordDeleteError:
            return SecretState.ABSENT
        except Exception as error:  # as above
            return state_of(error)
        return SecretState.ABSENT

    @property
    def is_lasting(self) -> bool:
        return True

    def describe(self) -> str:
        try:
            name = self._ask(lambda store: store.name)
        except Exception as error:  # as above
            if state_of(error) is SecretState.NO_BACK_END:
                return "There is no password store on this computer that keeps secrets safe."
            return "The password store of this computer does not answer; it may be locked."
        return f"Secrets are kept in the password store of this computer ({name})."

    def is_usable(self) -> bool:
        """Whether there is an allowed store, locked or not."""
        try:
            self._ask(lambda _store: None)
        except Exception as error:  # as above
            return state_of(error) is not SecretState.NO_BACK_END
        return True

    def _ask(self, question: Callable[[KeyringBackend], T]) -> T:
        """The answer. A store that waits for a person may block for ever: then its thread is left behind, and nobody
        else is sent after it until it comes back."""
        answers: list[T] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                answers.append(question(self._back_end()))
            except Exception as error:  # carried to the caller's thread
                errors.append(error)

        with self._turn:
            if self._waiting is not None and self._waiting.is_alive():
                raise _TimeLimitError
            thread = threading.Thread(target=ask, name="password store", daemon=True)
            thread.start()
            thread.join(self._time_limit_s)
            self._waiting = thread if thread.is_alive() else None
        if self._waiting is thread:
            raise _TimeLimitError
        if errors:
            raise errors[0]
        return answers[0]

    def _back_end(self) -> KeyringBackend:
        chosen = self._find()
        if _class_name(chosen) in self._allowed:
            return chosen
        if _class_name(chosen) == _CHAINER:
            for each in getattr(chosen, "backends", ()):  # the best first; the refused ones are left out
                if isinstance(each, KeyringBackend) and _class_name(each) in self._allowed:
                    return each
        raise NoKeyringError(f"{_class_name(chosen)} does not keep secrets safe")


def state_of(error: Exception) -> SecretState:
    """What an error of a back end says about the store."""
    if isinstance(error, _TimeLimitError | KeyringLocked):
        return SecretState.LOCKED
    if isinstance(error, NoKeyringError):
        return SecretState.NO_BACK_END
    if isinstance(error, PermissionError):
        return SecretState.DENIED
    seen: BaseException | None = error
    while seen is not None:  # keyring wraps the errors of the libraries below it
        state = _STATE_OF_ERROR.get(type(seen).__name__)
        if state is not None:
            return state
        seen = seen.__cause__
    return SecretState.ERROR


def _write(store: KeyringBackend, name: str, value: str) -> str | None:
    store.set_password(SERVICE, name, value)
    return store.get_password(SERVICE, name)


def _class_name(store: KeyringBackend) -> str:
    kind = type(store)
    return f"{kind.__module__}.{kind.__qualname__}"
