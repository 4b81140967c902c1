"""Row 20: two runs register at once, and the champion changes under a third."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages

from include.specs import s3_layout
from include.specs.run import ChampionPointer, TrainingRun
from tests.faults.aws_rows import ready
from tests.faults.flow import Flow, Run
from tests.shared.localaws_process import PATIENCE_S

pytestmark = pytest.mark.row(
    20, "two registrations race", "one version for each run; the champion changes by conditional write"
)


def test_each_run_registers_one_version(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs, each tried by two processes at a time, none of which finds a version: two, each with its run's name.

    Fails when the request carries no ClientToken (`registry.package_request`).
    """
    create, all_have_looked = Packages.create, threading.Barrier(4, timeout=PATIENCE_S)

    def at_once(self: Packages, request: dict[str, Any]) -> dict[str, Any]:
        all_have_looked.wait()
        return create(self, request)

    monkeypatch.setattr(Packages, "create", at_once)
    runs = [ready(flow, before="register", run_id=f"manual__{number}") for number in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda run: run.execute("register")["version"], _copies(runs)))
    assert sorted(set(found)) == [1, 2]
    assert [found[0], found[1]] == [found[2], found[3]]
    registered = [package["CustomerMetadataProperties"]["airflow_run_id"] for package in flow.packages()]
    assert sorted(registered) == ["manual__1", "manual__2"]


def _copies(runs: list[Run]) -> list[Run]:
    """Each run twice: what its tasks have returned is shared, the processes are not."""
    return [Run(build=run.build, context=run.context, results=dict(run.results)) for _ in (1, 2) for run in runs]


def test_the_pointer_is_not_turned_back(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version is approved, and another run sees it, while a run is about to write what it saw before: it looks again.

    Fails when `champions.pinned` writes without a condition (`Lake.swap`).
    """
    ready(flow, before="register").execute("register")
    _register_again(flow)
    _approve(flow, 1)
    swap, faster = Lake.swap, flow.training("manual__4")

    def late(self: Lake, key: str, body: bytes, *, tag: str | None) -> bool:
        if key == s3_layout.champion(flow.spec.name) and "resolve" not in faster.states:
            faster.states["resolve"] = "running"
            _approve(flow, 2)
            faster.execute("resolve")
        return swap(self, key, body, tag=tag)

    monkeypatch.setattr(Lake, "swap", late)
    resolved = flow.training("manual__3").execute("resolve")
    assert faster.results["resolve"]["champion"] == resolved["champion"] == 2
    pinned = flow.read_as(TrainingRun, resolved["config_key"]).champion
    assert pinned is not None
    assert pinned.version == 2
    pointer = flow.read_as(ChampionPointer, s3_layout.champion(flow.spec.name))
    assert (pointer.version, pointer.approval_status) == (2, "Approved")


def _register_again(flow: Flow) -> None:
    """Version 2, of the same model as version 1 but of another run."""
    [first] = flow.packages()
    copied = {name: first[name] for name in ("ModelPackageGroupName", "ModelApprovalStatus", "InferenceSpecification")}
    metadata = first["CustomerMetadataProperties"] | {"run": "manual-2"}
    flow.place.client("sagemaker").create_model_package(**copied, CustomerMetadataProperties=metadata)


def _approve(flow: Flow, version: int) -> None:
    [arn] = [each["ModelPackageArn"] for each in flow.packages() if each["ModelPackageVersion"] == version]
    flow.place.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
