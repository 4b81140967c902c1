"""Where a run takes place: the names of an account's things. The only room that knows one place from another.

Every value comes from an Airflow configuration option of the section `perennial`, which MWAA takes as
`perennial.bucket` and every Airflow as the variable `AIRFLOW__PERENNIAL__BUCKET`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from include.specs.errors import SpecError, require

PREFIX = "AIRFLOW__PERENNIAL__"
# Without its region, the console looks in the one that the person last used.
LOG_PAGE = "https://{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{job}"
RUNBOOK = "docs/runbook.md"
UNKNOWN = "unknown"
REQUIRED = ("bucket", "role_arn", "image", "topic_prefix")
# How the name of a package group may end, which has 63 characters; a model's has up to 24.
_NAME_END = re.compile(r"(-*[a-zA-Z0-9])*")
_MAX_SUFFIX = 39
# Without a wait between two looks, one job alone is the account's whole rate of calls.
_MAX_POLL_INTERVAL_S = 3600
_POLL_INTERVAL = f"be a number of seconds above 0, at most {_MAX_POLL_INTERVAL_S}"
OBJECT_PAGE = "https://{console}/s3/object/{bucket}?prefix={key}"
# By AWS's partition, which stands in every ARN.
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
CONSOLE = "console.aws.amazon.com"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The names that requests to AWS are made with.

    Args:
        bucket: the data bucket. role_arn: what jobs run as. image: the `ml` image that runs every job.
        topic_prefix, topic_suffix: a model's SNS topic is the model's name between them, as an ARN.
        group_suffix: a model's package group is its name and this: another one for each deployment in an account.
        deferrable: whether waiting for a job, or a day's files, leaves the worker (True) or holds its slot.
        poll_interval_s: seconds between two looks at a job, above 0 and at most an hour.
        subnets, security_groups, kms_key: of the jobs, where they are set.
        code_version: which code runs, where somebody says so; else the process itself knows (`perennial.stamps`).
        log_page, object_page: addresses of a job's log (with {group}, {job} and {region}) and of an object ({bucket},
            {key}); {console} is the console's host.
        runbook: address of docs/runbook.md, for messages to people.
    """

    bucket: str
    role_arn: str
    image: str
    topic_prefix: str
    topic_suffix: str = ""
    group_suffix: str = ""
    deferrable: bool = True
    poll_interval_s: float = 15.0
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key: str | None = None
    code_version: str = UNKNOWN
    ui_url: str = ""
    log_page: str = LOG_PAGE
    object_page: str = OBJECT_PAGE
    runbook: str = RUNBOOK

    def __post_init__(self) -> None:
        both = bool(self.subnets) == bool(self.security_groups)
        require(both, f"{PREFIX}SECURITY_GROUPS", "be set where SUBNETS is, and only there", self.security_groups)
        paced = 0 < self.poll_interval_s <= _MAX_POLL_INTERVAL_S
        require(paced, f"{PREFIX}POLL_INTERVAL_S", _POLL_INTERVAL, self.poll_interval_s)
        ends_a_name = _NAME_END.fullmatch(self.group_suffix) is not None and len(self.group_suffix) <= _MAX_SUFFIX
        expected = f"be at most {_MAX_SUFFIX} letters, digits and hyphens, the last no hyphen"
        require(ends_a_name, f"{PREFIX}GROUP_SUFFIX", expected, self.group_suffix)

    def topic(self, model: str) -> str:
        """ARN of the topic of `model`.

        Raises:
            SpecError: where topics are is not known, as may be in what `for_telling` gives.
        """
        _require_set("topic_prefix", self.topic_prefix)
        return self.topic_prefix + model + self.topic_suffix

    def group(self, model: str) -> str:
        """The model package group of `model`."""
        return model + self.group_suffix

    @property
    def console(self) -> str:
        """The host of the AWS console: each of AWS's partitions has its own, and the jobs' role says which it is."""
        _, partition, *_ = (*self.role_arn.split(":"), "")
        return CONSOLES.get(partition, CONSOLE)

    def log_url(self, group: str, job_name: str, *, region: str = "") -> str:
        """The page on which a person reads the log of a job that runs in `region`."""
        # The console's router wants its percent signs escaped once more, as $25.
        escaped = quote(group, safe="").replace("%", "$25")
        return self.log_page.format(group=escaped, job=job_name, region=region, console=self.console)

    def run_url(self, dag_id: str, run_id: str) -> str:
        """The page of a run in Airflow's UI; empty where its address is not known."""
        base = self.ui_url.rstrip("/")
        return f"{base}/dags/{dag_id}/runs/{run_id}" if base else ""

    def object_url(self, key: str) -> str:
        """The page on which a person opens an object of the data bucket."""
        return self.object_page.format(bucket=self.bucket, key=quote(key), console=self.console)


def environment(variables: Mapping[str, str]) -> Environment:
    """The environment that `variables` (a process's own, usually) describe.

    Raises:
        SpecError: a required option is not set, or one cannot be read.
    """
    options = _options(variables)
    return Environment(
        **{name: _required(options, name) for name in REQUIRED},
        group_suffix=options.get("group_suffix", ""),
        deferrable=deferrable(variables),
        poll_interval_s=_number("POLL_INTERVAL_S", _POLL_INTERVAL, options.get("poll_interval_s", "15")),
        subnets=_names(options.get("subnets", "")),
        security_groups=_names(options.get("security_groups", "")),
        kms_key=options.get("kms_key") or None,
        code_version=options.get("code_version") or UNKNOWN,
        **_places(options, variables),
    )


def for_telling(variables: Mapping[str, str]) -> Environment:
    """The environment as far as telling people goes, whatever is wrong with the rest: what is not set is empty.

    A run that failed for an option that nobody has set is to be told like any other.
    """
    options = _options(variables)
    known: dict[str, Any] = {name: options.get(name, "") for name in REQUIRED}
    return Environment(**known | _places(options, variables))


def bucket(variables: Mapping[str, str]) -> str:
    """The option `bucket`, whatever is wrong with the others: what fails for those can be put on record.

    Raises:
        SpecError: it is not set.
    """
    return _required(_options(variables), "bucket")


def is_of_an_option(error: BaseException) -> bool:
    """Whether `error` says that an option is missing, or cannot be read.

    >>> is_of_an_option(SpecError(f"{PREFIX}BUCKET", "be set", None)), is_of_an_option(SpecError("split.test", "be", 2))
    (True, False)
    """
    return isinstance(error, SpecError) and error.field.startswith(PREFIX)


def deferrable(variables: Mapping[str, str]) -> bool:
    """The option `deferrable`: on unless it says otherwise."""
    said = variables.get(f"{PREFIX}DEFERRABLE", "true").strip().lower()
    if said not in ("true", "false"):
        raise SpecError(f"{PREFIX}DEFERRABLE", "be true or false", said)
    return said == "true"


def retry_pace(variables: Mapping[str, str]) -> float:
    """The option `retry_pace`: what every wait between two tries of a task is multiplied with; 1 where it is not set.

    For tests, whose faults last no longer than they say.
    """
    pace = _number("RETRY_PACE", "be a number", variables.get(f"{PREFIX}RETRY_PACE", "1"))
    require(pace >= 0, f"{PREFIX}RETRY_PACE", "be at least 0", pace)
    return pace


def catch_up(variables: Mapping[str, str]) -> int:
    """The option `catch_up`: how many of the newest intervals of a daily flow are run that were missed; 14 if not set.

    So many days has CloudWatch for metrics of the past. Whose machine is switched off at night wants 1: the newest.
    """
    count = _number("CATCH_UP", "be a whole number", variables.get(f"{PREFIX}CATCH_UP", "14"))
    require(count >= 1 and count.is_integer(), f"{PREFIX}CATCH_UP", "be a whole number of at least 1", count)
    return int(count)


def _options(variables: Mapping[str, str]) -> Mapping[str, str]:
    return {key.removeprefix(PREFIX).lower(): value for key, value in variables.items() if key.startswith(PREFIX)}


def _places(options: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """What topics end in, and the addresses of what a message leads to."""
    return {
        "topic_suffix": options.get("topic_suffix", ""),
        "log_page": options.get("log_page", LOG_PAGE),
        "object_page": options.get("object_page", OBJECT_PAGE),
        "runbook": options.get("runbook", RUNBOOK),
        "ui_url": variables.get("AIRFLOW__API__BASE_URL", ""),
    }


def _required(options: Mapping[str, str], name: str) -> str:
    return _require_set(name, options.get(name))


def _require_set(name: str, value: str | None) -> str:
    if not value:
        expected = f"be set (on MWAA: the configuration option perennial.{name})"
        raise SpecError(f"{PREFIX}{name.upper()}", expected, value)
    return value


def _number(name: str, expected: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SpecError(f"{PREFIX}{name}", expected, text) from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
