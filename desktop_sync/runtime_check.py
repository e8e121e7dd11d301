"""Refuses, with a sentence, a Python or a Qt that this program is known not to run on.

Standard library only, and imported before everything else, so that the sentence comes instead of a traceback.
"""

from __future__ import annotations

import importlib.metadata
import sys

OLDEST_PYTHON = (3, 11)
# PySide6 6.12 loses references on every emitted signal when it runs on Python 3.11 or older.
FIRST_PYTHON_FOR_NEW_QT = (3, 12)
FIRST_NEW_QT = (6, 12)
QT_DISTRIBUTION = "PySide6-Essentials"


def python_refusal(python: tuple[int, int]) -> str | None:
    """Why this program does not start on that Python (major, minor), as a sentence; None when it does."""
    if python >= OLDEST_PYTHON:
        return None
    return (
        f"Desktop Sync needs Python {dotted(OLDEST_PYTHON)} or newer, and this is Python {dotted(python)}. "
        "Install a newer Python and start Desktop Sync with it."
    )


def window_refusal(python: tuple[int, int], qt: str | None) -> str | None:
    """Why the window does not open with that Python (major, minor) and that Qt version, as a sentence.

    `qt` is the version of PySide6 as its distribution says it, None when it is not installed. None: it opens.
    The command line needs no Qt and does not ask.
    """
    if qt is None:
        return (
            "The window needs PySide6, which is not installed. Install it with "
            f"'{sys.executable} -m pip install pyside6-essentials', or use a subcommand: desktop-sync --help."
        )
    if leading_numbers(qt) >= FIRST_NEW_QT and python < FIRST_PYTHON_FOR_NEW_QT:
        return (
            f"PySide6 {qt} crashes on Python {dotted(python)}. Use Python {dotted(FIRST_PYTHON_FOR_NEW_QT)} or newer, "
            f"or PySide6 older than {dotted(FIRST_NEW_QT)}; the command line works as it is: desktop-sync --help."
        )
    return None


def refuse_unfit_python() -> None:
    """Ends the program with exit code 2 and a sentence on standard error when this Python is too old."""
    _leave_with(python_refusal(_this_python()))


def refuse_unfit_window() -> None:
    """Ends the program with exit code 2 and a sentence on standard error when the window cannot run here.

    Called before the first import of Qt.
    """
    _leave_with(window_refusal(_this_python(), installed_qt()))


def installed_qt() -> str | None:
    """The version of PySide6 that an import would get, without importing it; None when there is none."""
    try:
        return importlib.metadata.version(QT_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None


def leading_numbers(version: str) -> tuple[int, ...]:
    """The numbers a version begins with, for comparing: (6, 12, 0) for `6.12.0`, (6, 12) for `6.12rc1`."""
    numbers: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


def _this_python() -> tuple[int, int]:
    return sys.version_info[0], sys.version_info[1]


def _leave_with(sentence: str | None) -> None:
    if sentence is not None:
        print(sentence, file=sys.stderr)
        raise SystemExit(2)
