"""From the text of a configuration file to plain TOML tables, within limits that no hostile file gets past."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from desktop_sync.core.errors import ConfigurationError

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 40

# Texts and comments are skipped whole, so that brackets and dots in them do not count. Every alternative advances by
# at least one character and none can match one text in two ways: the time is linear in the length.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|\#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[=,\n])"
)


def read_definition_text(path: Path) -> str:
    """The content of the file as text. Raises ConfigurationError for what is no file, too large or not UTF-8."""
    try:
        if not path.is_file():
            problem = "this is not a file" if path.exists() else "the file is not there"
            raise ConfigurationError(problem, path=str(path))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the file cannot be read ({error.strerror or error})", path=str(path)) from error
    if len(content) > MAX_BYTES:
        raise _too_large(path.name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8 text; save the file as UTF-8"
        raise ConfigurationError(problem, path=path.name) from error


def parse_toml(text: str, source: str) -> dict[str, object]:
    """The top table. `source` is the file's name for messages. Raises ConfigurationError."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _too_large(source)
    if _depth(text) > MAX_DEPTH:
        raise ConfigurationError(f"it is nested more than {MAX_DEPTH} deep", path=source)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"this is not TOML: {error}", path=source) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits
        raise ConfigurationError("a value in it is too large", path=source) from error


def _too_large(source: str) -> ConfigurationError:
    return ConfigurationError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB", path=source)


def _depth(text: str) -> int:
    """The deepest nesting of brackets and dotted keys, without building anything.

    tomllib recurses into brackets and takes quadratic time for a dotted key of very many parts.
    """
    deepest = brackets = dots = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":
            brackets += 1
        elif kind == "close":
            brackets = max(0, brackets - 1)
        elif kind == "dot":
            dots += 1
        elif kind == "end":
            dots = 0
        deepest = max(deepest, brackets + dots)
    return deepest
