"""What the local listener is told: webhooks become hints, and who has the token starts runs (SPEC §8).

Nothing here knows HTTP but its headers; `desktop_sync.remote` brings the server.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import secrets as randomness
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from desktop_sync.core.configuration import RealTime, Side
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import DefinitionStore
from desktop_sync.core.ports import Clock, ListenAddress, Secrets
from desktop_sync.core.push import Hint
from desktop_sync.core.run import RunKind
from desktop_sync.core.webhook import ForgedError, hints, keys_of, verified
from desktop_sync.services.unattended.deliveries import Deliveries

_log = logging.getLogger(__name__)

TOKEN_FILE = "listener.token"
TOKEN_BYTES = 32
KEYS_KEPT_S = 60.0
"""So long a key is not asked of the password store again, which may be slow or prompt."""


class Server(Protocol):
    """A server that listens in threads of its own."""

    @property
    def address(self) -> ListenAddress:
        """Where it listens really."""

    def close(self) -> None:
        """Nothing is listened to any more. May be repeated."""


class Ask(Protocol):
    """Wants a run of a configuration as soon as it may begin; see `UnattendedService.ask`."""

    def __call__(self, name: str, kind: RunKind) -> None: ...


class Serve(Protocol):
    """Opens a server for the service. Raises OSError where it cannot listen there."""

    def __call__(self, service: ListenerService, address: ListenAddress, /) -> Server: ...


class NotAllowedError(Exception):
    """Without a word why: whoever asks may be anybody."""


class ListenerService:
    """Any thread."""

    def __init__(
        self,
        home: Path,
        store: DefinitionStore,
        secrets: Secrets,
        clock: Clock,
        tell: Callable[[Iterable[Hint]], None],
        ask: Ask,
        serve: Serve,
    ) -> None:
        self._home = home
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._tell = tell
        self._ask = ask
        self._serve = serve
        self._deliveries = Deliveries(home)
        self._keys: dict[str, tuple[float, tuple[bytes, ...]]] = {}
        self._lock = threading.Lock()
        self._server: Server | None = None

    def start(self, address: ListenAddress) -> ListenAddress:
        """Listens from now on, and says where. Raises ConfigurationError where nothing can listen there."""
        with self._lock:
            if self._server is None:
                self.token()
                try:
                    self._server = self._serve(self, address)
                except OSError as error:
                    problem = error.strerror or str(error)
                    text = f"nothing can listen on {address.host}, port {address.port}: {problem}"
                    raise ConfigurationError(text, path="listen") from error
            return self._server.address

    def close(self) -> None:
        """Nothing is listened to any more. May be repeated."""
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._server = None

    @property
    def token_path(self) -> Path:
        """The file that holds what a program must show to start a run."""
        return self._home / TOKEN_FILE

    def token(self) -> str:
        """Made when it is first needed; only the owner of the home may read it."""
        with contextlib.suppress(FileNotFoundError):
            token = self.token_path.read_text("ascii", "replace").strip()
            if len(token) >= TOKEN_BYTES:
                return token
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.token_path.with_suffix(".new")
        handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(randomness.token_urlsafe(TOKEN_BYTES) + "\n")
        fresh.replace(self.token_path)
        return self.token_path.read_text("ascii").strip()

    def deliver(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> None:
        """What the message tells of waits for its run. `headers` by their names in small letters.

        Raises NotAllowedError for who has not the endpoint's key, for an old message and for one that came before,
        TooManyError where too many come, OSError where what came cannot be noted.
        """
        known = next((one for one in self._store.endpoints() if one.name == endpoint), None)
        webhook = known.webhook if known is not None else None
        now_s = self._clock.now().timestamp()
        try:
            # One that nobody knows is checked like any other, so that the time does not tell which endpoints there are.
            keys = self._keys_of(webhook.key.name) if webhook is not None else (randomness.token_bytes(TOKEN_BYTES),)
            delivery = verified(headers, body, keys, now_s)
            if webhook is None or not self._deliveries.take(f"{endpoint} {delivery.id}", delivery.at_s, now_s):
                raise ForgedError("it came before")
        except ForgedError as error:
            _log.info("a message for a webhook was refused: %s", error)
            raise NotAllowedError from None
        self._tell(hints(webhook, endpoint, self._structures(endpoint), body))

    def ask(self, token: str, name: str, kind: RunKind) -> None:
        """The configuration runs as soon as it may. Raises NotAllowedError for a wrong token, and ConfigurationError
        where there is none of that name or it is switched off."""
        if not token.isascii() or not hmac.compare_digest(token, self.token()):
            raise NotAllowedError
        known = next((one for one in self._store.configurations() if one.name == name), None)
        if known is None:
            raise ConfigurationError(f'there is no configuration "{name}"', path="name")
        if not known.enabled:
            raise ConfigurationError(f'"{name}" is switched off', path="name")
        self._ask(name, kind)

    def _keys_of(self, secret: str) -> tuple[bytes, ...]:
        """Raises ForgedError: without a key nobody is let in."""
        now_s = self._clock.monotonic_s()
        kept = self._keys.get(secret)
        if kept is not None and 0 <= now_s - kept[0] < KEYS_KEPT_S:
            return kept[1]
        found = self._secrets.read(secret)
        if found.value is None:
            raise ForgedError(f'the secret "{secret}" cannot be had: {found.state.value}')
        try:
            keys = keys_of(found.value)
        except ValueError as error:
            raise ForgedError(f'the secret "{secret}" is no key of a webhook: {error}') from error
        self._keys[secret] = (now_s, keys)
        return keys

    def _structures(self, endpoint: str) -> list[str]:
        """Those that somebody wants to hear of at once."""
        return [
            entity.structures.of(side)
            for one in self._store.configurations()
            for entity in one.entities
            for side in Side
            if one.enabled and one.endpoint_of(side) == endpoint and entity.real_time is not RealTime.OFF
        ]
