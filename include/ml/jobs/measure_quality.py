"""Days of captured predictions and the labels that have come, against what was registered: performance.json."""

from __future__ import annotations

from collections.abc import Mapping

from include.ml.container import Container, leave, run_job


def main(container: Container) -> Mapping[str, int]:
    """See `include.ml.performance.days.measure`."""
    from include.ml.performance.days import measure  # noqa: PLC0415 what `run_job` sets must be set before it loads

    return measure(container)


if __name__ == "__main__":
    leave(run_job("performance", main))
