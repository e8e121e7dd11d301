"""What import contracts cannot say about the core: nothing but the standard library, and no impure built-in calls."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

IMPURE_FUNCTIONS = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"}
CLOCK_METHODS = {"now", "utcnow", "today"}


def nodes(folder: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every syntax node of every module under `folder`, with the module's path within it."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(folder).as_posix(), node


def foreign_imports(core: Path) -> list[str]:
    """Imports in the core that are neither its own nor the standard library's, as `module: imported`."""
    found = []
    for module, node in nodes(core):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        found += [f"{module}: {name}" for name in names if not is_own_or_standard(name)]
    return found


def is_own_or_standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names or (name + ".").startswith("desktop_sync.core.")


def impure_calls(core: Path) -> list[str]:
    """Calls in the core that read, write, ask or look at a clock, as `module:line: name`."""
    found = []
    for module, node in nodes(core):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_FUNCTIONS:
                found.append(f"{module}:{node.lineno}: {called.id}")
            elif isinstance(called, ast.Attribute) and called.attr in CLOCK_METHODS:
                found.append(f"{module}:{node.lineno}: {called.attr}")
    return found
