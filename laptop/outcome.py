"""What came of a flow: the gate's verdict and its rules, the registered version, and the report to read."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.exceptions
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from include.specs import codec, reports, s3_layout
from include.specs.reports import FEWEST_DECIMALS, EvaluationReport, GateReport, GateRule
from laptop import aws
from laptop.airflow_api import Run
from laptop.errors import FlowError
from laptop.flow import Finished
from laptop.settings import BUCKET

RUN_ID_PROPERTY = "airflow_run_id"
SEPARATOR = " · "
INDENT = "  "
NO_BREAK = "\N{NO-BREAK SPACE}"
SYNTHETIC = "The data was made up by the generator of the spec: these figures say nothing about the world."


@dataclass(frozen=True, kw_only=True)
class Version:
    """A model package, as the registry has it."""

    number: int
    approval_status: str
    arn: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a training run left behind. `version` is None where the gate rejected the candidate."""

    gate: GateReport
    evaluation: EvaluationReport
    version: Version | None
    report: Path


def read(endpoint: str, run: Run, *, model: str, slug: str, reports_folder: Path) -> Outcome:
    """The outcome of the training `run`, whose name in S3 is `slug`; its report is downloaded for reading.

    Raises:
        FlowError: a report is missing, or gate and registry contradict each other.
    """
    prefix = s3_layout.experiment(model, slug)
    s3 = aws.client("s3", endpoint)
    gate = codec.decode(GateReport, _object(s3, prefix + reports.GATE), source=reports.GATE)
    evaluation = codec.decode(EvaluationReport, _object(s3, prefix + reports.EVALUATION), source=reports.EVALUATION)
    version = registered(endpoint, model, run)
    if (gate.verdict == "register") != (version is not None):
        raise FlowError(f"the gate of {run.run_id} said {gate.verdict}, but the registry holds {version}")
    report = reports_folder / reports.HTML
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(_object(s3, prefix + reports.HTML))
    return Outcome(gate=gate, evaluation=evaluation, version=version, report=report)


def registered(endpoint: str, model: str, run: Run) -> Version | None:
    """The version that `run` registered; None when it registered none."""
    sagemaker = aws.client("sagemaker", endpoint)
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=model)
        packages = [package for page in pages for package in page["ModelPackageSummaryList"]]
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":  # no such group: nothing was ever registered
            return None
        raise
    described = (sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"]) for package in packages)
    return next((_version(package) for package in described if _run_id(package) == run.run_id), None)


def _run_id(package: Any) -> str | None:
    properties = package.get("CustomerMetadataProperties", {})
    return None if RUN_ID_PROPERTY not in properties else str(properties[RUN_ID_PROPERTY])


def _version(package: Any) -> Version:
    return Version(
        number=package["ModelPackageVersion"],
        approval_status=package["ModelApprovalStatus"],
        arn=package["ModelPackageArn"],
    )


def _object(s3: Any, key: str) -> bytes:
    try:
        return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    except botocore.exceptions.ClientError as error:
        raise FlowError(f"expected s3://{BUCKET}/{key} to be there after the run: {error}") from error


def show(console: Console, outcome: Outcome, *, model: str) -> None:
    """Print the outcome for a person."""
    console.print(rendered(outcome, model=model), soft_wrap=True)


def rendered(outcome: Outcome, *, model: str) -> RenderableType:
    """The outcome as lines and a table."""
    verdict = Text.assemble("Gate: ", (outcome.gate.verdict, "bold"), f": {outcome.gate.reasons}")
    said = [registry_line(outcome, model=model), f"Report: {outcome.report}"]
    if outcome.evaluation.data.synthetic:
        said.append(SYNTHETIC)
    return Group(verdict, gate_table(outcome.gate), *map(Text, said))


def gate_table(gate: GateReport) -> Table:
    """A row for each rule."""
    table = Table("rule", "observed", "required", "passed")
    for column in table.columns[1:]:
        column.justify = "right"
    for rule in gate.rules:
        table.add_row(
            rule.rule, *(number(value, rule.decimals) for value in (rule.observed, rule.required)), passed(rule)
        )
    return table


def number(value: float, decimals: int = FEWEST_DECIMALS) -> str:
    """A rule's number: a count as it is, all else with so many decimals.

    >>> number(331.0), number(0.8467), number(1.0)
    ('331', '0.8467', '1.0000')
    """
    return f"{value:.0f}" if value > 1 and value.is_integer() else f"{value:.{decimals}f}"


def passed(rule: GateRule) -> Text:
    """yes or no, coloured."""
    return Text("yes", style="green") if rule.passed else Text("no", style="bold red")


def registry_line(outcome: Outcome, *, model: str) -> str:
    """What is in the registry now because of this run."""
    if outcome.version is None:
        return "Registry: nothing was registered"
    return f"Registry: {model} version {outcome.version.number}, {outcome.version.approval_status}"


def times(steps: Mapping[str, float], runs: Sequence[Finished], total_s: float, *, width: int) -> str:
    """How long each step took: those of the system, then each run with its tasks. Lines are `width` columns at most."""
    lines = [folded(f"Time: {joined(steps)}", width)]
    for finished in runs:
        tasks = {task.label: task.duration_s for task in finished.tasks if task.duration_s}
        lines.append(folded(f"{finished.run.dag_id} {finished.duration_s:.1f} s: {joined(tasks)}", width))
    return "\n".join([*lines, f"Total {total_s:.1f} s"])


def joined(durations_s: Mapping[str, float]) -> str:
    """Names with their seconds, in one line.

    >>> joined({"start": 14.21, "data": 2.0})
    'start 14.2 s · data 2.0 s'
    """
    return SEPARATOR.join(f"{name} {seconds:.1f} s" for name, seconds in durations_s.items())


def folded(line: str, width: int) -> str:
    """`line` in lines of `width` columns, broken after separators only: a number stays beside its unit.

    >>> print(folded("Time: start 14.2 s · data 2.0 s · stop 1.0 s", 34))
    Time: start 14.2 s · data 2.0 s ·
      stop 1.0 s
    """
    # textwrap leaves no-break spaces alone; rich would break at them.
    unbreakable = line.replace(" ", NO_BREAK).replace(SEPARATOR.replace(" ", NO_BREAK), f"{NO_BREAK}· ")
    broken = textwrap.fill(
        unbreakable,
        max(width, 1 + len(INDENT)),
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return broken.replace(NO_BREAK, " ")
