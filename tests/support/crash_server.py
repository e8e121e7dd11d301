"""A process that has imported the program but opened nothing, and forks a child for each trial (RELIABILITY 5.4).

Reads one JSON request a line, answers one JSON line. A child runs the real program on real files; at the given step it
kills itself with SIGKILL, or after the given time it is killed. Steps are those of the `Steps` port, or the file
operations below a folder.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import adbc_driver_sqlite.dbapi
import duckdb
import pyarrow.dataset

from desktop_sync.bootstrap import build_application
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.ports import CancelToken
from desktop_sync.engine import expression as _expression
from desktop_sync.engine import plan_store as _plan_store
from desktop_sync.engine.workbench import _parsed
from desktop_sync.ledger import open_ledger as _open_ledger
from desktop_sync.providers.csv import provider as _csv_provider
from desktop_sync.providers.csv import session as _csv
from desktop_sync.providers.sql import provider as _sql_provider
from desktop_sync.providers.sql import sqlite_reading as _reading
from desktop_sync.providers.sql import sqlite_session as _session
from desktop_sync.providers.sql import sqlite_writing as _writing
from desktop_sync.secrets import late_secrets as _late_secrets
from desktop_sync.secrets import redact as _redact
from desktop_sync.services import records as _records
from desktop_sync.services.application import Application
from desktop_sync.services.configuration_setup import configurations as _configurations
from desktop_sync.services.definition import definition_file as _definition_file
from desktop_sync.services.running import synchronization as _synchronization
from desktop_sync.services.undo import undo as _undo
from tests.support.chaos_world import Template, make_chaos_world
from tests.support.cheap_starts import cheap_starts

WARM = (_plan_store, _expression, _open_ledger, _late_secrets, _redact, adbc_driver_sqlite.dbapi, pyarrow.dataset)
WARM += (_csv, _csv_provider, _sql_provider, _session, _reading, _writing)  # type: ignore[assignment]
WARM += (_configurations, _definition_file, _records, _synchronization, _undo)  # type: ignore[assignment]
"""What is imported only when it is needed."""

FILE_EVENTS = {"open", "os.rename", "os.remove", "os.chmod", "os.chown", "os.truncate", "os.listdir"}
OF_EVERY_RUN = ("run", "watermark", "sequence", "sqlite_sequence")
"""Tables that a run without work may write: the run itself, how far it read, and ids that it set aside."""


class Killer:
    """Counts steps and ends the process at one of them: nothing is flushed or closed. It may cancel at one, too."""

    def __init__(self, at: int, at_name: str, cancel_at: int, tell: Callable[[dict[str, object]], None]) -> None:
        self.at = at
        self.at_name = at_name
        self.cancel_at = cancel_at
        self.cancel = CancelToken()
        self.count = 0
        self.names: list[str] = []
        self._tell = tell

    def step(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.count == self.cancel_at:
            self.cancel.cancel()
        if self.count == self.at or name == self.at_name:
            self._tell({"killed": name, "steps": self.count})
            os.kill(os.getpid(), signal.SIGKILL)


def _watch_files(killer: Killer, folder: str) -> None:
    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in FILE_EVENTS and arguments and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.fsdecode(arguments[0])
            if path.startswith(folder):
                killer.step(f"{event} {os.path.basename(path)}")

    sys.addaudithook(hook)


def _run(application: Application, name: str, cancel: CancelToken, undone: int) -> dict[str, object]:
    try:
        if undone:
            result = application.undo.undo(undone, cancel=cancel)
        else:
            result = application.synchronization.run(name, cancel=cancel)
    except DesktopSyncError as error:
        return {"outcome": "error", "error": f"{type(error).__name__}: {error}", "actions": {}, "failed": 0}
    actions: dict[str, int] = {}
    for entity in result.entities:
        for action, count in entity.actions.items():
            actions[action.key] = actions.get(action.key, 0) + count
    return {
        "run": result.run_id,
        "outcome": result.outcome.value,
        "error": result.error,
        "actions": actions,
        "failed": sum(entity.failed for entity in result.entities),
        "problems": [problem for entity in result.entities for problem in entity.problems],
        "findings": [finding.guard.value for finding in result.findings],
    }


def _ledger_content(home: Path) -> dict[str, list[str]]:
    """Every row of every table that a run without work leaves as it is."""
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
            for name in names
            if name not in OF_EVERY_RUN
        }


def _content(home: Path, files: list[str]) -> dict[str, object]:
    """What must not change in a run that has nothing to do."""
    return {**_ledger_content(home), **{file: Path(file).read_bytes() for file in files}}


def _report(application: Application, name: str, latest: int | None) -> dict[str, object]:
    """What the ledger says at the end; of the history only the `latest` runs, all of them where that is None."""
    records, ledger = application.records, application.ledger
    runs = records.runs(name)
    history = [row for run in runs[:latest] for row in records.history(run.id)]
    return {
        "open": len(ledger.open_batches(name)),
        "runs": [run.outcome.value for run in runs],
        "statuses": {status.label: count for status, count in records.counts(name).items() if count},
        "conflicts": [
            [value for change in conflict.fields for value in (change.a, change.b)]
            for conflict in records.conflicts(name, only_open=False)
        ],
        "history": [
            [value for change in row.fields for value in (change.before, change.after) if value] for row in history
        ],
        "damage": ledger.check(),
    }


def _child(request: dict[str, object], tell: Callable[[dict[str, object]], None]) -> None:
    home, name = Path(str(request["home"])), str(request["name"])
    killer = Killer(
        int(str(request.get("kill_at", 0))),
        str(request.get("kill_name", "")),
        int(str(request.get("cancel_at", 0))),
        tell,
    )
    if request.get("files"):
        _watch_files(killer, str(request["files"]))
        application = build_application(home)
    else:
        application = build_application(home, steps=killer.step)
    if request.get("definitions"):
        application.definitions.import_file(Path(str(request["definitions"])))
    runs, quiet = [], [str(file) for file in request.get("quiet_last", [])]  # type: ignore[attr-defined]
    last = int(str(request["runs"])) - 1
    before: dict[str, object] = {}
    changes: list[str] = []
    began = time.monotonic()
    seconds = 0.0
    for number in range(last + 1):
        is_watched = quiet and (number == last or (number and request.get("until_quiet")))
        if is_watched:
            before = _content(home, quiet)
        undone = int(str(request.get("undo", 0))) if number == 0 else 0
        runs.append(_run(application, name, killer.cancel, undone))
        seconds = seconds or time.monotonic() - began
        if is_watched:
            after = _content(home, quiet)
            changes = [part for part in after if after[part] != before.get(part)]
            if not changes:
                break
    answer: dict[str, object] = {"killed": "", "steps": killer.count, "names": killer.names, "runs": runs}
    answer |= {"seconds": seconds, "changes": changes}
    answer |= {"parsed": _parsed.texts()}
    if request.get("report"):
        latest = request.get("report_runs")
        answer |= {"report": _report(application, name, int(str(latest)) if latest else None)}
    application.close()
    tell(answer)


def _trial(request: dict[str, object]) -> dict[str, object]:
    readable, writable = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(readable)

        def tell(answer: dict[str, object]) -> None:
            data = json.dumps(answer).encode() + b"\n"
            while data:
                data = data[os.write(writable, data) :]

        status = 1
        try:
            _child(request, tell)
            status = 0
        except BaseException as error:
            import traceback

            traceback.print_exc()
            tell({"bug": f"{type(error).__name__}: {error}"})
        finally:
            os._exit(status)
    os.close(writable)
    patience = request.get("kill_after_s")
    if patience is not None and not select.select([readable], [], [], float(str(patience)))[0]:
        os.kill(process, signal.SIGKILL)
    with open(readable, "rb") as answers:
        data = answers.read()
    _, status = os.waitpid(process, 0)
    was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if patience is not None and was_killed and not data.endswith(b"\n"):  # it may have died telling
        data = b'{"killed": "in time"}'
    answer: dict[str, object] = json.loads(data) if data else {"bug": "the child said nothing"}
    _keep_parsed(answer.pop("parsed", []))  # type: ignore[arg-type]
    answer["was_killed"] = was_killed
    return answer


def _keep_parsed(texts: list[str]) -> None:
    """The next children know what this one parsed, as a program does that runs on."""
    known = set(_parsed.texts())
    if new := [text for text in texts if text not in known]:
        with contextlib.closing(duckdb.connect(config={"threads": "1"})) as connection:
            for text in new:
                _parsed.of(text, connection)


def _warm_up() -> None:
    """What a first run imports, compiles and keeps is there, and no thread of it is left: the children begin where a
    program is that has run before. This run's systems lie in memory, because files are read by threads that stay."""
    before = _threads()
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        world = make_chaos_world(Template(Path(folder)), Path(folder) / "world")
        for change in range(3):
            world.left.put("people", email=f"e{change}", name="name")
            world.run()
        world.close()
    gc.collect()
    gc.freeze()  # what is there now is not looked through, and so not copied, in every child
    assert _threads() <= before, "threads are left, so forking is not safe"


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(os.listdir(tasks)) if tasks.is_dir() else threading.active_count()


def main() -> None:
    with cheap_starts(for_few_only=True):
        _warm_up()
        _serve()
    gc.unfreeze()  # or the end of the process takes it for lost


def _serve() -> None:
    for line in sys.stdin:
        print(json.dumps(_trial(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
