"""Hostile input (RELIABILITY §6, as far as the product has a door for it): expressions, patterns, configuration files,
values and names with SQL, formulas, control characters, secrets in texts, and paths; and secrets planted in fifty
endpoints, which must be in no file and no output.

A case that gets through where it must not is an escape, and is named on standard error.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import random
import string
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from desktop_sync import cli
from desktop_sync.bootstrap import SystemClock, TimeOrderedIds
from desktop_sync.cli.tables import visible
from desktop_sync.core.configuration import Endpoint, Entity, FieldMapping, PerSide, SyncConfiguration
from desktop_sync.core.errors import ConfigurationError, EndpointError, ExpressionError
from desktop_sync.core.provider_port import EndpointSession, OpenContext, Provider, Setting, SettingKind
from desktop_sync.core.run import Outcome
from desktop_sync.core.structure import Field, Structure
from desktop_sync.engine.expression import compile_scalar
from desktop_sync.ledger import open_ledger
from desktop_sync.providers.csv.cells import cell_text, value_of
from desktop_sync.providers.csv.provider import CsvProvider
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.secrets.encrypted_file import EncryptedFileSecrets
from desktop_sync.secrets.redact import Redactor
from desktop_sync.services.application import Application
from desktop_sync.services.definition.definition_writer import write_definitions
from tests.property.test_expression import FRAGMENTS, assert_made_of_the_allow_list, mixture, sql_of, translated
from tests.reliability.size import Size
from tests.support.generated_values import TEXTS
from tests.support.worlds import FolderSide, TableSide
from tests.unit.engine.expression.escapes import ESCAPES
from tests.unit.engine.expression.test_escapes import refused
from tests.unit.engine.expression.test_limits import BOMBS, EVIL_LIKES, EVIL_PATTERNS, FIELDS, finishes_soon
from tests.unit.services.definition.test_definition_round_trip import SPECIFIED, parsed

SEED = 20_260_305
SECRETS = 50
ALPHABET = string.ascii_letters + string.digits + "!$%&/()=?'\"\\ äß€"

SQL = (
    "'; DROP TABLE canary; --", "' OR '1'='1", '"; DROP TABLE canary; --', "1; ATTACH 'x' AS y", "') ; --",
    "`x`", "]; --", "\\'; DROP TABLE canary; --", "' UNION SELECT * FROM canary --",
    "/* */ ; DELETE FROM canary", "$1", ":name", "?1", "@x", "%s", "{0}", "x'00'", "';VACUUM;--", "1e999",
    "PRAGMA writable_schema = 1", "load_extension('x')", "'||(SELECT 1)||'",
)  # fmt: skip
NAMES = (
    "select", "Order by", 'quo"ted', 'a""b', "semi;colon", "it's", "t.x", "rowid", "_rowid_", "=sum",
    "[brackets]", "100 %", "?", ":name", "a`b", "--", "/*", "*/", "ünï", "日本", "a.b.c", "x, y", "NULL",
    "'); DROP TABLE canary; --", "{0}", "%s", "$1",
)  # fmt: skip
PATHS = (
    "..", "../up", "..\\up", "a/../../up", "/absolute", "\\absolute", "C:\\x", "C:x", "\\\\server\\share",
    "//server/share", "a/b", "a\\b", "./x", ".hidden", "nul\0", "a\nb", "a\rb", "x" * 300, "", " ", " lead",
    "trail ", "trail.", "con/aux", "~/x", "$HOME/x\0", "..\x00", "../", "....//x", "..%2fup/..", "file:///x",
    "a:b/c", "|pipe/x", "people/../../x", "\u2215x/", "..\u2215up/", "\uff0e\uff0e/up", "x/.", "x/..",
    "/proc/self/environ", "/dev/null", "../../../../etc/passwd",
)  # fmt: skip
WRAPS = ("{}", "upper({})", "coalesce(a, ({}))", "CASE WHEN true THEN {} END")


@dataclass
class Tally:
    """What was tried and what got through."""

    cases: int = 0
    escapes: int = 0
    said: list[str] = field(default_factory=list)

    def case(self, what: str, is_safe: bool) -> None:
        self.cases += 1
        if not is_safe:
            self.escapes += 1
            print(f"{what} got through", file=sys.stderr)

    def tried(self, what: str, attempt: Callable[[], object]) -> None:
        """The attempt's own assertions say whether it is safe."""
        try:
            attempt()
        except AssertionError:
            self.case(what, False)
        else:
            self.case(what, True)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """All parts; SMALL has fewer random cases."""
    chance = random.Random(SEED)
    tally = Tally()
    expressions = _random_expressions(size.of(400, 20_000, 200_000), chance, tally)
    _escapes(tally)
    _bombs_and_patterns(tally, size)
    _damaged_files(size.of(50, 600, 10_000), chance, tally)
    _cells(size.of(200, 2000, 50_000), chance, tally)
    _messages(size.of(50, 500, 20_000), chance, tally)
    _lines(size.of(50, 1000, 20_000), chance, tally)
    _paths(folder / "paths", tally)
    _values_and_names(folder / "values", tally)
    found = _planted_secrets(folder / "secrets", chance)
    return {
        "cases": tally.cases,
        "expressions": expressions,
        "escapes": tally.escapes,
        "planted_secrets": SECRETS,
        "secrets_found": found,
    }


def _random_expressions(count: int, chance: random.Random, tally: Tally) -> int:
    for _ in range(count):
        pieces = "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 12)))
        text = pieces if chance.random() < 0.5 else mixture(chance, 4)
        translation = translated(text)
        if translation is not None:
            try:
                assert_made_of_the_allow_list(sql_of(translation))
            except AssertionError:
                tally.escapes += 1
                print(f"{text!r} got through", file=sys.stderr)
    return count


def _escapes(tally: Tally) -> None:
    for text in ESCAPES:
        for wrap in WRAPS if text.strip() else WRAPS[:1]:
            tally.case(wrap.format(text), refused(wrap.format(text)))


def _bombs_and_patterns(tally: Tally, size: Size) -> None:
    compile_scalar("upper(a)", FIELDS)
    for name, text in BOMBS.items():
        began = time.process_time()
        try:
            compile_scalar(text, FIELDS)
        except ExpressionError:
            tally.case(name, time.process_time() - began < 0.5)
        else:
            tally.case(name, False)
    for pattern in EVIL_PATTERNS[:: 8 if size is Size.SMALL else 1]:
        for call in ("regexp_matches(a, '{}')", "regexp_replace(a, '{}', '-', 'g') = ''"):
            tally.tried(pattern, partial(finishes_soon, call.format(pattern)))
    for pattern in EVIL_LIKES:
        tally.tried(pattern, partial(finishes_soon, f"a LIKE '{pattern}'"))


def _damaged_files(count: int, chance: random.Random, tally: Tally) -> None:
    whole = write_definitions(parsed(SPECIFIED))
    alphabet = "\"'[]{}=.,#\n\\ \x00€0a-"
    for number in range(count):
        characters = list(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(characters))
            characters[at : at + chance.choice((0, 1, 1, 5, 200))] = chance.choices(alphabet, k=chance.randint(0, 3))
        try:
            parsed("".join(characters))
        except ConfigurationError as error:
            tally.case(f"damaged file {number}", bool(error.problem))
        except Exception as error:  # whatever else comes is what is looked for
            tally.case(f"damaged file {number}: {error!r}", False)
        else:
            tally.case(f"damaged file {number}", True)


def _cells(count: int, chance: random.Random, tally: Tally) -> None:
    alphabet = "=+-@'\t\r\n\"0123456789.e,;| aé|calc"
    for _ in range(count):
        text = "".join(chance.choices(alphabet, k=chance.randint(1, 10)))
        cell = cell_text(text)
        is_number = cell.startswith("-") and _is_number(cell)
        is_formula = cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_number
        tally.case(f"the cell {cell!r}", value_of(cell) == text and not is_formula)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _messages(count: int, chance: random.Random, tally: Tally) -> None:
    for _ in range(count):
        values = ["".join(chance.choices(ALPHABET, k=chance.randint(6, 20))) for _ in range(3)]
        values.append(values[0] + values[1][:3])
        redactor = Redactor()
        for value in values:
            redactor.register(value)
        text = " ".join(
            form(chance.choice(values))
            for form in (str, repr, quote, lambda value: base64.b64encode(value.encode()).decode(), str)
        )
        redacted = redactor.redact(f"GET https://me:{quote(values[2], safe='')}@host/?token={values[1]} {text}")
        tally.case(redacted, not any(form in redacted for value in values for form in (value, quote(value, safe=""))))


def _lines(count: int, chance: random.Random, tally: Tally) -> None:
    """Whatever a record holds, what is said about it is one line that steers no terminal."""
    alphabet = "ab\n\r\x0b\x0c\x1b[2J\x85\u2028\u2029\u202e\u2066\x00\x7f\x9b"
    for _ in range(count):
        line = visible("".join(chance.choices(alphabet, k=chance.randint(1, 12))))
        tally.case(repr(line), len(line.splitlines()) <= 1 and line.isprintable())


def _paths(folder: Path, tally: Tally) -> None:
    inside = folder / "inside"
    inside.mkdir(parents=True)
    (folder / "secret.csv").write_text("id\n1\n")
    with contextlib.suppress(OSError):
        (inside / "link").symlink_to(folder)
    session = CsvProvider().open(OpenContext("Files", {"folder": str(inside)}))
    before = sorted(str(path) for path in folder.rglob("*"))
    for name in PATHS:
        for attempt in (
            lambda: session.create_structure(Structure(name, (Field("id"),), ("id",))),  # noqa: B023
            lambda: session.describe(name),  # noqa: B023
        ):
            try:
                attempt()
            except (ConfigurationError, EndpointError):
                pass
            except Exception as error:  # whatever else comes is what is looked for
                tally.case(f"the path {name!r}: {error!r}", False)
            found = sorted(str(path) for path in folder.rglob("*"))
            outside = [path for path in found if path not in before and Path(path).parent != inside]
            tally.case(f"the path {name!r}", outside == [])
    with contextlib.suppress(ConfigurationError, EndpointError):
        session.describe("../secret")
        tally.case("a file outside", False)
    session.close()


def _values_and_names(folder: Path, tally: Tally) -> None:
    """SQL and formulas as values of every field and as ids, and as names of fields, arrive as they are; a table that
    nobody mapped stays."""
    folder.mkdir(parents=True)
    a, b = TableSide(folder / "a.sqlite"), FolderSide(folder / "b")
    columns = [f"c{number} {name}" for number, name in enumerate(NAMES)]
    quoted = ", ".join('"' + name.replace('"', '""') + '" TEXT' for name in columns)
    a.execute(f"CREATE TABLE people (code TEXT PRIMARY KEY NOT NULL, {quoted})")
    a.execute("CREATE TABLE canary (bird TEXT)")
    a.execute("INSERT INTO canary VALUES ('alive')")
    # Two texts of one Unicode form would be one identity.
    texts = list(
        {unicodedata.normalize("NFC", text): text for text in (*SQL, *NAMES, *TEXTS) if 0 < len(text) < 99}.values()
    )
    marks = ", ".join("?" * (len(columns) + 1))
    rows = {}
    for number in range(len(texts)):
        values = [texts[(number + place) % len(texts)] for place in range(len(columns))]
        rows[texts[number]] = values
        a.execute(f"INSERT INTO people VALUES ({marks})", (texts[number], *values))
    (folder / "b" / "people.csv").write_text(_line(["code", *columns]), encoding="utf-8")
    app = _application(folder / "home", SqlProvider(), CsvProvider())
    app.endpoints.save(Endpoint("A", "sql", {"file": str(a.file)}))
    app.endpoints.save(Endpoint("B", "csv", {"folder": str(b.folder)}))
    fields = (FieldMapping("code", "code", identifying=True), *(FieldMapping(name, name) for name in columns))
    entity = Entity("people", PerSide("people", "people"), fields, key=PerSide(("code",), ("code",)))
    app.configurations.save(SyncConfiguration("Sync", "A", "B", (entity,)))
    result = app.synchronization.run("Sync")
    again = app.synchronization.run("Sync")
    session = CsvProvider().open(OpenContext("B", {"folder": str(b.folder)}))
    arrived = _read(session, ("code", *columns))
    session.close()
    app.close()
    for code, values in rows.items():
        for value, other in zip(values, arrived.get(code, [None] * len(values)), strict=True):
            tally.case(f"{value!r} of {code!r} came as {other!r}", value == other)
    tally.case("the canary", a.execute("SELECT bird FROM canary") == [("alive",)])
    tally.case("a second run", result.outcome is again.outcome is Outcome.DONE and not any(again.entities[0].actions))


def _line(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def _read(session: EndpointSession, fields: tuple[str, ...]) -> dict[str, list[str | None]]:
    import pyarrow as pa

    from desktop_sync.core.provider_port import ReadRequest

    stream = session.read(ReadRequest(session.describe("people"), fields))
    table = pa.RecordBatchReader.from_stream(stream).read_all()
    return {row[0]: list(row[1:]) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)}


class _WithPassword:
    """The provider, whose endpoints have a password that nothing needs."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name
        self.label = provider.label
        self.capabilities = provider.capabilities
        password = Setting("password", "Password", SettingKind.SECRET, help="It is not needed.")
        self.settings = (*provider.settings, password)

    def open(self, context: OpenContext) -> EndpointSession:
        plain = {name: value for name, value in context.settings.items() if name != "password"}
        assert len(plain) < len(context.settings), "the password did not come"
        return self._provider.open(replace(context, settings=plain))


class _Registry:
    def __init__(self, *providers: Provider) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._providers))

    def get(self, name: str) -> Provider:
        return self._providers[name]


def _application(home: Path, *providers: Provider) -> Application:
    clock, ids = SystemClock(), TimeOrderedIds()
    home.mkdir(parents=True, exist_ok=True)
    vault = EncryptedFileSecrets(home / "secrets.vault", "a master password of the test")
    return Application(home, clock, ids, _Registry(*providers), lambda: open_ledger(home, clock, ids), lambda: vault)


def _planted_secrets(folder: Path, chance: random.Random) -> int:
    """How many of the secrets stand in any file or output, in any form."""
    secrets = ["".join(chance.choices(ALPHABET, k=chance.randint(10, 40))) for _ in range(SECRETS)]
    folder.mkdir(parents=True)
    provider = _WithPassword(SqlProvider())
    out, err = io.StringIO(), io.StringIO()
    app = _application(folder / "home", provider)
    for number, secret in enumerate(secrets):
        side = TableSide(folder / f"{number}.sqlite")
        side.create("people", "id INTEGER PRIMARY KEY, email TEXT")
        side.put("people", {"email": f"p{number}"})
        app.endpoints.save(Endpoint(f"E{number}", "sql", {"file": str(side.file)}), {"password": secret})
    fields = (FieldMapping("email", "email", identifying=True),)
    entity = Entity("people", PerSide("people", "people"), fields)
    for number in range(0, SECRETS, 2):
        app.configurations.save(SyncConfiguration(f"S{number}", f"E{number}", f"E{number + 1}", (entity,)))
        assert app.synchronization.run(f"S{number}").outcome is Outcome.DONE
    app.ledger.backup()
    app.close()
    (folder / "0.sqlite").write_bytes(b"no database any more" * 500)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for words in ("run S0", "run S2 --json", "export", "list", "check S0", "history --json", "verify S4"):
            cli.main(
                [*words.split(), "--home", str(app.home)],
                build_application=lambda home: _application(app.home, provider),
            )
    whole = b"\0".join([out.getvalue().encode(), err.getvalue().encode(), *_contents(folder)])
    assert b"E49" in whole, "the search finds what is there"
    return sum(any(form in whole for form in _forms(secret)) for secret in secrets)


def _contents(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes()
            yield os.fsencode(path.name)


def _forms(secret: str) -> list[bytes]:
    data = secret.encode()
    return [data, base64.b64encode(data), quote(secret, safe="").encode(), secret.encode("utf-16-le")]
