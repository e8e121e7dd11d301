"""Where the program connects to for a person, and where it never does."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desktop_sync.services.processing import outgoing
from desktop_sync.services.processing.step_url import post

NAME = "hooks.example.org"

FORBIDDEN = (
    # what a name stands for, and how else the same place is written
    "169.254.169.254", "169.254.0.1", "169.254.170.2", "100.100.100.200", "0.0.0.0", "0.1.2.3",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "fe80::1", "fe80::a9fe:a9fe", "febf::1", "ff02::1", "fd00:ec2::254",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:100.100.100.200", "::ffff:0.0.0.0", "::ffff:224.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::169.254.169.254", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254",
)  # fmt: skip
THIS_MACHINE = (
    "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "64:ff9b::7f00:1", "2002:7f00:1::1", "::127.0.0.1",
)  # fmt: skip
FINE = ("93.184.216.34", "10.0.0.7", "172.16.4.1", "192.168.1.20", "100.64.0.1", "2606:2800:220:1::1", "fd12:3456::9")

WRITTEN = (
    # how people and attackers write addresses; the system's resolver understands most of them
    "169.254.169.254", "2852039166", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518",
    "169.16689662", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "0.0.0.0", "0", "[::]",
    "224.0.0.1", "255.255.255.255", "[ff02::1]", "[64:ff9b::a9fe:a9fe]",
)  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the resolver says, by name; everything else is asked of the real one. No connection leaves."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolver(host: str, port: int, *args: object, **named: object) -> object:
        if host not in known:
            return real(host, port, *args, **named)  # type: ignore[arg-type]
        families = [socket.AF_INET6 if ":" in text else socket.AF_INET for text in known[host]]
        return [(f, socket.SOCK_STREAM, 6, "", (text, port)) for f, text in zip(families, known[host], strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return known


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a connection was opened to; all of them refuse it."""
    found: list[str] = []

    def refuse(address: tuple[str, int], *args: object, **named: object) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return found


@pytest.mark.scenario("X10")
@pytest.mark.parametrize("address", [*FORBIDDEN, *THIS_MACHINE])
def test_a_name_that_leads_inside_is_not_connected_to(
    names: dict[str, list[str]], opened: list[str], address: str
) -> None:
    names[NAME] = [address]
    assert NAME in post(f"http://{NAME}/hook", b"{}", {}, 2)
    names[NAME] = ["93.184.216.34", address]  # one good address among them is no excuse
    assert NAME in post(f"https://{NAME}/hook", b"{}", {}, 2)
    assert opened == []


@pytest.mark.scenario("X10")
@pytest.mark.parametrize("address", FINE)
def test_servers_of_the_office_and_of_the_world_are_connected_to(
    names: dict[str, list[str]], opened: list[str], address: str
) -> None:
    names[NAME] = [address]
    assert "ConnectionRefusedError" in post(f"http://{NAME}/hook", b"{}", {}, 2)
    assert opened == [address]


@pytest.mark.scenario("X10")
@pytest.mark.parametrize("written", WRITTEN)
def test_an_address_is_known_however_it_is_written(opened: list[str], written: str) -> None:
    assert post(f"http://{written}/latest/meta-data", b"{}", {}, 2) != ""
    assert opened == []


@pytest.mark.scenario("X10")
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/x", "gopher://example.org/", "data:text/plain,x", "javascript:1",
        "unix:/var/run/x.sock", "//example.org/x", "", "https:///nowhere", "http://", "ldap://example.org",
    ],
)  # fmt: skip
def test_an_address_of_another_kind_is_not_opened(opened: list[str], url: str) -> None:
    assert post(url, b"{}", {}, 2) != ""
    assert opened == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "shop.localhost", "127.0.0.1", "127.0.0.9", "::1"])
def test_this_machine_is_fine_where_it_is_named(host: str) -> None:
    outgoing.check_address(host, ip_address("127.0.0.1"))
    outgoing.check_address(socket.gethostname(), ip_address("127.0.1.1"))


@pytest.mark.scenario("X10")
def test_a_name_that_means_another_machine_a_moment_later_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    opened: list[str] = []

    def rebinding(host: str, port: int, *args: object, **named: object) -> object:
        asked.append(host)
        text = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))]

    def refuse(address: tuple[str, int], *args: object, **named: object) -> socket.socket:
        opened.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert post(f"http://{NAME}/hook", b"{}", {}, 2) != ""
    assert (asked, opened) == ([NAME], ["93.184.216.34"])


@dataclass
class TLSServer:
    """A loopback server with a certificate; `bodies` are those that reached it."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[TLSServer]:
    one = TLSServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            one.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            return None  # a client that does not like the certificate hangs up

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    one.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()


class Authority:
    """Signs certificates; its own stands in `file`."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of this test")])
        self.folder = folder
        self.file = folder / "authority.pem"
        certificate = self._signed(self._name, self._key.public_key(), timedelta(days=-1), timedelta(days=9), None)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(
        self, *, name: str = "localhost", begins: int = -1, ends: int = 1, is_signed: bool = True
    ) -> ssl.SSLContext:
        """A server's context with a certificate for the name, valid from and until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = None if is_signed else key
        days = timedelta(days=begins), timedelta(days=ends)
        certificate = self._signed(subject, key.public_key(), *days, name, signer)
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self.folder / "server.pem"
        file.write_bytes(private + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begins: timedelta,
        ends: timedelta,
        server: str | None,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(key)
        signed_by = signer or self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name if signer is None else subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=server is None, path_length=None), critical=True)
            .add_extension(own, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False)
        )
        if server is None:
            builder = builder.add_extension(_SIGNS, critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(server)]), critical=False)
        return builder.sign(signed_by, hashes.SHA256())


_SIGNS = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this machine trusts."""
    one = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(one.file))
    return one


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.scenario("X9")
def test_a_server_with_a_good_certificate_gets_the_records(authority: Authority) -> None:
    with serving(authority.context()) as server:
        assert post(f"https://localhost:{server.port}/hook", b"{}", {}, 5) == ""
        assert server.bodies == [b"{}"]


@pytest.mark.scenario("X9")
@pytest.mark.parametrize(
    ("context", "problem"),
    [
        (lambda one: one.context(begins=-9, ends=-2), "has expired"),
        (lambda one: one.context(begins=1, ends=2), "is not valid yet"),
        (lambda one: one.context(name="elsewhere.example.org"), "is another server's"),
        (lambda one: one.context(is_signed=False), "is not trusted"),
        (lambda one: _old(one.context()), "no safe encryption"),
    ],
    ids=["expired", "of-the-future", "another-name", "self-signed", "old-tls"],
)
def test_a_server_with_a_bad_certificate_gets_nothing(
    authority: Authority, context: Callable[[Authority], ssl.SSLContext], problem: str
) -> None:
    with serving(context(authority)) as server:
        assert problem in post(f"https://localhost:{server.port}/hook", b"{}", {}, 5)
        assert server.bodies == []


@pytest.mark.scenario("X9")
def test_a_server_whose_authority_nobody_knows_gets_nothing(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(other).file))
    with serving(authority.context()) as server:
        assert "is not trusted" in post(f"https://localhost:{server.port}/hook", b"{}", {}, 5)
        assert server.bodies == []
