"""What an endpoint cannot do, in words, before anybody relies on it (SPEC §2)."""

from __future__ import annotations

from desktop_sync.core.provider_port import Capabilities, ConditionalWrite, ReadCompleteness


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
    if not capabilities.distinguishes_empty_and_null:
        sentences.append("This system cannot tell an empty text from no value.")
    return tuple(sentences)
