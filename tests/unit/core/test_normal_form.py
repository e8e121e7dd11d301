"""SPEC §3: a normal form per field, and what is implied without saying."""

from __future__ import annotations

import pytest

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.normal_form import (
    MEANINGS,
    Step,
    StepKind,
    default_steps,
    effective_steps,
    explain,
    parse_normal_form,
    steps_for,
)
from desktop_sync.core.structure import FieldType

TEXT, INTEGER, DECIMAL, DATE = FieldType.TEXT, FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE


def names(steps: tuple[Step, ...]) -> list[str]:
    return [step.name for step in steps]


def test_steps_keep_their_order_and_their_arguments() -> None:
    given = ("trim", "scale:2", "utc:America/Argentina/Buenos_Aires", "days", "lower")
    assert names(parse_normal_form(given)) == list(given)


@pytest.mark.parametrize("kind", list(StepKind))
def test_every_step_has_a_label_and_a_sentence(kind: StepKind) -> None:
    meaning = MEANINGS[kind]
    assert meaning.label
    assert meaning.explanation.endswith(".")
    assert meaning.types
    assert explain(Step(kind, 2, "Europe/Vienna")).endswith(".")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("shout",), "no step"),
        (("trim", "trim"), "twice"),
        (("lower", "upper"), "exclude each other"),
        (("nfc", "nfkc"), "exclude each other"),
        (("seconds", "days"), "exclude each other"),
        (("empty-is-null", "empty-is-empty"), "exclude each other"),
        (("scale",), "after a colon"),
        (("scale:x",), "0 to 18"),
        (("scale:19",), "0 to 18"),
        (("scale:-1",), "0 to 18"),
        (("scale:²",), "0 to 18"),
        (("trim:2",), "takes nothing"),
        (("utc:",), "time zone"),
        (("utc:../etc/passwd",), "time zone"),
        (("utc:Europe/'; drop",), "time zone"),
    ],
)
def test_an_unusable_normal_form_is_refused_with_its_path(given: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        parse_normal_form(given, "field 1")
    assert caught.value.path == "field 1"


def test_text_is_compared_in_one_unicode_form_and_empty_is_no_value() -> None:
    assert names(default_steps(TEXT, INTEGER)) == ["nfc", "empty-is-null"]


def test_numbers_with_different_decimals_are_rounded_to_the_fewer() -> None:
    assert names(default_steps(DECIMAL, DECIMAL, scale_a=4, scale_b=2)) == ["scale:2"]
    assert names(default_steps(DECIMAL, INTEGER, scale_a=2)) == ["scale:0"]
    assert default_steps(DECIMAL, DECIMAL, scale_a=2, scale_b=2) == ()
    assert default_steps(FieldType.FLOAT, FieldType.FLOAT) == ()


def test_a_date_and_a_time_stamp_are_compared_to_the_day() -> None:
    assert names(default_steps(DATE, FieldType.TIMESTAMP)) == ["days"]
    assert default_steps(DATE, DATE) == ()


def test_what_is_chosen_replaces_what_is_implied() -> None:
    assert names(effective_steps(("empty-is-empty", "lower", "nfkc"), TEXT, TEXT)) == [
        "nfkc",
        "lower",
        "empty-is-empty",
    ]
    assert names(effective_steps(("scale:1",), DECIMAL, INTEGER, scale_a=3)) == ["scale:1"]


def test_empty_is_looked_at_last_because_trimming_may_make_a_text_empty() -> None:
    assert names(effective_steps(("trim",), TEXT, TEXT)) == ["nfc", "trim", "empty-is-null"]


def test_only_steps_that_do_something_for_the_types_are_offered() -> None:
    assert StepKind.LOWER not in steps_for(INTEGER, INTEGER)
    assert StepKind.SCALE in steps_for(INTEGER, INTEGER)
    assert steps_for(FieldType.BOOLEAN, FieldType.BOOLEAN) == ()
