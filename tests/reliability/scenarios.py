"""The catalogue of what can go wrong, and which tests are marked with it: `python -m tests.reliability.scenarios`.

Writes SCENARIOS.md. Markers are found in the source of the tests, so nothing has to be imported or run for that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_name("SCENARIOS.md")

GROUPS = {
    "A": "Crashes and the journal",
    "K": "Several at once, leases",
    "C": "Reading, deletions, guards",
    "D": "Finding changes, watermarks",
    "E": "Values",
    "F": "Transport, batches, queue",
    "G": "Conflicts and several configurations",
    "X": "Security",
}

SCENARIOS = {
    "A1": "Killed at any step of a run with every kind of action",
    "A2": "Killed again at any step of the recovery",
    "A3": "Killed between a create and the pairing, for every way in which an endpoint knows its records",
    "A4": "After that, a person edits the record that nobody paired yet",
    "A5": "After that, a person deletes the record that nobody paired yet",
    "A6": "Killed after an update that was not settled, then somebody else edits the record",
    "A7": "Killed after a deletion that was not settled",
    "A8": "A create that timed out is applied after the recovery looked",
    "A9": "The ledger's write-ahead log is cut off or garbled",
    "A10": "No space, or an input/output error, at the n-th write of the ledger, once or for ever",
    "A11": "No space while a file endpoint is written",
    "A12": "Killed while a file is rewritten",
    "A13": "Killed with ten thousand rows of the queue open",
    "A14": "Killed while the ledger is brought to a new revision",
    "A15": "Every connection of the ledger is durable and checks its references",
    "A16": "The window closes, or the session ends, in the middle of a run",
    "A17": "A task is cancelled at any of its waits",
    "K1": "Somebody edits the target between our read and our write",
    "K2": "A server takes conditional writes and ignores the condition",
    "K3": "A database without a version column is written only where the record is what was seen",
    "K4": "One configuration started twice on one machine",
    "K5": "Two machines, one ledger: the holder sleeps past its lease and wakes up",
    "K6": "A second machine with a copied configuration and an empty ledger",
    "K7": "The ledger is brought back from an old backup",
    "K8": "A lock was left by a process that died, whose number is used again, or that cannot be read",
    "K9": "A schedule, a person and pushes want the same run at once",
    "K10": "The configuration is edited during its run",
    "K11": "News about a record comes while it is being processed",
    "C1": "A read fails in any way, on the first, a middle or the last page",
    "C2": "A side that had records now lists none",
    "C3": "Too many deletions in one run",
    "C4": "More than half of the records changed at once",
    "C5": "The endpoint is not the one it was",
    "C6": "A sentinel record is missing",
    "C7": "An endpoint was brought back from a backup",
    "C8": "A record leaves the filter, and comes back",
    "C9": "The filter or the mapping was edited",
    "C10": "Records come and go while pages are read by offset",
    "C11": "A page comes again, or pages go in a circle",
    "C12": "A listing misses a record once",
    "C13": "The service does not know our cursor any more",
    "C14": "Deleted on one side, edited on the other",
    "C15": "Deleted on both sides, made again, restored",
    "C16": "What identifies a record is changed on one side",
    "C17": "Records are marked as deleted instead of being deleted",
    "C18": "A drive or share is missing, or its folder is an empty mount point",
    "D1": "A record stamped before the scan is committed after it",
    "D2": "Many records share the stamp at the boundary",
    "D3": "Stamps that go back: back-dated edits, clocks, time zones",
    "D4": "Killed between filling the queue and keeping the watermark",
    "D5": "Pushes are lost, doubled, out of order or too early",
    "D6": "Only fields that are not mapped were edited",
    "D7": "Our own write comes back by poll, push and complete read",
    "D8": "The target stores values in another form than they were sent",
    "D9": "Two expressions that undo each other",
    "E1": "Null, empty, blank and missing",
    "E2": "Dates and times at every edge",
    "E3": "Numbers at every edge",
    "E4": "Texts at every edge",
    "E5": "Keys that differ only in case, accent, padding or width",
    "E6": "What should identify a record is there twice",
    "E7": "First contact of records that match and differ",
    "E8": "A value that the target cannot take",
    "E9": "Large binary values, and interruptions within them",
    "E10": "Names of structures and fields that need quoting",
    "E11": "A field is dropped, renamed, retyped or hidden",
    "E12": "Parents after children, self-references, circles, missing prerequisites",
    "E13": "Generated records through every transformation and back",
    "F1": "A batch in which some are refused, unknown, out of order or missing in the answer",
    "F2": "Too many requests, and storms of server errors",
    "F3": "A record is edited while its retry waits",
    "F4": "A record that is always refused",
    "F5": "The connection breaks after the request and before the answer",
    "F6": "A token expires during a run, and the program is killed while it gets a new one",
    "F7": "The password store is locked, absent, silent or asks",
    "F8": "The machine sleeps and wakes in any phase",
    "F9": "The clock jumps, between runs and during one",
    "F10": "Writing to one copy, reading from one that lags",
    "G1": "The worked example, in both orders",
    "G2": "Up to four systems, all orders, the same fields",
    "G3": "The same with fields that overlap in part",
    "G4": "Stamps that are equal within their error",
    "G5": "One system always wins",
    "G6": "Both changed to equal values",
    "G7": "Every value that a person wrote is in a system or in the history",
    "G8": "Three configurations in a ring",
    "X1": "Secrets on disk",
    "X2": "Secrets in the log",
    "X3": "Line breaks and control characters in the log",
    "X4": "SQL in values",
    "X5": "SQL in names",
    "X6": "Spreadsheet formulas in data",
    "X7": "Expressions that try to get out, or never end",
    "X8": "Patterns that never end",
    "X9": "Bad certificates",
    "X10": "Addresses and redirects that lead inside",
    "X11": "Forged and replayed webhooks",
    "X12": "A flood of webhooks",
    "X13": "Foreign requests to a local listener",
    "X14": "Garbage from other local programs",
    "X15": "Old, unsigned or foreign bundles for a remote client",
    "X16": "Code of plugins that nobody enabled",
    "X17": "Hostile configuration files",
    "X18": "Formats that run code when they are loaded",
    "X19": "Bombs in XML and spreadsheets",
    "X20": "Paths that lead out of the folder",
    "X21": "Local files that others can read",
    "X22": "Forged and old updates",
    "X23": "Markup in data that a window shows",
    "X24": "Dependencies that nobody pinned",
}


def marked_tests() -> dict[str, list[str]]:
    """For each scenario the tests that are marked with it, as `file::name`, sorted."""
    found: dict[str, set[str]] = {id: set() for id in SCENARIOS}
    for path in sorted(TESTS.rglob("*.py")):
        for test, ids in markers(path.read_text(encoding="utf-8")):
            for id in ids:
                if id not in found:
                    raise SystemExit(f"{path.name}: there is no scenario {id}")
                found[id].add(f"{path.relative_to(TESTS).as_posix()}::{test}")
    return {id: sorted(tests) for id, tests in found.items()}


def markers(source: str) -> Iterator[tuple[str, set[str]]]:
    """Each test of a module that is marked, with the scenarios of its own, its class's and its module's marks."""
    if "scenario(" not in source:
        return
    tree = ast.parse(source)
    assigned = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node)]
    yield from _marked_below(tree, set().union(*map(_ids, assigned)))


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _marked_below(scope: ast.Module | ast.ClassDef, inherited: set[str]) -> Iterator[tuple[str, set[str]]]:
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            ids = inherited.union(*map(_ids, node.decorator_list))
            if isinstance(node, ast.ClassDef):
                yield from _marked_below(node, ids)
            elif node.name.startswith("test_") and ids:
                yield node.name, ids
            elif ids - inherited:
                raise SystemExit(f"{node.name} is marked and is no test")


def _ids(expression: ast.expr) -> set[str]:
    """The scenarios named in any `pytest.mark.scenario(…)` within the expression."""
    return {
        argument.value
        for call in ast.walk(expression)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "scenario"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def table() -> str:
    """SCENARIOS.md as it should be."""
    tests = marked_tests()
    covered = sum(bool(found) for found in tests.values())
    lines = ["# What can go wrong, and the tests for it", ""]
    lines += [f"{covered} of {len(tests)} scenarios are covered by tests that are marked with them."]
    lines += ["Made by `python -m tests.reliability.scenarios`; a test fails where it is out of date."]
    for letter, title in GROUPS.items():
        lines += ["", f"## {letter}: {title}", "", "| | scenario | tests |", "|---|---|---|"]
        for id, wording in SCENARIOS.items():
            if id.startswith(letter):
                lines.append(f"| {id} | {wording} | {_cell(tests[id])} |")
    return "\n".join(lines) + "\n"


def _cell(tests: list[str]) -> str:
    """A link to each file, with its tests."""
    if not tests:
        return "not yet"
    files: dict[str, list[str]] = {}
    for test in tests:
        path, name = test.split("::")
        files.setdefault(path, []).append(name.removeprefix("test_").replace("_", " "))
    return "<br>".join(f"[{Path(path).stem}](../{path}): {'; '.join(names)}" for path, names in files.items())


def main() -> None:
    TABLE.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
