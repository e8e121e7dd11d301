"""The order in which people look for texts: without regard to case, letters with accents beside those without."""

from __future__ import annotations

import unicodedata
from typing import Final

_ALSO: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that are no letter and an accent to Unicode, and are looked for where these are."""


def text_key(text: str) -> str:
    """Texts are compared by their keys; those whose keys are equal, by themselves."""
    bare = (one for one in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(one))
    return "".join(bare).translate(_ALSO)
