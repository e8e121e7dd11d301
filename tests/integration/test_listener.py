"""SPEC §8: webhooks, and runs that other programs ask for, over real HTTP on this machine (RELIABILITY X11 to X13)."""

from __future__ import annotations

import http.client
import json
import logging
import random
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from desktop_sync.core.configuration import SecretReference, Webhook
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ports import ListenAddress, SecretState
from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.webhook import MOST_BYTES, Delivery, key_text, signature
from desktop_sync.remote.listener import Listener
from desktop_sync.services.unattended import deliveries
from desktop_sync.services.unattended.listening import ListenerService
from tests.integration.test_semantics_real_time import Live, make_live
from tests.support.worlds import NAME, WorldMaker

KEY = bytes(range(32))
SECRET = "CRM webhook"


@dataclass
class Caller:
    """Sends requests to the listener of a world, whose table Person is in real time."""

    live: Live
    port: int

    @property
    def now_s(self) -> int:
        return int(self.live.clock.now().timestamp())

    def post(self, path: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def signed(self, body: bytes, id_: str = "m1", at: int | None = None) -> dict[str, str]:
        one = Delivery(id_, self.now_s if at is None else at)
        return {
            "webhook-id": id_,
            "webhook-timestamp": str(one.at_s),
            "webhook-signature": signature(KEY, one, body),
        }

    def hook(self, *ids: object, id_: str = "m1", **changed: str) -> int:
        body = json.dumps({"type": "Person", "ids": ids}).encode()
        return self.post("/hooks/CRM", body, self.signed(body, id_) | changed)

    def ask(self, path: str = f"/run/{NAME}", **headers: str) -> int:
        token = self.live.w.app.listening.token()
        given = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        return self.post(path, b"", given)

    @property
    def waiting(self) -> int:
        return self.live.w.app.unattended.waiting


@pytest.fixture
def caller(world: WorldMaker) -> Iterator[Caller]:
    live = make_live(world)
    app = live.w.app
    assert app.secrets.write(SECRET, key_text(KEY)) is SecretState.AVAILABLE
    crm = app.endpoints.get("CRM")
    app.endpoints.save(replace(crm, webhook=Webhook(SecretReference(SECRET), "type", "ids")))
    found = app.listening.start(ListenAddress())
    yield Caller(live, found.port)
    app.close()


def test_a_webhook_makes_the_record_that_it_names_travel(caller: Caller) -> None:
    caller.live.w.edit("a", 1, City="Graz")
    assert caller.hook(1) == 204
    caller.live.run_told()
    assert caller.live.w.rows("b", "city") == [("Graz",)]
    assert caller.live.w.app.records.runs(NAME)[0].trigger is Trigger.PUSH


@pytest.mark.scenario("X11")
def test_a_message_that_lies_changes_nothing(caller: Caller) -> None:
    body = b'{"type": "Person", "ids": [1], "City": "Forged"}'
    assert caller.post("/hooks/CRM", body, caller.signed(body)) == 204
    caller.live.run_told()
    assert caller.live.w.rows("b", "city") == [("Wien",)]
    caller.live.w.assert_quiet()


@pytest.mark.scenario("X11")
def test_whoever_has_not_the_key_is_refused_and_nothing_waits(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    body = b'{"type": "Person", "ids": [1]}'
    good = caller.signed(body)
    at = caller.now_s
    assert caller.post("/hooks/CRM", body) == 401
    assert caller.post("/hooks/CRM", body + b" ", good) == 401
    assert caller.post("/hooks/CRM", body, caller.signed(body, at=at - 301)) == 401
    assert caller.post("/hooks/CRM", body, caller.signed(body, at=at + 301)) == 401
    assert caller.post("/hooks/CRM", body, good | {"webhook-signature": "v1,ünïcode".encode().decode("latin-1")}) == 401
    for name in good:
        assert caller.post("/hooks/CRM", body, {key: text for key, text in good.items() if key != name}) == 401
    for place in ("/hooks/", "/hooks/Nobody", "/hooks/Shop", "/hooks/CRM/", "/hooks/crm", "/hooks/../hooks/CRM/x"):
        assert caller.post(place, body, good) == 401
    chance = random.Random(3)
    for _ in range(200):
        forged = dict(good)
        name = chance.choice(list(forged))
        text = forged[name]
        where = chance.randrange(len(text))
        forged[name] = text[:where] + chr(33 + (ord(text[where]) - 32) % 90) + text[where + 1 :]
        assert caller.post("/hooks/CRM", body, forged) == 401
    assert caller.waiting == 0
    assert key_text(KEY) not in caplog.text
    assert caller.post("/hooks/CRM", body, good) == 204  # the message itself was a good one
    assert caller.waiting == 1


@pytest.mark.scenario("X11")
def test_a_message_is_taken_once_also_by_the_next_start(caller: Caller) -> None:
    assert caller.hook(1) == 204
    caller.live.run_told()
    assert caller.hook(1) == 401
    app = caller.live.w.app
    again = ListenerService(
        app.home, app.ledger, app.secrets, app.clock, app.unattended.tell, app.unattended.ask, Listener
    )
    try:
        caller.port = again.start(ListenAddress()).port
        assert caller.hook(1) == 401
        assert caller.waiting == 0
        assert caller.hook(1, id_="m2") == 204
        noted = app.home / deliveries.FILE_NAME
        assert stat.S_IMODE(noted.stat().st_mode) == 0o600
        assert "CRM m1" in noted.read_text()
    finally:
        again.close()


@pytest.mark.scenario("X11")
def test_without_a_key_in_the_password_store_nobody_is_let_in(caller: Caller) -> None:
    app = caller.live.w.app
    app.secrets.delete(SECRET)
    assert caller.hook(1) == 401
    app.secrets.write(SECRET, "short")
    assert caller.hook(1) == 401
    app.secrets.write(SECRET, f"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA {key_text(KEY)}")  # two, while one is replaced
    caller.live.clock.move(seconds=61)
    assert caller.hook(1) == 204


@pytest.mark.scenario("X11", "X12")
def test_what_is_too_long_or_too_much_is_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'"' + b"x" * MOST_BYTES + b'"'
    try:
        assert caller.post("/hooks/CRM", body, caller.signed(body)) == 413
    except (ConnectionError, BrokenPipeError):
        pass  # it hung up in the middle, which is as good
    monkeypatch.setattr(deliveries, "MOST_KNOWN", 5)
    answers = [caller.hook(1, id_=f"f{number}") for number in range(8)]
    assert answers == [204] * 5 + [429] * 3
    assert caller.waiting == 1
    caller.live.clock.move(seconds=deliveries.KEPT_S + 1)
    assert caller.hook(1, id_="f9") == 204


@pytest.mark.scenario("X12")
def test_a_flood_of_messages_makes_one_entry_for_a_record(caller: Caller) -> None:
    for number in range(400):
        assert caller.hook(number % 7, id_=f"m{number}") == 204
    assert caller.waiting == 7


def test_a_program_with_the_token_starts_a_run_once(caller: Caller) -> None:
    live = caller.live
    live.w.edit("a", 1, City="Graz")
    assert caller.ask() == 202
    assert caller.ask() == 202
    (due,) = live.due()
    assert (due.configuration, due.kind, due.trigger) == (NAME, RunKind.RUN, Trigger.HTTP)
    result = live.w.app.unattended.carry_out(due)
    assert result is not None
    assert result.outcome is Outcome.DONE
    assert live.due() == ()
    assert live.w.rows("b", "city") == [("Graz",)]
    assert live.w.app.records.runs(NAME)[0].trigger is Trigger.HTTP


def test_a_prepare_and_a_process_that_are_asked_for_are_a_run(caller: Caller) -> None:
    assert caller.ask(f"/prepare/{NAME}") == 202
    assert [due.kind for due in caller.live.due()] == [RunKind.PREPARE]
    assert caller.ask(f"/process/{NAME}") == 202
    assert [due.kind for due in caller.live.due()] == [RunKind.RUN]


def test_what_cannot_run_now_stays_asked_for(caller: Caller) -> None:
    live = caller.live
    assert caller.ask("/run/Nobody") == 404
    with live.w.app.ledger.hold(NAME):
        assert caller.ask() == 202
        assert live.due() == ()
    live.w.app.schedules.pause(None)
    assert live.due() == ()
    live.w.app.schedules.resume()
    assert [due.trigger for due in live.due()] == [Trigger.HTTP]
    live.w.app.configurations.set_enabled(NAME, False)
    assert caller.ask() == 404


@pytest.mark.scenario("X13")
def test_requests_of_pages_strangers_and_other_names_are_refused(caller: Caller) -> None:
    path, port = f"/run/{NAME}", caller.port
    assert caller.post(path) == 403
    assert caller.post(path, headers={"Authorization": "Bearer "}) == 403
    assert caller.post(path, headers={"Authorization": "Bearer wrong"}) == 403
    assert caller.post(path, headers={"Authorization": "Bearer \xfc"}) == 403
    assert caller.post(path, headers={"Authorization": caller.live.w.app.listening.token()}) == 403
    for origin in ("https://example.org", "null", f"http://127.0.0.1:{port}"):
        assert caller.ask(Origin=origin) == 403
    assert caller.ask(Sec_Fetch_Site="cross-site") == 403
    hosts = ("example.org", f"example.org:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", f"127.0.0.1.nip.io:{port}", "")
    for host in hosts:
        assert caller.ask(Host=host) in (400, 403)
    for form in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain;charset=UTF-8"):
        assert caller.ask(Content_Type=form) == 403
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
        token = {"Authorization": f"Bearer {caller.live.w.app.listening.token()}"}
        assert caller.post(path, headers=token, method=method) == 405
    assert caller.live.due() == ()
    assert caller.ask(Host=f"localhost:{port}") == 202


@pytest.mark.scenario("X13")
def test_garbage_on_the_wire_breaks_nothing(caller: Caller) -> None:
    chance = random.Random(11)
    frames = [chance.randbytes(chance.randrange(1, 3000)) for _ in range(40)]
    frames += [
        b"POST /run/x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /run/x",
        b"POST /run/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /run/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
    for frame in frames:
        with socket.create_connection(("127.0.0.1", caller.port), 5) as connection:
            connection.sendall(frame)
    assert caller.live.due() == ()
    assert caller.hook(1) == 204


@pytest.mark.scenario("X13")
def test_only_this_machine_can_reach_it_and_only_its_owner_has_the_token(caller: Caller) -> None:
    app = caller.live.w.app
    assert stat.S_IMODE(app.listening.token_path.stat().st_mode) == 0o600
    assert len(app.listening.token()) >= 43  # 256 bits
    if sys.platform == "linux":
        with open("/proc/net/tcp", encoding="ascii") as file:
            listening = [line.split()[1] for line in file.readlines()[1:] if line.split()[3] == "0A"]
        places = [place for place in listening if int(place.partition(":")[2], 16) == caller.port]
        assert places == [f"0100007F:{caller.port:04X}"]


def test_where_nothing_can_listen_a_sentence_says_so(caller: Caller) -> None:
    app = caller.live.w.app
    other = ListenerService(
        app.home, app.ledger, app.secrets, app.clock, app.unattended.tell, app.unattended.ask, Listener
    )
    with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1, port {caller.port}"):
        other.start(ListenAddress("127.0.0.1", caller.port))
    with pytest.raises(ConfigurationError, match="is no address"):
        other.start(ListenAddress("shop.example.org", 0))
    app.listening.close()
    with pytest.raises(ConnectionRefusedError):
        caller.hook(1)
