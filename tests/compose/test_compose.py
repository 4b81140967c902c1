"""`docker compose up`, for real: built, brought up, used as a person would, restarted under its work, and taken down.

The tests go from the first start to the last trace, in the order in which they stand here.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from include.specs import catalog, reports, s3_layout
from include.specs.job import STEPS
from laptop import landing
from laptop.airflow_api import AirflowApi, Run
from laptop.flow import Flow
from laptop.progress import LineBoard
from laptop.settings import BUCKET, Settings
from tests.compose import browser, engine
from tests.compose.compose_file import REPO, services
from tests.compose.edits import EDITS
from tests.compose.engine import Project, docker, until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(1500)]

ONE_SHOT = {"secrets", "account", "migration"}
SERVERS = services().keys() - ONE_SHOT - {"ml"}
VOLUMES = {"database", "database-password", "keys", "login", "logs", "aws"}
ENDS = {"success", "failed"}
TRAINING_S = 400
CHURN = catalog.model("churn")


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """A project that has just come up, from a copy of the checkout; nothing of it is left afterwards but its images."""
    if (problem := engine.problem()) is not None:
        pytest.skip(f"compose was left out: {problem}")
    # What is mounted must be readable by others than us: pytest's own temporary folders are not.
    with tempfile.TemporaryDirectory(prefix="perennial-compose-") as folder:
        Path(folder).chmod(0o755)
        made = Project(name=f"perennial-test-{os.getpid()}", folder=Path(folder))
        made.copy()
        try:
            made.timed("build", "--profile", "ml", "build", "--quiet", timeout_s=engine.BUILD_S)
            made.timed("up", "up", "--detach", "--wait", "--wait-timeout", "180")
            yield made
        finally:
            made.compose("--profile", "ml", "down", "--volumes", "--remove-orphans", "--timeout", "20")
            print("\n".join(made.measured))


@pytest.fixture(scope="module")
def api(project: Project) -> Iterator[AirflowApi]:
    """The UI's own API, with the password that a person would read."""
    with project.api() as client:
        yield client


@pytest.fixture(scope="module")
def trained(project: Project, api: AirflowApi) -> Run:
    """Churn, from a file to a registered version, undisturbed."""
    begun = time.monotonic()
    settings = Settings(repo=REPO, state=project.folder, python=Path(sys.executable))
    flow = Flow(api=api, spec=CHURN, board=LineBoard(Console(file=io.StringIO())))
    today = dt.datetime.now(dt.UTC).date()
    with landing.delivery(settings, CHURN, None) as delivered:
        landing.land(project.endpoint, CHURN.name, today, delivered)
    flow.wait_until_parsed(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    ingested = flow.ingest(today, {})
    finished = flow.train(ingested.run, {})
    project.measured.append(f"ingestion and training: {time.monotonic() - begun:.0f} s")
    return finished.run


def versions(project: Project) -> list[dict[str, Any]]:
    """The registered versions of churn, first version first."""
    sagemaker = project.client("sagemaker")
    lists = sagemaker.get_paginator("list_model_packages")
    return [
        sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
        for page in lists.paginate(ModelPackageGroupName=CHURN.name, SortOrder="Ascending")
        for package in page["ModelPackageSummaryList"]
    ]


def jobs(project: Project) -> dict[str, str]:
    """Every job that was ever started for churn, and its status."""
    sagemaker, found = project.client("sagemaker"), {}
    for noun in ("Training", "Processing"):
        pages = sagemaker.get_paginator(f"list_{noun.lower()}_jobs").paginate(NameContains=f"{CHURN.name}-")
        for page in pages:
            found |= {job[f"{noun}JobName"]: job[f"{noun}JobStatus"] for job in page[f"{noun}JobSummaries"]}
    return found


def test_everything_comes_up(project: Project) -> None:
    """Every server is healthy, every one-shot has ended well, and what the engine was asked for came in time."""
    states = {name: each["State"] for name, each in project.containers().items()}
    assert states.keys() == SERVERS | ONE_SHOT
    assert {name: states[name]["Health"]["Status"] for name in SERVERS} == dict.fromkeys(SERVERS, "healthy")
    assert {name: (states[name]["Status"], states[name]["ExitCode"]) for name in ONE_SHOT} == dict.fromkeys(
        ONE_SHOT, ("exited", 0)
    )


def test_the_engine_has_it_as_the_file_says(project: Project) -> None:
    """No container is root, can write to its file system or is reached from another machine."""
    for name, each in project.containers().items():
        host = each["HostConfig"]
        bound = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
        assert {binding["HostIp"] for binding in bound} <= {"127.0.0.1"}, name
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False), name
        if name in SERVERS:
            told = docker(
                "exec", each["Id"], "sh", "-c", "id -u; touch /x 2>&1; grep -E 'NoNewPrivs|CapEff' /proc/1/status"
            )
            assert not told.startswith("0\n"), name
            assert "Read-only file system" in told or "Permission denied" in told, name
            assert told.split()[-4:] == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"], name


def test_secrets_are_told_to_nobody(project: Project) -> None:
    """None of them stands in what the engine keeps of a container, or in what a container has printed."""
    told = project.compose(
        "exec", "-T", "api-server", "sh", "-c", "cd /var/lib/perennial/keys && for each in *; do cat $each; echo; done"
    )
    secrets = [line.split(":")[-1].split("@")[0] for line in told.split()] + [project.password]
    assert len(secrets) == 5
    kept = json.dumps(list(project.containers().values())) + project.compose("logs")
    assert [secret for secret in secrets if secret in kept] == []


def test_jobs_run_in_the_image_that_goes_to_ecr() -> None:
    """localaws is that image with localaws beside it, and starts a job as a container of it would."""
    if engine.problem() is not None:
        pytest.skip("compose was left out")
    ml, localaws = (
        json.loads(docker("image", "inspect", f"perennial-{name}:compose"))[0] for name in ("ml", "localaws")
    )
    layers = ml["RootFS"]["Layers"]
    assert localaws["RootFS"]["Layers"][: len(layers)] == layers
    (image,) = json.loads((REPO / "docker/images.json").read_text())
    variables = dict(line.split("=", 1) for line in ml["Config"]["Env"])
    assert {name: variables[name] for name in image["environment"]} == image["environment"]
    assert variables["PATH"].split(":")[: len(image["path"])] == image["path"]
    assert (ml["Config"]["WorkingDir"], ml["Config"]["Entrypoint"]) == (image["workdir"], None)


@pytest.mark.parametrize("command", ["train", *(f"python -m {step.module}" for step in STEPS.values())])
def test_the_image_runs_every_job(project: Project, command: str) -> None:
    """SageMaker's `train` and each job's module start, as root as on SageMaker and as an ordinary user as here."""
    assert "--root" in project.compose("run", "--rm", "-T", "ml", *command.split(), "--help")
    assert "--root" in docker("run", "--rm", "--network", "none", "perennial-ml:compose", *command.split(), "--help")


def test_a_training_goes_from_a_file_to_a_version(project: Project, trained: Run) -> None:
    """Asked for through the UI's own API: one version, its report, and each job Completed once."""
    (package,) = versions(project)
    assert package["CustomerMetadataProperties"]["airflow_run_id"] == trained.run_id
    assert set(jobs(project).values()) == {"Completed"}
    assert len(jobs(project)) == 4


def test_a_report_opens_where_its_link_leads(project: Project, api: AirflowApi, trained: Run) -> None:
    """The address that a person is given is one of this machine, and no other's."""
    slug = api.xcom(trained, "resolve", key="run")
    key = s3_layout.experiment(CHURN.name, slug) + reports.HTML
    page = httpx.get(f"{project.endpoint}/_localaws/objects/{BUCKET}/{key}", trust_env=False)
    assert page.is_success
    assert "<html" in page.text


def test_a_person_finds_the_run_in_the_ui(project: Project, trained: Run) -> None:
    """In a real browser: the password opens the door, the DAGs are there, and the run shows its tasks and their log."""
    if browser.program() is None:
        pytest.skip("the pages were not looked at: there is no Chromium on this machine")
    pictures = Path(os.environ.get("PERENNIAL_PICTURES", tempfile.mkdtemp(prefix="perennial-pictures-")))
    with browser.page() as page:
        page.open(project.ui)
        page.write("input[name=username]", "admin")
        page.write("input[name=password]", project.password)
        page.press_enter()
        page.wait_for("Dags")
        page.open(f"{project.ui}/dags")
        page.wait_for("Customer churn: training")
        page.picture(pictures / "dags.png")
        page.open(f"{project.ui}/dags/{trained.dag_id}/runs/{trained.run_id}")
        page.wait_for("quality_gate")
        page.wait_for("Success")
        page.picture(pictures / "run.png")
        page.open(f"{project.ui}/dags/{trained.dag_id}/runs/{trained.run_id}/tasks/quality_gate")
        page.wait_for("Verdict: register")
        page.picture(pictures / "log.png")
    print(f"pictures: {pictures}")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_seen_without_a_rebuild(project: Project, trained: Run, name: str) -> None:
    """What is changed in dags/, plugins/ or include/ is what Airflow shows soon after."""
    file, words, (old, new) = project.folder / name, f"Edited in {name}", EDITS[name]
    before, begun = file.read_text(), time.monotonic()
    file.write_text(before.replace(old, new.replace("{words}", words)))

    def shown() -> bool | None:
        return words in project.rest(f"/api/v2/dags/{trained.dag_id}/details")["doc_md"] or None

    until(shown, what=f"the edit of {name}", patience_s=120)
    project.measured.append(f"edit of {name} seen: {time.monotonic() - begun:.0f} s")
    file.write_text(before)


def test_nothing_is_lost_when_services_are_restarted(project: Project, api: AirflowApi, trained: Run) -> None:
    """Each service in turn, while a job runs: every training ends well, with one version and no job done twice."""
    assert trained
    known, began = jobs(project), time.monotonic()
    runs: list[Run] = []

    def at_work(kind: str) -> bool | None:
        if not runs or api.state(runs[-1]) in ENDS:
            runs.append(api.trigger(f"{CHURN.name}_training", conf={}))
        return any(kind in name and status == "InProgress" for name, status in jobs(project).items()) or None

    for service in ("triggerer", "scheduler", "dag-processor", "api-server", "postgres", "localaws"):
        # The job that localaws runs is to be interrupted: the longest, or it would be through before that.
        kind = "-train-" if service == "localaws" else ""
        until(lambda kind=kind: at_work(kind), what=f"a job {kind}", patience_s=TRAINING_S)  # type: ignore[misc]
        project.restart(service)
    assert [_end(api, run) for run in runs] == ["success"] * len(runs)
    registered = [package["CustomerMetadataProperties"]["airflow_run_id"] for package in versions(project)]
    assert registered == [trained.run_id, *(run.run_id for run in runs)]
    ended = [status for name, status in jobs(project).items() if name not in known]
    assert ended.count("Completed") == 3 * len(runs)
    assert len(ended) - ended.count("Completed") == 1  # what ran in localaws when that was restarted
    project.measured.append(f"{len(runs)} trainings under restarts: {time.monotonic() - began:.0f} s")


def _end(api: AirflowApi, run: Run) -> str:
    def ended() -> str | None:
        state = api.state(run)
        return state if state in ENDS else None

    return until(ended, what=f"the end of {run.run_id}", patience_s=TRAINING_S)


def test_down_and_up_keep_everything(project: Project, trained: Run) -> None:
    """Runs, versions, the lake and the password are there after `down` and `up`."""
    before, password = [package["ModelPackageArn"] for package in versions(project)], project.password
    assert before
    project.timed("down", "down", "--timeout", "30")
    assert project.containers() == {}
    assert project.volumes() == VOLUMES
    project.timed("up again", "up", "--detach", "--wait", "--wait-timeout", "180")
    del project.password
    assert project.password == password
    assert [package["ModelPackageArn"] for package in versions(project)] == before
    with project.api() as api:
        assert api.state(trained) == "success"


def test_down_with_volumes_forgets_everything(project: Project) -> None:
    """`down -v` leaves neither container, network nor volume."""
    project.timed("down -v", "down", "--volumes", "--timeout", "30")
    assert project.containers() == {}
    assert project.volumes() == set()
    label = f"label=com.docker.compose.project={project.name}"
    assert docker("network", "ls", "--quiet", "--filter", label) == ""
