"""Connections that the program opens to servers which a person named (SPEC §13; RELIABILITY X9, X10).

A name is resolved once, every address that it stands for is looked at, and the connection goes to one of just these
addresses: a name that means another machine a moment later (DNS rebinding) leads nowhere else.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_NOWHERE = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local; clouds keep a machine's own passwords there
        "100.100.100.200/32",  # likewise, of another cloud
        "224.0.0.0/3",  # multicast, reserved and broadcast
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",
        "ff00::/8",
    )
)
"""Nobody's server is there, whatever a person typed."""

_INNER_FORMS = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""IPv6 addresses whose last 32 bits are an IPv4 address that a gateway turns them into (RFC 6052, RFC 8215)."""

THIS_MACHINE = frozenset({"localhost", "ip6-localhost"})

Address = IPv4Address | IPv6Address


class ForbiddenAddressError(Exception):
    """The address leads where nothing is ever sent. The text is a clause for people."""


def check_address(host: str, address: Address) -> None:
    """Nothing, where records may be sent to the address for a person who typed the host; else ForbiddenAddressError.

    Private networks are fine, a person may well mean a server of the office. This machine is meant only where it is
    named: any other name that stands for it belongs to somebody who wants to reach what listens here.
    """
    plain = _unfolded(address)
    if any(plain.version == net.version and plain in net for net in _NOWHERE):
        raise ForbiddenAddressError(f"{host} stands for {address}, which is no server's address")
    if plain.is_loopback and not _means_this_machine(host):
        raise ForbiddenAddressError(f"{host} stands for this machine itself; type localhost where that is meant")


def _unfolded(address: Address) -> Address:
    """The address that is meant where it is written in another form."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in net for net in _INNER_FORMS):
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is None and int(address) >> 32 == 0 and int(address) > 1:  # ::a.b.c.d, long out of use
        inner = IPv4Address(int(address))
    return inner or address


def _means_this_machine(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name in THIS_MACHINE or name.endswith(".localhost") or name == socket.gethostname().lower():
        return True
    try:
        return _unfolded(ip_address(name)).is_loopback
    except ValueError:
        return False


def resolve(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, str]]:
    """The addresses of the host, each of which may be connected to. Raises ForbiddenAddressError, OSError."""
    found = []
    for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if family in (socket.AF_INET, socket.AF_INET6):
            text = str(place[0])
            check_address(host, ip_address(text.partition("%")[0]))
            found.append((family, text))
    if not found:
        raise OSError("the name has no address")
    return found


def connect(host: str, port: int, time_limit_s: float) -> socket.socket:
    """A connection to one of the host's addresses. Raises ForbiddenAddressError before anything is sent, OSError."""
    last: OSError | None = None
    for _, address in resolve(host, port):
        try:
            return socket.create_connection((address, port), time_limit_s)
        except OSError as error:
            last = error
    raise last or OSError("the name has no address")


def safe_context() -> ssl.SSLContext:
    """Certificates and names are checked against the system's authorities, nothing older than TLS 1.2 is spoken."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class PinnedConnection(http.client.HTTPConnection):
    """To addresses that were looked at."""

    def connect(self) -> None:
        self.sock = connect(self.host, self.port, self.timeout or 0.0)


class PinnedTLSConnection(http.client.HTTPSConnection):
    """Likewise, encrypted; the certificate is for the name that the person typed."""

    def __init__(
        self,
        host: str,
        /,
        *,
        port: int | None = None,
        timeout: float = 0.0,
        source_address: tuple[str, int] | None = None,
        blocksize: int = 8192,
    ) -> None:
        self._safe = safe_context()
        super().__init__(
            host, port, timeout=timeout, source_address=source_address, blocksize=blocksize, context=self._safe
        )

    def connect(self) -> None:
        plain = connect(self.host, self.port, self.timeout or 0.0)
        try:
            self.sock = self._safe.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def handlers(url: str) -> list[urllib.request.BaseHandler]:
    """What opens the address: pinned connections, or the proxy that this machine's user set up, which finds the
    addresses itself."""
    parts = urlsplit(url)
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(parts.netloc):
        return [urllib.request.HTTPSHandler(context=safe_context())]
    return [urllib.request.ProxyHandler({}), _Plain(), _Encrypted()]


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PinnedConnection, req)


class _Encrypted(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PinnedTLSConnection, req)
