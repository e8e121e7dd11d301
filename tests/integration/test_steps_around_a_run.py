"""SPEC §6: notify, command and URL steps: before a run, after each batch, after the run."""

from __future__ import annotations

import http.server
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desktop_sync.core.configuration import Direction, FieldMapping, Moment, PipelineStep, StepKind
from desktop_sync.core.errors import ExpressionError, StepError
from desktop_sync.core.run import Outcome
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

NOTE = FieldMapping("Note", "remark", masked=True)
COPY = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'--\\n')"


def command(name: str, *words: str, moment: Moment | None = None, time_limit_s: int = 60) -> PipelineStep:
    return PipelineStep(
        StepKind.COMMAND, name, moment=moment, command=(sys.executable, "-c", *words), time_limit_s=time_limit_s
    )


def filled(world: WorldMaker, *steps: PipelineStep) -> World:
    w = world(fields=(EMAIL, CITY, NOTE), b_is_table=True, b={"people": "id INTEGER PRIMARY KEY, email, city, remark"})
    w.save(steps=steps)
    for number, city in enumerate(("Wien", "Rom; $(id)", "Graz"), 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City=city, Note="secret")
    return w


def lines(file: Path) -> list[list[dict[str, object]]]:
    parts = file.read_text(encoding="utf-8").split("--\n")[:-1]
    return [[json.loads(line) for line in part.splitlines()] for part in parts]


def test_a_command_gets_the_written_records_as_json_lines(world: WorldMaker, tmp_path: Path) -> None:
    each, after = tmp_path / "each", tmp_path / "after"
    w = filled(
        world,
        command("each", COPY, str(each), moment=Moment.AFTER_BATCH),
        command("after", COPY, str(after)),
        command("before", COPY, str(tmp_path / "before"), moment=Moment.BEFORE_RUN),
    )
    assert w.run().outcome is Outcome.DONE
    assert lines(each) == lines(after)
    (told,) = lines(after)
    assert [one["a_id"] for one in told] == ["1", "2", "3"]
    assert told[1] == {
        "entity": "people",
        "action": "create_b",
        "record": w.of(2).id,
        "a_id": "2",
        "b_id": w.of(2).b_id,
        "a": {"Email": "p2@x.org", "City": "Rom; $(id)", "Note": "•••"},
        "b": {"email": "p2@x.org", "city": "Rom; $(id)", "remark": "•••"},
    }
    assert lines(tmp_path / "before") == [[]]
    w.edit("a", 1, City="Linz")
    w.run()
    assert [(one["before"]["city"], one["b"]["city"]) for one in lines(after)[-1]] == [("Wien", "Linz")]  # type: ignore[index]
    w.run()  # nothing is written: nobody is told of a batch, the step after the run has its turn with no records
    assert len(lines(each)) == 2
    assert lines(after)[-1] == []


def test_a_command_that_fails_before_the_run_stops_it(world: WorldMaker) -> None:
    step = command("mount", "import sys; sys.exit('the share is not there')", moment=Moment.BEFORE_RUN)
    w = filled(world, step)
    before = w.fingerprints()
    with pytest.raises(StepError) as caught:
        w.run()
    assert (caught.value.step, caught.value.problem) == ("mount", "it ended with code 1: the share is not there")
    assert w.fingerprints() == before
    assert w.app.records.runs("Sync")[0].outcome is Outcome.FAILED
    w.app.configurations.enable_step("Sync", "mount", False)
    assert w.run().outcome is Outcome.DONE


def test_a_command_that_fails_later_is_a_problem_and_what_was_written_stays(world: WorldMaker) -> None:
    w = filled(
        world,
        command("slow", "import time; time.sleep(60)", time_limit_s=1),
        PipelineStep(StepKind.COMMAND, "gone", command=("/no/such/program",)),
    )
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    assert result.notes == (
        'The step "slow" failed: it took longer than 1 seconds.',
        'The step "gone" failed: the program cannot be started (No such file or directory).',
    )
    assert len(w.rows("b")) == 3
    assert w.app.records.runs("Sync")[0].result == result


def test_a_preview_and_a_prepare_tell_nobody(world: WorldMaker, tmp_path: Path) -> None:
    told = tmp_path / "told"
    w = filled(world, command("after", COPY, str(told)), PipelineStep(StepKind.NOTIFY, "note", message="done"))
    w.app.synchronization.preview("Sync").close()
    assert w.app.synchronization.prepare("Sync").notes == ()
    assert not told.exists()
    assert w.app.synchronization.process("Sync").notes == ("done",)
    assert len(lines(told)[0]) == 3


def test_a_note_counts_the_records_that_it_is_about(world: WorldMaker) -> None:
    note = PipelineStep(
        StepKind.NOTIFY,
        "capital",
        "people",
        Direction.A_TO_B,
        condition="City = 'Wien' AND Id IS NOT NULL",
        message="{count} people in the capital",
    )
    w = filled(world, note)
    with pytest.raises(ExpressionError, match="Id"):  # only what is written can be asked for
        w.run()
    assert w.rows("b") == []
    w.save(steps=(replace(note, condition="City = 'Wien'"),))
    w.edit("a", 2, City="Wien")
    w.edit("a", 3, City="Wien")
    assert w.run().notes == ("3 people in the capital",)
    assert w.run().notes == ()


@dataclass
class Hook:
    """A loopback server that keeps what is posted and answers what a test wants."""

    url: str = ""
    answers: list[tuple[int, str]] = field(default_factory=list)
    posts: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)


def serve(hook: Hook, context: ssl.SSLContext | None = None) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append((self.path, dict(self.headers), json.loads(body)))
            code, location = hook.answers.pop(0) if hook.answers else (200, "")
            self.send_response(code)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            hook.posts.append((self.path, {}, {}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            return None  # a client that does not trust the certificate hangs up

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def hook() -> Iterator[Hook]:
    one = Hook()
    server = serve(one)
    yield one
    server.shutdown()
    server.server_close()


def test_a_url_gets_the_written_records_as_json(world: WorldMaker, hook: Hook) -> None:
    w = filled(world, PipelineStep(StepKind.URL, "tell", url=hook.url, time_limit_s=5))
    assert w.run().outcome is Outcome.DONE
    ((path, headers, body),) = hook.posts
    assert path == "/hook"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Idempotency-Key"]
    records = body["records"]
    assert isinstance(records, list)
    assert (body["configuration"], body["step"], [one["a_id"] for one in records]) == ("Sync", "tell", ["1", "2", "3"])


def test_many_records_are_posted_in_parts(world: WorldMaker, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_sync.services.processing.run_steps.RECORDS_PER_POST", 2)
    w = filled(world, PipelineStep(StepKind.URL, "tell", url=hook.url, time_limit_s=5))
    w.run()
    assert [len(body["records"]) for _, _, body in hook.posts] == [2, 1]  # type: ignore[arg-type]
    assert len({headers["Idempotency-Key"] for _, headers, _ in hook.posts}) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((500, ""), "the server answered 500"),
        ((307, "https://example.org/elsewhere"), "another server"),
        ((307, "http://127.0.0.1:9/elsewhere"), "another server"),
        ((302, "/other"), "drops the records"),
    ],
)
def test_an_answer_that_is_no_yes_is_a_problem(
    world: WorldMaker, hook: Hook, answer: tuple[int, str], problem: str
) -> None:
    hook.answers = [answer]
    w = filled(world, PipelineStep(StepKind.URL, "tell", url=hook.url, time_limit_s=5))
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    assert problem in result.notes[0]
    assert len(hook.posts) == 1


def test_a_redirect_within_the_same_server_that_keeps_the_records_is_followed(world: WorldMaker, hook: Hook) -> None:
    hook.answers = [(308, "/moved")]
    w = filled(world, PipelineStep(StepKind.URL, "tell", url=hook.url, time_limit_s=5))
    assert w.run().outcome is Outcome.DONE
    assert [path for path, _, _ in hook.posts] == ["/hook", "/moved"]
    assert hook.posts[0][2] == hook.posts[1][2]


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(world: WorldMaker, tmp_path: Path) -> None:
    hook = Hook()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = serve(hook, context)
    try:
        w = filled(world, PipelineStep(StepKind.URL, "tell", url=hook.url, time_limit_s=5))
        assert w.run().notes == ('The step "tell" failed: the certificate of the server is not trusted.',)
        assert hook.posts == []
    finally:
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """A file with a fresh key and a certificate for 127.0.0.1 that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file
