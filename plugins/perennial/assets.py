"""The assets by which flows tell each other that something is there, or is wanted."""

from __future__ import annotations

from airflow.sdk import Asset


def raw(model: str) -> Asset:
    """A partition of the model's data is in the lake. Its events carry `partition`, `manifest_key` and `rows`."""
    return Asset(name=f"raw:{model}", uri=f"perennial://raw/{model}", group="perennial")


def retrain(model: str) -> Asset:
    """Training is asked for. Its events carry `reason`, and where known `partition`, `content` (the digest of its
    rows), `params`, and `only_if_new`: whether it is in vain where the newest training is about the same.

    A request of its own, not the partition's asset: a backfill of 90 partitions must not start 90 trainings.
    """
    return Asset(name=f"retrain:{model}", uri=f"perennial://retrain/{model}", group="perennial")


def requested(model: str) -> Asset:
    """A training was asked for: each event of `retrain` once more, for those who read what was asked for.

    Nothing is scheduled on it. Airflow (3.2, 3.3) cannot list the events of an asset while a run that one of them has
    made has no start date: one that has just been made, that was cleared and waits, or whose DAG is paused.
    """
    return Asset(name=f"requested:{model}", uri=f"perennial://requested/{model}", group="perennial")


def package(model: str) -> Asset:
    """A version of the model is registered. Its events carry `version` and `package_arn`."""
    return Asset(name=f"package:{model}", uri=f"perennial://package/{model}", group="perennial")


def drift(model: str) -> Asset:
    """A day's traffic has drifted, or may be about to. Its events carry `date`, `verdict`, `reasons` and `report`."""
    return Asset(name=f"drift:{model}", uri=f"perennial://drift/{model}", group="perennial")


def performance(model: str) -> Asset:
    """The model's realised quality has fallen, or may be about to. Its events are like those of `drift`."""
    return Asset(name=f"performance:{model}", uri=f"perennial://performance/{model}", group="perennial")
