"""Record data as plain text, wherever Qt would guess that it is markup."""

from __future__ import annotations

import html


def tooltip(text: str) -> str:
    """A tooltip that shows the text as it is, wrapped, whatever it holds; empty for an empty text."""
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>' if text else ""


def one_line(text: str) -> str:
    """The text with line breaks and tabs shown as spaces, for a table cell."""
    return " ".join(text.split()) if ("\n" in text or "\t" in text or "\r" in text) else text


def csv_cell(text: str) -> str:
    """The text as a spreadsheet will show it: what looks like a formula is marked as text (SPEC §13)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def sentence(text: str) -> str:
    """A reason as it begins a line: with a capital letter."""
    return text[:1].upper() + text[1:]
