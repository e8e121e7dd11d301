"""Bugs that take one rule of safety away each (RELIABILITY 5.5). The tests named with a bug must fail when it is in.

A bug is a few texts of the program and what takes their places. A test of the usual suite sees that every one of these
texts is still there, once, so that the list stays true while the program changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MACHINE = "tests/reliability/test_lanes.py::test_random_work_and_faults_lose_double_and_bring_back_nothing"


@dataclass(frozen=True, slots=True)
class Edit:
    """In the file, `before` stands once."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Bug:
    """`tests` are what pytest is called with; one of them at least fails."""

    number: int
    title: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    def plant(self, folder: Path) -> None:
        """The bug is in the copy of the program that lies in the folder."""
        for edit in self.edits:
            path = folder / edit.file
            text = path.read_text(encoding="utf-8")
            if text.count(edit.before) != 1:
                raise ValueError(f"bug {self.number}: {edit.file} has {text.count(edit.before)} × {edit.before!r}")
            path.write_text(text.replace(edit.before, edit.after), encoding="utf-8")


PROCESS = "desktop_sync/services/processing/process.py"
PROTOCOL = "desktop_sync/services/processing/write_protocol.py"
LADDER = "desktop_sync/services/settlement/ladder.py"
SETTLE = "desktop_sync/services/settlement/settle.py"
INTENTS = "desktop_sync/services/settlement/intents.py"
SQLITE_TABLE_WORK = "desktop_sync/providers/sql/sqlite_table_work.py"
ORIGINS = "desktop_sync/engine/origin_query.py"
OPENED = (
    "batch_id = self.ledger.open_batch(\n"
    "            self.session.key(layout),\n"
    "            self.run_id,\n"
    "            query.target,\n"
    "            structure,\n"
    "            int(query.operation),\n"
    "            content,\n"
    "            sent.request,\n"
    "            self.session.identity_of(query.target),\n"
    "        )"
)
EXPECTED = (
    "                query.expected,\n"
    '                rows.select([f"x_e{i}" for i in range(len(query.expected))])'
    ".rename_columns(list(query.expected)),\n"
)
BLIND = (
    "                () if {when} else query.expected,\n"
    "                None if {when} else "
    'rows.select([f"x_e{{i}}" for i in range(len(query.expected))]).rename_columns(list(query.expected)),\n'
)

BUGS = (
    Bug(
        1,
        "what an intent says is not looked for after a crash",
        (
            Edit(
                SETTLE,
                "verdict = self._judge(layout, batch, rows)\n        done = sorted(verdict.done)\n        settlements",
                "verdict = Verdict(rows)\n        done = sorted(verdict.done)\n        settlements",
            ),
        ),
        ("tests/crash/test_orphans.py",),
    ),
    Bug(
        2,
        "the intent is made durable after the write",
        (
            Edit(
                PROTOCOL,
                OPENED,
                OPENED.replace("self.ledger.open_batch(", "(lambda *made: self.ledger.open_batch(*made), (") + ")",
            ),
            Edit(
                PROTOCOL,
                'results = writer.commit()\n        self.steps(f"{self.name}.written")\n',
                'results = writer.commit()\n        self.steps(f"{self.name}.written")\n        staged[:] = [(q, type(o)(o.batch_id[0](*o.batch_id[1]), o.rows, o.content, o.has_keys)) for q, o in staged]  # type: ignore\n',
            ),
        ),
        ("tests/crash/test_orphans.py",),
    ),
    Bug(
        3,
        "what stood there before is kept at the end, not with the intent",
        (
            Edit(
                PROTOCOL,
                OPENED,
                OPENED.replace(
                    " content,\n",
                    ' content.drop_columns([n for n in content.column_names if n.startswith("before:")]),\n',
                ),
            ),
            Edit(PROCESS, "stored=content if changed_content else None,", "stored=content,"),
        ),
        ("tests/crash/test_orphans.py",),
    ),
    Bug(
        4,
        "nobody waits for requests that may be under way",
        (Edit(LADDER, "        wait_for(left_s, self.clock, self.sleep, self.cancel)\n", ""),),
        ("tests/crash/test_ladder.py", "tests/integration/test_faulty_systems.py"),
    ),
    Bug(
        5,
        "a repeated create has another key",
        (Edit(LADDER, "return record_keys(batch.request.key, ", "return record_keys(str(uuid.uuid4()), "),),
        ("tests/crash/test_ladder.py", "tests/integration/test_faulty_systems.py"),
    ),
    Bug(
        6,
        "two intents have one key",
        (Edit(INTENTS, "key = self.ids.new_id()", "key = layout.entity.name"),),
        ("tests/crash/test_ladder.py", "tests/integration/test_faulty_systems.py"),
    ),
    Bug(
        7,
        "a held record stays in the plan",
        (
            Edit(
                SETTLE,
                "    return Held(frozenset(one.record_id for one in mine), known, suspects)",
                "    return Held()",
            ),
        ),
        ("tests/crash/test_ladder.py", "tests/integration/test_faulty_systems.py"),
    ),
    Bug(
        8,
        "an update does not look at what it overwrites",
        (Edit(PROTOCOL, EXPECTED, BLIND.format(when="query.operation is Operation.UPDATE")),),
        ("tests/integration/test_semantics_races.py",),
    ),
    Bug(
        9,
        "a delete does not look at what it deletes",
        (Edit(PROTOCOL, EXPECTED, BLIND.format(when="query.operation is Operation.DELETE")),),
        ("tests/integration/test_semantics_races.py",),
    ),
    Bug(
        10,
        "nobody counts how many rows a statement changed",
        (Edit(SQLITE_TABLE_WORK, "if cursor.rowcount != len(rows):", "if cursor.rowcount < 0:"),),
        ("tests/unit/providers/sql/test_sqlite_writing.py", "tests/conformance"),
    ),
    Bug(
        11,
        "the baseline is what was sent, not what is stored",
        (
            Edit(
                PROCESS,
                "        if not pc.any(doubtful).as_py():\n            return content, None\n",
                "        if not pc.any(doubtful).as_py() or side_is_trusted:\n            return content, None\n",
            ),
            Edit(
                PROCESS,
                "        as_sent = pa.array(result.stored_as_sent, pa.bool_())\n",
                "        as_sent = pa.array(result.stored_as_sent, pa.bool_())\n        side_is_trusted = True\n",
            ),
        ),
        ("tests/integration/test_semantics_loops.py", "tests/integration/test_semantics_mapping.py"),
    ),
    Bug(
        12,
        "a side counts as changed when it differs from the other one",
        (
            Edit(
                "desktop_sync/engine/touched.py",
                'f"WHEN {me}.digest IS DISTINCT FROM p.{me}_digest THEN',
                'f"WHEN {me}.digest IS DISTINCT FROM p.{side.other.value}_digest THEN',
            ),
        ),
        ("tests/integration/test_semantics_mapping.py",),
    ),
    Bug(
        13,
        "what changed shortly after a run is taken for an echo",
        (
            Edit(
                "desktop_sync/services/preparation/entity_preparation.py",
                """        # A read of a range passes over what came before it""",
                """        stamp, me = self.layout.of(side).stamp, side_table(self.layout, side)
        for run in [run for run in self.ledger.runs(self.key.configuration, limit=50) if run.ended_at and stamp]:
            at = int((run.ended_at or run.started_at).timestamp() * 1_000_000)
            self.session.bench.execute(
                f"UPDATE {me} SET digest = p.{side.value}_digest FROM {peer_table(self.layout)} p WHERE p.record_id = "
                f"{me}.record_id AND abs(epoch_us(TRY_CAST(CAST({stamp.raw if stamp else ''} AS VARCHAR) AS TIMESTAMP)) "
                f"- {at}) < 60000000"
            )
        # A read of a range passes over what came before it""",
            ),
            Edit(
                "desktop_sync/services/preparation/entity_preparation.py",
                "import SideRead, attach_peers,",
                "import SideRead, side_table, attach_peers,",
            ),
        ),
        (MACHINE,),
    ),
    Bug(
        14,
        "how far was read is kept before the queue",
        (
            Edit(
                "desktop_sync/services/running/execution.py",
                """                self.steps("prepare.found")
""",
                """                for mark in filter(None, [self._new_watermarks(preview, one, None)]):
                    self.ledger.save_watermarks(preview.session.key(one.layout), *mark)
                self.steps("prepare.found")
""",
            ),
        ),
        ("tests/integration/test_semantics_watermarks.py",),
    ),
    Bug(
        15,
        "the bound of an incremental read is left out",
        (
            Edit(
                "desktop_sync/providers/sql/sqlite_stamps.py",
                '(request.since, ">=", "-", -1)',
                '(request.since, ">", "+", -1)',
            ),
            Edit(
                "desktop_sync/services/session/watermarks.py",
                "OVERLAP = timedelta(seconds=60)",
                "OVERLAP = timedelta(0)",
            ),
        ),
        (
            "tests/integration/test_semantics_watermarks.py",
            "tests/integration/test_semantics_incremental.py",
            "tests/conformance",
        ),
    ),
    Bug(
        16,
        "part of a listing counts as all of it",
        (
            Edit(
                "desktop_sync/providers/paged_reading.py",
                "is_whole = came == len(rows) and totals <= {came}",
                "is_whole = True",
            ),
        ),
        ("tests/unit/providers/test_paged_reading.py",),
    ),
    Bug(
        17,
        "a side that is suddenly empty is believed",
        (
            Edit(
                "desktop_sync/core/guard.py",
                "if limits.empty_side and f.peers and f.seen == 0:",
                "if limits.empty_side and f.peers and f.seen == -1:",
            ),
        ),
        ("tests/unit/core/test_guard.py", "tests/integration/test_bad_input_guards.py"),
    ),
    Bug(
        18,
        "the guard of deletes looks at one record at a time",
        (
            Edit(
                "desktop_sync/core/guard.py",
                "    if f.deletes and limit is not None and f.deletes > limit:",
                "    if f.deletes and limit is not None and min(f.deletes, 1) > limit:",
            ),
        ),
        ("tests/unit/core/test_guard.py", "tests/integration/test_bad_input_guards.py"),
    ),
    Bug(
        19,
        "a record that leaves the filter counts as deleted",
        (
            Edit(
                "desktop_sync/engine/planner.py",
                'f"CASE WHEN NOT j.takes_part THEN c.action WHEN j.problem IS NOT NULL THEN {Action.INVALID:d} "',
                'f"CASE WHEN j.problem IS NOT NULL THEN {Action.INVALID:d} WHEN NOT j.takes_part THEN {delete(Side.B):d} "',
            ),
        ),
        (
            "tests/integration/test_semantics_deletions.py",
            "tests/integration/test_semantics_mapping.py",
            "tests/integration/test_semantics_queue.py",
        ),
    ),
    Bug(
        20,
        "a field that is not there counts as empty",
        (
            Edit(
                "desktop_sync/engine/layout.py",
                '                raise SchemaDriftError("the mapping uses this field, but it is not there", self._place(name))\n',
                "                self.structure = replace(self.structure, fields=(*self.structure.fields, Field(name, FieldType.TEXT)))\n",
            ),
            Edit(
                "desktop_sync/engine/layout.py",
                "from desktop_sync.core.structure import FieldType, Structure\n",
                "from desktop_sync.core.structure import Field, FieldType, Structure\n",
            ),
            Edit(
                "desktop_sync/providers/csv/session.py",
                "        positions = [position_of(content, name) for name in request.fields]\n",
                '        table = table.append_column("?", pa.nulls(len(table), pa.string()))\n        positions = [position_of(content, n) if n in content.fields else table.num_columns - 1 for n in request.fields]\n',
            ),
        ),
        ("tests/integration/test_semantics_drift.py", "tests/integration/test_bad_input.py"),
    ),
    Bug(
        21,
        "the time of our own write is taken for that of a person's change",
        (
            Edit(
                ORIGINS,
                'f"CASE WHEN k.c{place} = v.d{place} THEN k.cf{place} WHEN k.p{place} = v.d{place} THEN k.pf{place} "\n            f"ELSE v.fresh{number} END AS f{place}"',
                'f"v.fresh{number} AS f{place}"',
            ),
        ),
        ("tests/integration/test_semantics_several_configurations.py",),
    ),
    Bug(
        22,
        "stamps are not kept before a write moves the clock of the record",
        (
            Edit(
                "desktop_sync/services/session/provenance.py",
                "        if not given.has_origins:\n            return\n        for side in Side:\n            if not origin_query",
                "        if given.has_origins or not given.has_origins:\n            return\n        for side in Side:\n            if not origin_query",
            ),
        ),
        ("tests/integration/test_semantics_several_configurations.py", "tests/property/test_order_independence.py"),
    ),
    Bug(
        23,
        "a tie goes to whoever is looked at first",
        (
            Edit(
                "desktop_sync/core/origin.py",
                "    return Prevails.FIRST if keys[0] < keys[1] else Prevails.SECOND\n\n\ndef latest",
                "    return Prevails.FIRST\n\n\ndef latest",
            ),
            Edit(
                ORIGINS,
                'f"WHEN {first}.liking > {second}.liking THEN 1 WHEN {second}.liking > {first}.liking THEN 2 "\n        f"WHEN {first}.origin < {second}.origin THEN 1 WHEN {second}.origin < {first}.origin THEN 2 ELSE 0 END)"',
                'f"ELSE 1 END)"',
            ),
        ),
        ("tests/unit/core/test_origin.py", "tests/property/test_order_independence.py"),
    ),
    Bug(
        24,
        "one bad record fails its whole batch",
        (
            Edit(
                SQLITE_TABLE_WORK,
                "            elif len(group) == 1:\n                self._settle_refused(group[0], refused, results)\n",
                "            elif len(group) >= 1:\n                for row in group:\n                    self._settle_refused(row, refused, results)\n",
            ),
        ),
        ("tests/conformance", "tests/integration/test_bad_input.py"),
    ),
    Bug(
        25,
        "the lease is watched with a clock that stops while the machine sleeps",
        (
            Edit(
                "desktop_sync/services/session/run_lease.py",
                "        return bool(self._mine) and self._clock.boottime_s() - self._confirmed_s > RENEWED_AFTER_S",
                "        return bool(self._mine) and self._clock.monotonic_s() - self._confirmed_s > RENEWED_AFTER_S",
            ),
        ),
        ("tests/integration/test_leases.py",),
    ),
    Bug(
        26,
        "a ledger from a backup goes on as if nothing were",
        (
            Edit(
                "desktop_sync/ledger/home_mark.py",
                "            elif kept is not None and kept.is_ahead_of(now):\n                _mark_all(connection, MatchOnly.RESTORED, at_us)\n",
                "",
            ),
        ),
        ("tests/integration/test_leases.py", "tests/unit/ledger/test_binding_store.py"),
    ),
    Bug(
        27,
        "the normal form of a text is written into the data",
        (
            Edit(
                "desktop_sync/engine/staging.py",
                "        mapping = sending.mapping\n        empty_counts",
                '        mapping = sending.mapping\n        if target.type is FieldType.TEXT:\n            value = f"nfc_normalize({value})"\n        empty_counts',
            ),
        ),
        (
            "tests/integration/test_semantics_mapping.py",
            "tests/reliability/test_lanes.py::test_generated_values_arrive_as_they_were_or_are_refused_by_name",
        ),
    ),
    Bug(
        28,
        "short secrets are masked before the longer ones that hold them",
        (
            Edit(
                "desktop_sync/secrets/redact.py",
                "        return _mask(text, spans)\n",
                "        for form in sorted(self._forms, key=len):\n            text = text.replace(form, MASK)\n        return text\n",
            ),
        ),
        ("tests/unit/secrets/test_redact.py",),
    ),
    Bug(
        29,
        "what was told is forgotten when its run cannot begin",
        (
            Edit(
                "desktop_sync/services/unattended/real_time.py",
                "        except BaseException as error:\n            self._queue.put_back(taken)\n",
                "        except BaseException as error:\n",
            ),
        ),
        ("tests/integration/test_semantics_real_time.py",),
    ),
    Bug(
        30,
        "a run of a few records stands for the scheduled run of all",
        (
            Edit(
                "desktop_sync/services/unattended/run_history.py",
                "without=() if with_pushes else (Trigger.PUSH,)",
                "without=()",
            ),
        ),
        ("tests/unit/services/unattended/test_scheduling.py",),
    ),
    Bug(
        31,
        "a file that is still being written has arrived",
        (
            Edit(
                "desktop_sync/services/unattended/file_arrivals.py",
                "    if before is None or before.look != look or before.since > now:\n",
                "    if before is None:\n",
            ),
        ),
        ("tests/unit/services/test_trigger_scheduling.py",),
    ),
)
