"""What an endpoint cannot do, in words, before anybody relies on it (SPEC §2)."""

from __future__ import annotations

from desktop_sync.core.provider_port import Capabilities, ConditionalWrite, CreateClass, ReadCompleteness

_UNREADABLE = (
    "This system cannot be read: values only flow towards it, and what was written there last counts as what is there.",
    "Records that are there already are not found: all of the other side are created there, and none is linked.",
    "What others change or delete there is not seen, and is overwritten by the next change of the other side.",
    "A create that was not answered is never sent again by itself: it waits in Review until you have looked there.",
    "Whether both sides agree cannot be verified.",
)


def limits(capabilities: Capabilities) -> tuple[str, ...]:
    """One sentence for each capability that is missing, most important first; empty when nothing is."""
    sentences: list[str] = []
    missing = [
        word
        for can, word in (
            (capabilities.can_create, "created"),
            (capabilities.can_update, "changed"),
            (capabilities.can_delete, "deleted"),
        )
        if not can
    ]
    if len(missing) == 3:
        sentences.append("This system can only be read: nothing is ever written to it.")
    elif missing:
        sentences.append(f"Records in this system cannot be {' or '.join(missing)}.")
    writes = len(missing) < 3
    if not capabilities.can_read:
        return (*sentences, *_UNREADABLE)
    if not capabilities.reads_modified_since:
        sentences.append("This system cannot give only what was modified; every run reads it completely.")
    if not capabilities.reads_deletions:
        sentences.append("This system does not report deletions; they are found by comparing a complete read.")
    if capabilities.completeness is ReadCompleteness.TWICE:
        sentences.append("A record counts as deleted only after two complete reads without it.")
    if writes and capabilities.conditional_write is ConditionalWrite.VERIFY:
        sentences.append(
            "A record is read again just before it is written; a change in that very instant could be overwritten."
        )
    if writes and capabilities.conditional_write is ConditionalWrite.BLIND:
        sentences.append("A record that somebody changes while a run writes it is overwritten without notice.")
    if writes and not capabilities.has_transactions and capabilities.commits_each_batch:
        sentences.append("What was written stays written when a later record fails: there is nothing to roll back.")
    if capabilities.can_create:
        sentences += _create_limits(capabilities)
    if not capabilities.distinguishes_empty_and_null:
        sentences.append("This system cannot tell an empty text from no value.")
    return tuple(sentences)


def cannot_be_read(name: str, other: str) -> str:
    """Why values cannot come from an endpoint, and what to choose instead."""
    return f'"{name}" cannot be read, only written. Choose the direction from "{other}" to "{name}".'


def _create_limits(capabilities: Capabilities) -> list[str]:
    """What a create without an answer costs here."""
    wait = f"waits {capabilities.max_in_flight_s * 2:.0f} seconds and then " if capabilities.max_in_flight_s else ""
    if capabilities.creates is CreateClass.NONE:
        return [
            "Records are created one at a time, for this system cannot say which create made which record; after one "
            f"that was not answered a run {wait}looks for a new record with just its values, and asks you where it "
            "finds another."
        ]
    if capabilities.creates is CreateClass.NATURAL_KEY or (
        capabilities.creates is CreateClass.EXTERNAL_ID and not capabilities.is_external_id_unique
    ):
        return [
            f"After a create that was not answered a run {wait}looks whether the record is there, and asks you where "
            "it finds several."
        ]
    return []
