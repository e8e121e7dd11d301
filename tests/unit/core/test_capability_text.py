"""What an endpoint cannot do, in words."""

from __future__ import annotations

from desktop_sync.core.capability_text import cannot_be_read, limits
from desktop_sync.core.provider_port import Capabilities, ConditionalWrite, CreateClass


def test_a_system_that_cannot_be_read_says_what_follows_and_nothing_about_reads() -> None:
    said = limits(Capabilities(can_read=False, creates=CreateClass.NONE, conditional_write=ConditionalWrite.VERIFY))
    assert said[0].startswith("This system cannot be read: values only flow towards it")
    assert any("waits in Review" in sentence for sentence in said)
    assert any("cannot be verified" in sentence for sentence in said)
    assert not any("complete read" in sentence or "read again" in sentence for sentence in said)


def test_a_system_that_can_be_read_says_nothing_of_it() -> None:
    assert not any("cannot be read" in sentence for sentence in limits(Capabilities()))


def test_the_direction_to_choose_instead_is_named() -> None:
    assert cannot_be_read("Sink", "Shop") == (
        '"Sink" cannot be read, only written. Choose the direction from "Shop" to "Sink".'
    )
