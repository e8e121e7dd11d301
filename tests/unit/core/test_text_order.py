"""The order in which people look for texts."""

from __future__ import annotations

from desktop_sync.core.text_order import text_key


def in_order(*texts: str) -> list[str]:
    return sorted(texts, key=lambda text: (text_key(text), text))


def test_case_does_not_matter() -> None:
    assert in_order("Zebra", "apple", "Banana", "Apple") == ["Apple", "apple", "Banana", "Zebra"]


def test_letters_with_accents_stand_beside_those_without() -> None:
    assert in_order(
        "Zoo", "Äpfel", "Apfel", "école", "Eder", "Østen", "Otter", "Łódź", "Lodz", "Straße", "Strasse"
    ) == [
        "Apfel",
        "Äpfel",
        "école",
        "Eder",
        "Lodz",
        "Łódź",
        "Østen",
        "Otter",
        "Strasse",
        "Straße",
        "Zoo",
    ]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert text_key("\u00e9") == text_key("e\u0301") == "e"
