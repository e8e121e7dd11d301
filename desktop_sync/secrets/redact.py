"""Keeping secrets out of the log: a second line behind code that does not log them in the first place.

Every registered value is found in its plain, URL-encoded, base64, JSON and Python form. All places are marked before
anything is replaced, so that of two values that overlap no tail is left over.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import traceback
from urllib.parse import quote, quote_plus

from desktop_sync.core.ports import SecretReading, Secrets, SecretState

MASK = "[secret]"

_PATTERNS = (
    # user:password@ in an address; a password may hold an @ itself
    re.compile(r"[a-z][a-z0-9+.\-]*://[^\s/?#:@]*:(?P<secret>[^\s/?#]+)@", re.IGNORECASE),
    re.compile(
        r"\b(?:proxy-)?authorization\b[\"']?\s*[:=,]\s*b?[\"']?(?P<secret>[^\"'\r\n]+)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:set-)?cookie\b[\"']?\s*[:=]\s*b?[\"']?(?P<secret>[^\"'\r\n]+)", re.IGNORECASE),
    re.compile(
        r"\b(?:\w+[_-])?(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key)\b[\"']?\s*[:=]\s*"
        r"(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<secret>[^\s,;&)\]}\"']+))",
        re.IGNORECASE,
    ),
)


class Redactor(logging.Filter):
    """A filter for handlers. Afterwards a record holds no registered value and no credential of the known forms."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def register(self, value: str) -> None:
        """The value is masked from now on. May be repeated."""
        with self._lock:
            self._forms = tuple(sorted({*self._forms, *forms_of(value)}, key=lambda form: (-len(form), form)))

    def redact(self, text: str) -> str:
        """The text with every secret masked."""
        spans = [span for form in self._forms for span in _places(text, form)]
        for pattern in _PATTERNS:
            for match in pattern.finditer(text):
                spans.extend(match.span(group) for group in match.re.groupindex if match.group(group) is not None)
        return _mask(text, spans)

    def filter(self, record: logging.LogRecord) -> bool:
        """True: the record passes, redacted."""
        record.msg, record.args = self.redact(record.getMessage()), None
        if record.exc_info and record.exc_text is None:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if record.exc_text:
            record.exc_text = self.redact(record.exc_text)  # formatters take this instead of formatting again
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)
        for name, value in list(vars(record).items()):
            if isinstance(value, str) and name not in ("msg", "exc_text", "stack_info"):
                setattr(record, name, self.redact(value))
        return True


class WatchedSecrets:
    """Secrets whose values are masked in the log from the moment they are read or written."""

    def __init__(self, secrets: Secrets, redactor: Redactor) -> None:
        self._secrets = secrets
        self._redactor = redactor

    def read(self, name: str) -> SecretReading:
        reading = self._secrets.read(name)
        if reading.value is not None:
            self._redactor.register(reading.value)
        return reading

    def write(self, name: str, value: str) -> SecretState:
        self._redactor.register(value)
        return self._secrets.write(name, value)

    def delete(self, name: str) -> SecretState:
        return self._secrets.delete(name)

    @property
    def is_lasting(self) -> bool:
        return self._secrets.is_lasting

    def describe(self) -> str:
        return self._secrets.describe()


def forms_of(value: str) -> set[str]:
    """The forms in which a value may turn up."""
    data = value.encode("utf-8", "surrogatepass")
    forms = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    forms |= {quote(data), quote(data, safe=""), quote_plus(data), quote(data, safe="").lower()}
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        forms |= {encoded, encoded.rstrip("=")}
    return {form for form in forms if form}


def _places(text: str, form: str) -> list[tuple[int, int]]:
    """Where the form stands, overlapping ones too."""
    found: list[tuple[int, int]] = []
    at = text.find(form)
    while at >= 0:
        found.append((at, at + len(form)))
        at = text.find(form, at + 1)
    return found


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    end = 0
    start = -1
    for low, high in sorted(spans):
        if start < 0:
            parts.append(text[end:low])
            start, end = low, high
        elif low <= end:
            end = max(end, high)
        else:
            parts.extend((MASK, text[end:low]))
            start, end = low, high
    if start >= 0:
        parts.append(MASK)
    parts.append(text[end:])
    return "".join(parts)
