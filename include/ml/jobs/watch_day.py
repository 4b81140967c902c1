"""A day's captured traffic against the baseline of the version that answered it: the verdict, and a page to read."""

from __future__ import annotations

from collections.abc import Mapping

from include.ml.container import Container, leave, run_job


def main(container: Container) -> Mapping[str, int]:
    """See `include.ml.drift.day.watch`."""
    from include.ml.drift.day import watch  # noqa: PLC0415 what `run_job` sets must be set before it loads

    return watch(container)


if __name__ == "__main__":
    leave(run_job("drift", main))
