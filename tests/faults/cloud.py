"""The AWS of a real Airflow: a localaws in a process of its own, as others than the flows see it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import ClientError
from perennial import naming
from perennial.hooks.jobs import OWNER_TAG, tags_in

from include.specs import codec, s3_layout
from include.specs.catalog import model
from laptop import aws, landing
from laptop import settings as layout
from laptop.airflow_api import Run
from laptop.settings import BUCKET, TOPIC_PREFIX, Addresses, Settings
from tests.shared.inbox import inbox

HELD_JOB = Path(__file__).parent / "held_job"
DAY = dt.date(2026, 3, 1)


@dataclass(kw_only=True)
class Cloud:
    """What flows have done at AWS, what they find there, and the faults that they meet."""

    settings: Settings
    addresses: Addresses
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """AWS as others than the flows use it. One of each is kept: to make it takes longer than to ask."""
        if service not in self._clients:
            self._clients[service] = aws.client(service, self.addresses.aws)
        return self._clients[service]

    def switch_on(self, kind: str, **fault: Any) -> str:
        """Have localaws do it (see its README); the id of the fault."""
        answer = httpx.post(f"{self.addresses.aws}/_localaws/faults", json={"kind": kind, **fault}, trust_env=False)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return str(answer.json()["id"])

    def switch_off(self) -> None:
        """End all faults."""
        httpx.delete(f"{self.addresses.aws}/_localaws/faults", trust_env=False)

    def hits(self) -> int:
        """How often the faults that are on were met."""
        answer = httpx.get(f"{self.addresses.aws}/_localaws/faults", trust_env=False)
        return sum(fault["hits"] for fault in answer.json()["faults"])

    def hold(self, name: str) -> None:
        """Let no training job of the model `name` get to its work, until it is released; it can be stopped."""
        (_held(self.settings) / f"{name}-train").touch()

    def release(self) -> None:
        """Let all jobs go on."""
        for held in _held(self.settings).iterdir():
            held.unlink()

    def forget_calls(self) -> None:
        """Let `effects` count anew: localaws keeps the newest calls only, so that older counts grow smaller."""
        httpx.delete(f"{self.addresses.aws}/_localaws/calls", trust_env=False)

    def effects(self, **call: str) -> int:
        """How many calls of that kind, by the filters of localaws, have taken effect."""
        query = {**call, "took_effect": "true"}
        answer = httpx.get(f"{self.addresses.aws}/_localaws/calls", params=query, trust_env=False)
        return len(answer.json()["calls"])

    def looks(self, job: str) -> int:
        """How often somebody has been told what has become of a job."""
        return self.effects(operation="Describe*Job", name=job)

    def owner(self, job: str) -> str:
        """Which try of its task a training job belongs to."""
        sagemaker = self.client("sagemaker")
        arn = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobArn"]
        return tags_in(sagemaker.list_tags(ResourceArn=arn))[OWNER_TAG]

    def hear(self, name: str, queue: str) -> Callable[[], list[dict[str, Any]]]:
        """Have a queue hear what the topic of the model `name` is told from now on; what it gives tells all news."""
        heard = inbox(self.client, [TOPIC_PREFIX + name], queue=queue)
        # What came since a turn before, which had the same queue.
        heard.take()
        return lambda: [json.loads(envelope) for envelope in heard.take()]

    def listen(self, name: str, queue: str) -> Callable[[], list[dict[str, Any]]]:
        """The same, of which only the message is told, and not its envelope."""
        heard = self.hear(name, queue)
        return lambda: [json.loads(envelope["Message"]) for envelope in heard()]

    def jobs(self, name: str) -> dict[str, str]:
        """Every job ever started for the model `name`: job → status."""
        sagemaker, found = self.client("sagemaker"), {}
        for noun in ("Training", "Processing"):
            pages = sagemaker.get_paginator(f"list_{noun.lower()}_jobs").paginate(NameContains=f"{name}-")
            for page in pages:
                for job in page[f"{noun}JobSummaries"]:
                    found[job[f"{noun}JobName"]] = job[f"{noun}JobStatus"]
        return found

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The registered versions of a model, described; none where there is no group yet."""
        sagemaker = self.client("sagemaker")
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
        try:
            summaries = [each for page in pages for each in page["ModelPackageSummaryList"]]
        except ClientError as error:
            if "does not exist" not in error.response["Error"]["Message"]:
                raise
            return []
        return [sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in summaries]

    def land(self, name: str, date: dt.date = DAY, *, rows: int = 1000) -> None:
        """Drop a day's file of so many made-up rows for the model `name`."""
        body = "".join(self._lines[: rows + 1]).encode()
        self.client("s3").put_object(Bucket=BUCKET, Key=self.landed(name, date), Body=body)

    def landed(self, name: str, date: dt.date) -> str:
        """The key of such a file."""
        return s3_layout.landing(name, date) + "rows.csv"

    @cached_property
    def _lines(self) -> list[str]:
        """A file of made-up churn rows, header first."""
        with landing.delivery(self.settings, model("churn"), None) as delivered:
            return delivered.file.read_text().splitlines(keepends=True)

    def read[T](self, cls: type[T], run: Run, file: str) -> T:
        """What a run left in its folder."""
        slug = naming.run_slug(run.dag_id, run.run_id)
        name = run.dag_id.rsplit("_", 1)[0]
        body = self.client("s3").get_object(Bucket=BUCKET, Key=s3_layout.experiment(name, slug) + file)["Body"].read()
        return codec.decode(cls, body, source=file)


def _held(settings: Settings) -> Path:
    folder = settings.state / "held"
    folder.mkdir(exist_ok=True)
    return folder


def images(settings: Settings) -> str:
    """The jobs of a laptop, which are held on request."""
    [image] = json.loads(layout.images_file(settings))
    python_path = f"{HELD_JOB}:{image['environment']['PYTHONPATH']}"
    environment = {**image["environment"], "PYTHONPATH": python_path, "HELD_JOBS": str(_held(settings))}
    return json.dumps([{**image, "environment": environment}])
