"""Characters that the eye cannot tell from others, or from nothing, made visible in values that are compared."""

from __future__ import annotations

import re
from typing import Final

SPACE, NO_BREAK_SPACE, TAB, LINE_BREAK, RETURN = "␣", "⍽", "⇥", "↵", "␍"
SIGNS: Final = (SPACE, NO_BREAK_SPACE, TAB, LINE_BREAK, RETURN)
_SIGN_OF: Final = {" ": SPACE, "\u00a0": NO_BREAK_SPACE, "\t": TAB, "\n": LINE_BREAK, "\r": RETURN}
_UNSEEN: Final = re.compile(
    "^ +| +$| {2,}"  # a single space between words is seen as it is
    "|[\u00a0\t\n\r]"
    "|^\u3000+|\u3000+$"  # between words the wide space of Chinese and Japanese is seen as it is
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    "|[\u00ad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\ufeff]"
    f"|[{''.join(SIGNS)}]"  # in the data itself, so that it is not taken for a space
)


def spelled(text: str) -> str:
    """The text on one line, with signs for spaces at its ends and side by side, no-break spaces, tabs and line breaks,
    and code points for what else is not seen: texts that differ look different."""
    return _UNSEEN.sub(_spelled, text)


def whole_lines(spelled_text: str) -> str:
    """What was spelled, broken again after each sign of a line break: for a tooltip."""
    return spelled_text.replace(LINE_BREAK, f"{LINE_BREAK}\n")


def _spelled(found: re.Match[str]) -> str:
    return "".join(_SIGN_OF.get(character) or f"⟨U+{ord(character):04X}⟩" for character in found.group())
