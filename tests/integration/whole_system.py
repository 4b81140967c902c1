"""A running system as the tests of this folder see it: its commands, its APIs, and what lies in its bucket."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from include.specs import catalog, s3_layout
from laptop import aws
from laptop.airflow_api import AirflowApi
from laptop.flow import Flow
from laptop.progress import LineBoard
from laptop.settings import BUCKET, Settings

REPO = Path(__file__).resolve().parents[2]
REAL_DATA = {
    "churn": REPO.parent / "shared/data/telco/Telco-Customer-Churn.csv",
    "fraud": REPO.parent / "shared/data/aws_fraud/transaction_data_2K_coldstart.csv",
}
COMMAND_S = 600


def laptop(state: Path, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A command of the laptop, as make gives it."""
    line = [sys.executable, "-m", "laptop", command, "--state", str(state), "--port", "0", *options]
    return subprocess.run(
        line, cwd=REPO, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_S, check=False
    )


@dataclass(frozen=True, kw_only=True)
class System:
    """A running system, and its clients."""

    settings: Settings
    api: AirflowApi
    endpoint: str

    def client(self, service: str) -> Any:
        """A client of an AWS service."""
        return aws.client(service, self.endpoint)

    def run(self, model: str, *options: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`make run`, with the real file where there is one, unless another is given."""
        file = data or (REAL_DATA[model] if REAL_DATA[model].exists() else None)
        given = ["--data", str(file)] if file else []
        return laptop(self.settings.state, "run", "--model", model, *given, *options)

    def flow(self, model: str) -> Flow:
        """A flow whose progress nobody watches."""
        return Flow(api=self.api, spec=catalog.model(model), board=LineBoard(Console(file=io.StringIO())))

    def keys(self, prefix: str) -> list[str]:
        """The objects under a prefix of the bucket."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def read(self, key: str) -> bytes:
        """An object of the bucket."""
        return bytes(self.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def versions(self, model: str) -> list[dict[str, Any]]:
        """The model's packages, first version first."""
        sagemaker = self.client("sagemaker")
        groups = sagemaker.get_paginator("list_model_package_groups").paginate()
        names = {group["ModelPackageGroupName"] for page in groups for group in page["ModelPackageGroupSummaryList"]}
        if model not in names:
            return []
        lists = sagemaker.get_paginator("list_model_packages")
        pages = lists.paginate(ModelPackageGroupName=model, SortOrder="Ascending")
        arns = [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
        return [sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns]

    def experiment(self, model: str, slug: str, name: str) -> bytes:
        """A file that a run left."""
        return self.read(s3_layout.experiment(model, slug) + name)
