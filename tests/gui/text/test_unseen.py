"""Values that differ only in what is not seen."""

from __future__ import annotations

import itertools

import pytest

from desktop_sync.ui.text.unseen import spelled, whole_lines


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Bonn ", "Bonn␣"),
        ("  Bonn", "␣␣Bonn"),
        ("   ", "␣␣␣"),
        ("Bad  Bonn", "Bad␣␣Bonn"),
        ("Bad\u00a0Bonn", "Bad⍽Bonn"),
        ("Bonn\t", "Bonn⇥"),
        ("Bonn\n", "Bonn↵"),
        ("Bonn\r\n", "Bonn␍↵"),
        ("Bo\u200bnn", "Bo⟨U+200B⟩nn"),
        ("Bonn\x00", "Bonn⟨U+0000⟩"),
        ("Bonn\u202e", "Bonn⟨U+202E⟩"),
        ("东京\u3000", "东京⟨U+3000⟩"),
        ("Bonn␣", "Bonn⟨U+2423⟩"),
    ],
)
def test_what_is_not_seen_gets_a_sign(value: str, seen: str) -> None:
    assert spelled(value) == seen


@pytest.mark.parametrize("value", ["", "Bonn", "Bad Bonn am Rhein", "山田\u3000太郎", "👩\u200d🔧", "a · b", "⟨x⟩"])
def test_what_is_seen_stays_as_it_is(value: str) -> None:
    assert spelled(value) == value


def test_texts_that_differ_look_different() -> None:
    parts = ["", " ", "  ", "\t", "\n", "\r", "\u00a0", "\u200b", "\u3000", "␣", "↵", "a"]
    texts = {f"{one}b{two}{three}" for one, two, three in itertools.product(parts, repeat=3)}
    assert len({spelled(text) for text in texts}) == len(texts)


def test_a_tooltip_keeps_the_lines() -> None:
    assert whole_lines(spelled("one\ntwo ")) == "one↵\ntwo␣"
