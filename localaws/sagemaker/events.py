"""Events: state changes as EventBridge tells them, on the account's default bus."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends

from localaws.sagemaker import processing, training
from localaws.sagemaker.records import PROCESSING, JobRecord

log = logging.getLogger(__name__)

SOURCE = "aws.sagemaker"


def job_changed(record: JobRecord) -> None:
    """Tell that a job is in another state."""
    describe = processing.describe if record.kind == PROCESSING else training.describe
    detail = json.dumps(job_detail(describe(record), record.tags), default=_epoch_ms)
    put(record.account, record.region, f"SageMaker {record.kind.noun} Job State Change", record.arn, detail)


def job_detail(description: Mapping[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """An event's detail: what Describe answers, and the tags as a map."""
    return {**description, "Tags": {tag["Key"]: tag["Value"] for tag in tags}}


def model_package_changed(account: str, region: str, arn: str, description: Mapping[str, Any]) -> None:
    """Tell that a model package was registered or changed."""
    put(account, region, "SageMaker Model Package State Change", arn, json.dumps(description, default=_iso))


def put(account: str, region: str, detail_type: str, arn: str, detail: str) -> None:
    """Put one event. What its rules' targets do with it is no affair of who changed the state."""
    event = {"Source": SOURCE, "DetailType": detail_type, "Detail": detail, "Resources": [arn]}
    try:
        events_backends[account][region].put_events([event])
    except Exception:
        log.exception("a target of an EventBridge rule failed for %s (%s)", detail_type, arn)


def _epoch_ms(value: object) -> int:
    """Job events carry times as milliseconds."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _iso(value: object) -> str:
    """Model package events carry times as ISO 8601."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} has no place in an event")
