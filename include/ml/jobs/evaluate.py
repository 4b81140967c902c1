"""Judge the candidate on the hold-out, beside the champion; leave the reports, the verdict and the drift baseline."""

from __future__ import annotations

from collections.abc import Mapping

from include.ml.container import Container, leave, run_job


def main(container: Container) -> Mapping[str, int]:
    """See `include.ml.evaluation.evaluation.evaluate`."""
    # What `run_job` sets must be set before scikit-learn loads: it is most of what this process does.
    from include.ml.evaluation.evaluation import evaluate  # noqa: PLC0415

    return evaluate(container)


if __name__ == "__main__":
    leave(run_job("evaluate", main))
