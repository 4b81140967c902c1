"""What may pass and what stays: one table of faults, which operators, triggers, hooks and botocore's settings share.

A retry costs nothing but time, since it joins the job that its forerunner started (`perennial.naming`); so what may
pass is waited for as long as it usually takes to pass, and what stays is not tried again. Nothing here imports Airflow
or the rest of the project: triggers use it where neither is sure to be found.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Inside every call: passing faults are met again within seconds, with jittered backoff, before a task sees them.
CALL_RETRIES: Mapping[str, Any] = {"mode": "standard", "max_attempts": 8}
# Seconds. A connection that is not there or an answer that does not come is a fault as well.
CALL_TIMEOUTS: Mapping[str, Any] = {"connect_timeout": 10, "read_timeout": 60}

# Inside the calls by which a failed run is told. Airflow's DAG processor kills what tells of it 50 s after it has begun
# to read the DAG's file (dag_file_processor_timeout), and asks nobody again. There are four calls: two records read,
# the message sent, its record written. Each is tried twice, with at most 1 s between; each try has at most 1 s to
# connect and 2 s to be answered, and a PUT may wait 1 s to be told to go on: 4 x (2 x (1 + 2) + 1) + 2 x 1 = 30 s. The
# rest is for the file, and for AWS to say whose role it is.
CALLBACK_CALLS = 4
CALLBACK_RETRIES: Mapping[str, Any] = {"mode": "standard", "total_max_attempts": 2}
CALLBACK_TIMEOUTS: Mapping[str, Any] = {"connect_timeout": 1, "read_timeout": 2}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A kind of fault, and what is done about it.

    Args:
        codes: of errors of AWS's API. reasons: how a job's FailureReason begins; the longest that fits counts.
        quoted: words, in small letters, of AWS's own answer where a job's ClientError quotes one: asked before reasons.
        errors: names, of `include.specs.errors`, that a job's own words begin with.
        first_s: seconds until the next try, doubled with each further one up to `longest_s`; None: no try helps.
        advice: what a person should do; its section in docs/runbook.md has the fault's name.
    """

    name: str
    advice: str
    first_s: float | None = None
    longest_s: float = 0.0
    codes: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    errors: frozenset[str] = frozenset()

    @property
    def passes(self) -> bool:
        """Whether another try may help."""
        return self.first_s is not None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


THROTTLING = Fault(
    name="throttling",
    advice="nothing, unless it lasts: then ask AWS for a higher request rate",
    first_s=5,
    longest_s=120,
    codes=_words(
        "Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException SlowDown "
        "TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded PriorRequestNotComplete "
        "ProvisionedThroughputExceededException TransactionInProgressException EC2ThrottledException"
    ),
    quoted=("slowdown", "throttl", "toomanyrequests", "reduce your request rate", "(503)"),
)
SERVICE = Fault(
    name="service",
    advice="nothing, unless it lasts: then look at the AWS health page and at the network between Airflow and AWS",
    first_s=10,
    longest_s=300,
    codes=_words(
        "InternalFailure InternalServerError InternalError InternalServerException ServiceUnavailable "
        "ServiceUnavailableException RequestTimeout RequestTimeoutException 500 502 503 504"
    ),
    reasons=("InternalServerError", "InternalError", "ServiceUnavailable"),
)
CREDENTIALS = Fault(
    name="credentials",
    advice="nothing, unless it lasts: then renew the connection's credentials",
    first_s=10,
    longest_s=300,
    codes=frozenset(
        {
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
        }
        | {"InvalidClientTokenId", "InvalidToken"}
    ),
)
CAPACITY = Fault(
    name="capacity",
    advice="name fallback_instance_types for the step in the model's spec, or train at another hour",
    first_s=300,
    longest_s=3600,
    reasons=("CapacityError", "InsufficientCapacity"),
)
# A try of a job's task has asked for two hours before it fails with it (`perennial.quotas`).
LIMIT = Fault(
    name="limit",
    advice="wait for other jobs to end, or raise the account's quota of what the message names",
    first_s=600,
    longest_s=3600,
    codes=_words("ResourceLimitExceeded LimitExceededException ServiceQuotaExceededException"),
)
# A limit that no other job uses up: a fresh account may run none of most types.
QUOTA = Fault(
    name="quota",
    advice="ask AWS for a quota above 0 of what the message names, or name another instance_type in the model's spec",
)
_NONE_AT_ALL = re.compile(r"\bis 0 Instances\b")
ALGORITHM = Fault(
    name="algorithm",
    advice="read the end of the job's log; the same code fails the same way on the same data, so correct one of them",
    reasons=("AlgorithmError", "ClientError"),
)
# A job's other errors, such as a broken report, are its code's: data alone is corrected without a deployment.
DATA = Fault(
    name="data",
    advice="correct what the message names, and clear the run's first task with what follows",
    reasons=("ClientError: Data download failed",),
    errors=_words("DataContractError PartitionError"),
)
# What a run compares with or watches, and cannot: its data and code are as they must be.
VERSION = Fault(
    name="version",
    advice="reject that version or approve another in the registry; then clear the run's first task with what follows",
    errors=_words("VersionError"),
)
DENIED = Fault(
    name="denied",
    advice="allow what the message names to the role that Airflow runs as, or to the jobs' role where it names that",
    codes=_words(
        "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException NotAuthorized "
        "UnauthorizedOperation SignatureDoesNotMatch 403"
    ),
    quoted=("accessdenied", "access denied", "not authorized", "sts:assumerole", "forbidden", "(403)"),
)
REFUSED = Fault(
    name="refused",
    advice="correct the model's spec or the environment's options that the message names",
    codes=_words("ValidationException ValidationError InvalidParameter InvalidParameterValue NoSuchBucket"),
)
TIMEOUT = Fault(name="timeout", advice="raise max_run_s of the step in the model's spec, or give it less data")
# Somebody, or something, stopped the job: that the task still runs says that its result is still wanted.
STOPPED = Fault(name="stopped", advice="nothing, if the next try goes through", first_s=10, longest_s=300)
# A job's own limit ends it earlier: it has hardly begun, and is stopped.
TASK_TIMEOUT = Fault(
    name="task-timeout",
    advice="see what the task waited for, and whether that goes on, before you clear it",
    first_s=10,
    longest_s=300,
)
# Of a run's notice only: the last try left no record. The scheduler tries again what was killed as often as all else.
UNEXPLAINED = Fault(
    name="unexplained",
    advice="read the task's log; where it ends without a word, look for what ended the worker; then clear the task",
    first_s=30,
    longest_s=600,
)
RUN_TIMEOUT = Fault(
    name="run-timeout",
    advice="see which task waited, mend that, and clear it with what follows: finished jobs are not run again",
)
UNKNOWN = Fault(name="unknown", advice="read the task's log", first_s=30, longest_s=600)
# An option of the section `perennial` that is missing, or cannot be read.
CONFIGURATION = Fault(
    name="configuration",
    advice="set the option that the message names, in the configuration of all of Airflow's parts, and clear the task",
)

TABLE: tuple[Fault, ...] = (
    *(THROTTLING, SERVICE, CREDENTIALS, CAPACITY, LIMIT, QUOTA),
    *(ALGORITHM, DATA, VERSION, DENIED, REFUSED, TIMEOUT, STOPPED, TASK_TIMEOUT, UNEXPLAINED, RUN_TIMEOUT, UNKNOWN),
    CONFIGURATION,
)

_TASK_TIMEOUTS = _words("AirflowTaskTimeout TaskDeferralTimeout")
# An error's name as a job writes it, `DataContractError: landing/…`: a word of its own, not one that something quotes.
_ERROR = re.compile(r"(?<!\S)(\w+Error):")
# An object's address, up to a colon: AWS's answer may follow one without a blank.
_KEY = re.compile(r"s3://[^\s:]+")
_CONNECTION_ERRORS = _words("HTTPClientError ConnectionError TimeoutError ClientConnectionError")


def named(name: str) -> Fault:
    """The fault of that name.

    >>> named("denied").passes
    False
    """
    return next((fault for fault in TABLE if fault.name == name), UNKNOWN)


def of_code(code: str) -> Fault:
    """The fault that an error code of AWS's API stands for.

    >>> of_code("ThrottlingException").name, of_code("ResourceLimitExceeded").name, of_code("Nonsense").name
    ('throttling', 'limit', 'unknown')
    """
    return next((fault for fault in TABLE if code in fault.codes), UNKNOWN)


def of_reason(reason: str) -> Fault:
    """The fault that the reason of a job's end stands for (`perennial.outcomes.reason`).

    SageMaker's own word begins it. What the code raised is told apart by the errors that the code names.

    >>> of_reason("CapacityError: no ml.m5.large").name, of_reason("AlgorithmError: exit code 1").name
    ('capacity', 'algorithm')
    >>> of_reason("AlgorithmError: , exit code: 1; DataContractError: a.csv: column 'tenure' is missing").name
    'data'
    >>> of_reason("ClientError: Data download failed:Access denied for bucket: lake").name
    'denied'
    """
    begins = {begin: fault for fault in TABLE for begin in fault.reasons if reason.startswith(begin)}
    found = _quoted(reason) or (begins[max(begins, key=len)] if begins else UNKNOWN)
    if found is not ALGORITHM:
        return found
    return next((fault for fault in TABLE if fault.errors.intersection(_ERROR.findall(reason))), ALGORITHM)


def _quoted(reason: str) -> Fault | None:
    """What AWS has answered SageMaker in the job's stead, by its words; None where no ClientError quotes such.

    The key of an object is none of them: its makers may have named it `throttle-risk`.
    """
    words = _KEY.sub("", reason).lower() if reason.startswith("ClientError") else ""
    return next((fault for fault in TABLE if any(each in words for each in fault.quoted)), None)


def of_error(error: BaseException) -> Fault:
    """The fault behind an exception: the one it carries (`fault`), or what botocore's errors say.

    An answer without a code that says more is judged by its HTTP status; a connection that failed is the service's.
    """
    carried = getattr(error, "fault", None)
    if isinstance(carried, Fault):
        return carried
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        details = response.get("Error", {})
        by_code = of_code(str(details.get("Code", "")))
        if by_code is LIMIT and _NONE_AT_ALL.search(str(details.get("Message", ""))):
            return QUOTA
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return SERVICE if by_code is UNKNOWN and status >= 500 else by_code  # noqa: PLR2004 HTTP's class of server errors
    if _is_any(error, _TASK_TIMEOUTS):
        return TASK_TIMEOUT
    return SERVICE if _is_any(error, _CONNECTION_ERRORS) else UNKNOWN


def delay_s(fault: Fault, try_number: int, *, identity: str, pace: float = 1.0) -> float:
    """Seconds until the try after `try_number` (the first is 1): doubled each time, and between half and all of that.

    The jitter keeps tasks that failed together from coming back together. It is drawn from `identity`, so that the same
    task instance always waits as long.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog (equal jitter).

    Args:
        identity: what tells the task instance from others. pace: what every wait is multiplied with.

    >>> 5 <= delay_s(THROTTLING, 2, identity="a") <= 10
    True
    >>> delay_s(ALGORITHM, 1, identity="a")
    0.0
    """
    if fault.first_s is None:
        return 0.0
    most: float = min(fault.first_s * 2 ** (try_number - 1), fault.longest_s)
    return pace * most * between_half_and_all(f"{identity} {try_number}")


def between_half_and_all(text: str) -> float:
    """A number in [0.5, 1) that `text` decides."""
    return (1 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48) / 2


def _is_any(error: BaseException, names: frozenset[str]) -> bool:
    """By the names of its classes: Airflow and botocore need not be imported to say so, and aiohttp has others."""
    return any(cls.__name__ in names for cls in type(error).__mro__)
