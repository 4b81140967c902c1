"""Which version is the champion: read from the registry, and kept where every flow finds it, by conditional writes."""

from __future__ import annotations

from include.specs import codec, s3_layout
from include.specs.run import Champion, ChampionPointer
from perennial import registry
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages


def pinned(model: str, run: str, *, lake: Lake, packages: Packages) -> Champion | None:
    """The champion of `model`, which its pointer names from now on; None where no version is one.

    The pointer is read before the registry is and written only if it is still the same: of two runs at a time, the one
    that has seen an older registry does not have the last word.

    Args:
        run: the name in S3 of the run that asks.
    """
    key = s3_layout.champion(model)
    while True:
        found = lake.find_as(ChampionPointer, key)
        chosen = registry.choose_champion(packages.versions(model), packages.describe)
        champion = registry.champion(chosen) if chosen else None
        pointer = _pointer(champion, run)
        known, tag = found or (None, None)
        if _same(known, pointer) or lake.swap(key, codec.encode(pointer), tag=tag):
            return champion


def _pointer(champion: Champion | None, run: str) -> ChampionPointer:
    if champion is None:
        return ChampionPointer(run=run)
    return ChampionPointer(
        run=run,
        version=champion.version,
        package_arn=champion.package_arn,
        approval_status=champion.approval_status,
    )


def _same(known: ChampionPointer | None, pointer: ChampionPointer) -> bool:
    """Whether the pointer says so already. Without a champion and a pointer there is nothing to say."""
    if known is None:
        return pointer.version is None
    return (known.package_arn, known.approval_status) == (pointer.package_arn, pointer.approval_status)
