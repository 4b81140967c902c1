"""Which version is the champion: read from the registry, and kept where every flow finds it, by conditional writes."""

from __future__ import annotations

from itertools import chain

from include.specs import codec, s3_layout
from include.specs.run import Champion, ChampionPointer
from perennial import registry
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages


def pinned(model: str, run: str, *, group: str, lake: Lake, packages: Packages) -> Champion | None:
    """What the run has to measure up to: the champion of `model`, which its pointer names from now on.

    A run that is cleared after it has registered measures up to what it did before: no version is its own champion. So
    its configuration is the same again, and its finished jobs are used again.

    The pointer is read before the registry is and written only if it is still the same: of two runs at a time, the one
    that has seen an older registry does not have the last word.

    Args:
        run: the name in S3 of the run that asks. group: the model's package group.

    Returns:
        None where no version is a champion.

    Raises:
        ReportError: the group is another deployment's. What this run trains could not be registered there.
    """
    packages.require_own(group, bucket=lake.bucket)
    key = s3_layout.champion(model)
    while True:
        found = lake.find_as(ChampionPointer, key)
        ranked = registry.champions(packages.versions(group), packages.describe, bucket=lake.bucket)
        first = next(ranked, None)
        pointer = _pointer(registry.champion(first) if first else None, run)
        known, tag = found or (None, None)
        if _same(known, pointer) or lake.swap(key, codec.encode(pointer), tag=tag):
            others = (package for package in chain([first] if first else [], ranked) if registry.run_of(package) != run)
            return next(map(registry.champion, others), None)


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
