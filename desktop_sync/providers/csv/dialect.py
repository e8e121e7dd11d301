"""Encoding and delimiter of a file: found by looking, or given by the settings."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from desktop_sync.core.errors import ConfigurationError, DamagedError, Place

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Letters that UTF-8 writes as several bytes. Of those of two bytes that begin with C6 or more, texts in other encodings
# have some by chance, as the last letter of „Spaß“ with its quotation mark; of the others hardly ever.
_UTF_8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SURE_UTF_8_LETTER = re.compile(rb"[\xc2-\xc5][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written. `mark` is the byte order mark at its start, empty where there is none."""

    delimiter: str = ","
    encoding: str = "utf-8"
    mark: bytes = b""
    line_end: str = "\r\n"


def check_encoding(name: str, place: Place) -> None:
    """Raises ConfigurationError for a name that is no text encoding."""
    try:
        "".encode(name)
    except LookupError:
        raise ConfigurationError(f"the encoding “{name}” is not known", place, "endpoint.settings.encoding") from None


def decode(data: bytes, encoding: str, place: Place) -> tuple[str, str, bytes]:
    """The text of a file, with the encoding's name and the byte order mark.

    `encoding` is "" to find it: by the mark, else UTF-8, else the encoding that charset-normalizer finds. Raises
    DamagedError when the bytes are not text of that encoding, or would not be written back as they were; and where no
    encoding is given, when most of the file is UTF-8 and some of it is not: it would be read as other letters.
    """
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    name = marked or _without_mark(encoding) or "utf-8"
    try:
        text = data[len(mark) :].decode(name)
    except UnicodeDecodeError as error:
        if marked or encoding:
            raise _undecodable(data, name, error.start + len(mark), place) from None
        name = _guess(data, place, error.start)
        text = data.decode(name)
    if text.encode(name) != data[len(mark) :]:
        raise DamagedError(f"the file cannot be read as {name} without changing it", place)
    return text, name, mark


def _without_mark(encoding: str) -> str:
    """The encoding whose byte order mark is kept apart."""
    name = encoding.lower().replace("_", "-")
    return {"utf-8-sig": "utf-8", "utf8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)


def _undecodable(data: bytes, name: str, position: int, place: Place) -> DamagedError:
    line = data.count(b"\n", 0, position) + 1
    return DamagedError(f"line {line} holds a byte that is no {name} text", place)


def _guess(data: bytes, place: Place, position: int) -> str:
    from charset_normalizer import from_bytes
    from charset_normalizer.utils import is_multi_byte_encoding

    best = from_bytes(data[: 256 * 1024]).best()
    for name in ("cp1252", *([best.encoding] if best is not None else [])):
        # Western European first: the guess among single-byte encodings is weak for short texts.
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        if _is_damaged_utf_8(data, any_letter_tells=not is_multi_byte_encoding(name)):
            line = data.count(b"\n", 0, position) + 1
            problem = (
                f"line {line} holds a byte that is no UTF-8 text, though other letters in the file are; if it is in "
                "another encoding, choose that in the endpoint's settings"
            )
            raise DamagedError(problem, place)
        return name
    raise _undecodable(data, "UTF-8 or other known", position, place)


def _is_damaged_utf_8(data: bytes, *, any_letter_tells: bool) -> bool:
    """Whether what is no sound UTF-8 is so in places only. `any_letter_tells`: one letter of UTF-8 is enough to think
    so; else they must be more than the bytes that are none."""
    if any_letter_tells and _SURE_UTF_8_LETTER.search(data):
        return True
    letters = _UTF_8_LETTER.findall(data)
    beyond_ascii = len(data) - len(data.translate(None, bytes(range(0x80, 0x100))))
    return len(letters) > beyond_ascii - sum(map(len, letters))


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the same number of cells, at least two; else a comma."""
    lines = _lines_outside_quotes(text[:_SAMPLE_CHARACTERS])
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in lines)
        header = lines[0].count(delimiter) if lines else 0
        if header:
            score = (counts[header] * 1000 // len(lines), header)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _lines_outside_quotes(sample: str, most: int = 50) -> list[str]:
    """The first lines without what stands in quotes."""
    plain = "".join(sample.split('"')[::2])
    lines = [line for line in plain.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line]
    return lines[:most]


def find_line_end(text: str) -> str:
    """What ends the first line."""
    end = text.find("\n")
    if end > 0 and text[end - 1] == "\r":
        return "\r\n"
    if end >= 0:
        return "\n"
    return "\r" if "\r" in text else "\r\n"
