"""The local listener: webhooks, and runs that another program asks for, over HTTP (SPEC §8; RELIABILITY X11 to X13).

    POST /hooks/ENDPOINT                 a signed message (`core.webhook`): 204
    POST /run|prepare|process/NAME       with `Authorization: Bearer TOKEN`: 202, the run begins as soon as it may

Everything else is refused without a word why. Nothing is ever given out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from desktop_sync.core.errors import ConfigurationError, DesktopSyncError
from desktop_sync.core.ports import ListenAddress
from desktop_sync.core.run import RunKind
from desktop_sync.core.webhook import MOST_BYTES
from desktop_sync.services.unattended.deliveries import TooManyError
from desktop_sync.services.unattended.listening import ListenerService, NotAllowedError

_log = logging.getLogger(__name__)

HOOKS = "/hooks/"
KINDS = {"/run/": RunKind.RUN, "/prepare/": RunKind.PREPARE, "/process/": RunKind.PROCESS}
MOST_HEADER_BYTES = 16 * 1024
MOST_CONNECTIONS = 64
PATIENCE_S = 15
"""So long a connection may say nothing."""

_LOOK_S = 0.5
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a page of a browser can send without being asked; nobody else has a reason to."""

Answer = tuple[int, Mapping[str, str], bytes]
Environment = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_WORDS = {
    202: "Accepted", 204: "No Content", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 413: "Content Too Large", 429: "Too Many Requests", 503: "Service Unavailable",
}  # fmt: skip


class Door:
    """The WSGI application. Called by several threads at once."""

    def __init__(self, service: ListenerService, hosts: Callable[[], frozenset[str]]) -> None:
        """`hosts`: by which names, with the port, the listener may be called for anything but a webhook."""
        self._service = service
        self._hosts = hosts

    def __call__(
        self, environ: Environment, start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> list[bytes]:
        try:
            code, headers, body = self._answer(environ)
        except (OSError, DesktopSyncError) as error:
            _log.warning("a request could not be taken (%s)", type(error).__name__)
            code, headers, body = 503, {"Retry-After": "60"}, b""
        length = {} if code == 204 else {"Content-Length": str(len(body))}
        start_response(f"{code} {_WORDS[code]}", [*headers.items(), *length.items()])
        return [body]

    def _answer(self, environ: Environment) -> Answer:
        if environ["REQUEST_METHOD"] != "POST":
            return 405, {"Allow": "POST"}, b""
        path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
        if path.startswith(HOOKS):
            return self._hook(path.removeprefix(HOOKS), environ)
        for prefix, kind in KINDS.items():
            if path.startswith(prefix):
                return self._run(path.removeprefix(prefix), kind, environ)
        return 404, {}, b""

    def _hook(self, endpoint: str, environ: Environment) -> Answer:
        body = environ["wsgi.input"].read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            return 413, {}, b""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        try:
            self._service.deliver(endpoint, headers, body)
        except NotAllowedError:
            return 401, {}, b""
        except TooManyError:
            return 429, {"Retry-After": "60"}, b""
        return 204, {}, b""

    def _run(self, name: str, kind: RunKind, environ: Environment) -> Answer:
        content = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
        is_page = "HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ or content in _FORMS
        if is_page or str(environ.get("HTTP_HOST", "")).lower() not in self._hosts():
            return 403, {}, b""
        word, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        try:
            if word.lower() != "bearer":
                raise NotAllowedError
            self._service.ask(token.strip(), name, kind)
        except NotAllowedError:
            return 403, {}, b""
        except ConfigurationError:
            return 404, {}, b""
        answer = json.dumps({"configuration": name, "asked": kind.value}).encode()
        return 202, {"Content-Type": "application/json"}, answer


class Listener:
    """Listens from when it is made, in a thread of its own and four that answer, until it is closed."""

    def __init__(self, service: ListenerService, address: ListenAddress) -> None:
        """Raises OSError where nothing can listen there."""
        self._connections: dict[int, Any] = {}
        host = _literal(address.host)
        # Bound here: waitress leaves its own open where the port is taken.
        bound = socket.create_server(
            (host, address.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=MOST_CONNECTIONS
        )
        self._server = create_server(
            Door(service, lambda: self._hosts),
            map=self._connections,
            sockets=[bound],
            threads=4,
            ident="",
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=PATIENCE_S,
            cleanup_interval=5,
            max_request_body_size=MOST_BYTES,
            max_request_header_size=MOST_HEADER_BYTES,
            clear_untrusted_proxy_headers=True,
            expose_tracebacks=False,
            log_socket_errors=False,
        )
        self.address = ListenAddress(host, int(bound.getsockname()[1]))
        self._hosts = _names(self.address)
        self._is_closed = False
        self._thread = threading.Thread(target=self._go_on, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._server.pull_trigger()
            self._thread.join()

    def _go_on(self) -> None:
        while not self._is_closed:
            wasyncore.loop(timeout=_LOOK_S, map=self._connections, count=1)
        self._server.task_dispatcher.shutdown()
        with contextlib.suppress(OSError):
            wasyncore.close_all(self._connections, ignore_all=True)


def _literal(host: str) -> str:
    """The address to listen on: `localhost` is IPv4's."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError as error:
        raise OSError(f'"{host}" is no address of this machine') from error


def _names(address: ListenAddress) -> frozenset[str]:
    """What a request may call this machine: a name that somebody else made stand for it is none (DNS rebinding)."""
    names: Iterable[str] = ("localhost", "127.0.0.1", "[::1]")
    plain = ipaddress.ip_address(address.host)
    if not plain.is_loopback:
        own = f"[{plain}]" if plain.version == 6 else str(plain)
        names = (*names, own, socket.gethostname().lower())
    return frozenset(f"{name}:{address.port}" for name in names)
