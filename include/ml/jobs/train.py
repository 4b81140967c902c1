"""Fit the run's pipeline on the training part, choose its threshold on the validation part, leave the artifact."""

from __future__ import annotations

from collections.abc import Mapping

from include.ml.container import Container, leave, run_job


def main(container: Container) -> Mapping[str, int]:
    """See `include.ml.training.training.train`."""
    from include.ml.training.training import train  # noqa: PLC0415 OpenMP reads what `run_job` sets when it loads

    return train(container)


if __name__ == "__main__":
    leave(run_job("train", main))
