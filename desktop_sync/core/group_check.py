"""What is to be known about a configuration because others synchronize the same records (SPEC §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from desktop_sync.core.configuration import ConflictRule, Resolution, SyncConfiguration
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.sync_group import OrderDoubt, order_doubts

PATH = "entity.resolution"
"""The setting that all findings here are about."""


def check_group(configuration: SyncConfiguration, configurations: Iterable[SyncConfiguration]) -> Iterator[Finding]:
    """Where the result depends on the order of configurations."""
    others = tuple(configurations)
    for entity in configuration.entities:
        if entity.resolution is Resolution.RECORD and entity.conflict is ConflictRule.MOST_RECENT:
            doubts = {doubt.other: doubt for doubt in reversed(order_doubts(configuration, entity, others))}
            for doubt in reversed(doubts.values()):  # where both structures are shared, the first is enough
                yield Finding(Level.WARNING, _sentence(configuration, doubt), entity.name, path=PATH)


def _sentence(configuration: SyncConfiguration, doubt: OrderDoubt) -> str:
    differing = [
        f"{_listed(fields)} only in {name}"
        for fields, name in ((doubt.mine, f'"{configuration.name}"'), (doubt.theirs, f'"{doubt.other}"'))
        if fields
    ]
    return (
        f'"{doubt.other}" synchronizes "{doubt.structure.structure}" of "{doubt.structure.endpoint}" too, but other '
        f"fields of it: {', '.join(differing)}. Records are written whole, so which change is kept can depend on which "
        "of the two runs first. Judged field by field, it does not."
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
