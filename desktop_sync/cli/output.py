"""Where a command's words go: one JSON document or text on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import TextIO

from desktop_sync.cli.tables import Row, visible, write_table

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class Output:
    """Writes for one command. A reader that went away (a closed pipe) never ends the command: its work goes on."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, is_json: bool) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.is_json = is_json
        self._has_document = False
        for stream in (stdout, stderr):
            _make_safe(stream)

    @property
    def stderr(self) -> TextIO:
        return self._stderr

    def document(self, content: Json) -> None:
        """The one JSON document; the second of a command is an error of the program and is not written."""
        if not self._has_document:
            self._has_document = True
            self._write(json.dumps(content, allow_nan=False, indent=2) + "\n")

    def line(self, text: str = "") -> None:
        """A line of the result, for people."""
        self._write(visible(text) + "\n")

    def text(self, text: str) -> None:
        """Text of the result as it is, line breaks and all."""
        self._write(text if text.endswith("\n") or not text else text + "\n")

    def table(self, headers: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> None:
        try:
            write_table(self._stdout, headers, rows, right)
        except BrokenPipeError:
            self._reader_left()

    def note(self, text: str) -> None:
        """A line beside the result."""
        with contextlib.suppress(BrokenPipeError):
            self._stderr.write(visible(text) + "\n")
            self._stderr.flush()

    def error(self, sentence: str, next_step: str, exit_code: int) -> None:
        """What went wrong; with --json as the document, unless the result was written already."""
        self.note(sentence)
        if next_step:
            self.note(next_step)
        if self.is_json:
            self.document({"error": sentence, "next_step": next_step, "exit": exit_code})

    def finish(self) -> None:
        """Everything is with the reader, or the reader is gone."""
        try:
            self._stdout.flush()
        except BrokenPipeError:
            self._reader_left()
        with contextlib.suppress(BrokenPipeError):
            self._stderr.flush()

    def _write(self, text: str) -> None:
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except BrokenPipeError:
            self._reader_left()

    def _reader_left(self) -> None:
        # What is still buffered goes nowhere instead of failing again when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stdout.fileno())
            os.close(nowhere)


def _make_safe(stream: TextIO) -> None:
    """Any text can be written: UTF-8 into files and pipes, escapes for what a terminal's encoding lacks."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is None:
        return
    if stream.isatty():
        reconfigure(errors="backslashreplace")
    else:
        reconfigure(encoding="utf-8", errors="backslashreplace")
