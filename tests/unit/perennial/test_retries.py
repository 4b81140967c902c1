"""The table of faults, held against botocore's own lists; and how long what passes is waited for."""

import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given
from hypothesis import strategies as st
from perennial import retries
from perennial.failures import failed
from perennial.retries import TABLE, Fault, delay_s, of_code, of_error, of_reason

from include.specs.errors import DataContractError, PartitionError, VersionError

PLUGINS = Path(__file__).parents[3] / "plugins"
PASSING = [fault for fault in TABLE if fault.passes]
BOTOCORES_CODES = {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES}
faults, tries, identities = st.sampled_from(PASSING), st.integers(1, 40), st.text(max_size=40)


def _refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "CreateTrainingJob")


def test_code_belongs_to_one_fault() -> None:
    """What is done about an error does not depend on the order of the table."""
    codes = Counter(code for fault in TABLE for code in fault.codes)
    assert [code for code, times in codes.items() if times > 1] == []


def test_reason_belongs_to_one_fault() -> None:
    """Nor does what is done about a job: one that begins like another fault's says more than that."""
    reasons = Counter(reason for fault in TABLE for reason in fault.reasons)
    assert len(reasons) >= 6
    assert [reason for reason, times in reasons.items() if times > 1] == []
    for fault in TABLE:
        assert {of_reason(reason) for reason in fault.reasons} <= {fault}


def test_name_is_one_section_of_the_runbook() -> None:
    """A name stands for one fault, and is such as a link leads to."""
    names = [fault.name for fault in TABLE]
    assert len(set(names)) == len(names)
    assert all(name == name.lower().replace(" ", "-") for name in names)


def test_every_fault_is_in_the_table() -> None:
    """A fault that is defined and not listed would never be found."""
    defined = [value for value in vars(retries).values() if isinstance(value, Fault)]
    assert set(defined) == set(TABLE)


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_fault_says_what_to_do(fault: Fault) -> None:
    """Each has advice; what passes has a wait that grows up to a limit, and what stays has none."""
    assert fault.advice
    if fault.first_s is None:
        assert (fault.passes, fault.longest_s) == (False, 0)
    else:
        assert fault.passes
        assert 0 < fault.first_s < fault.longest_s <= 3600


@pytest.mark.parametrize("code", sorted(BOTOCORES_CODES))
def test_what_botocore_tries_again_passes(code: str) -> None:
    """A code that botocore itself waits out is known as one that passes, also when botocore has given up."""
    fault = of_code(code)
    assert fault is not retries.UNKNOWN
    assert fault.passes


@pytest.mark.parametrize("status", TransientRetryableChecker._TRANSIENT_STATUS_CODES)
@pytest.mark.parametrize("code", ["", "Nonsense", "{status}"])
def test_server_error_without_a_known_code_is_the_services(status: int, code: str) -> None:
    """An answer of the 500s passes, whatever its body says."""
    assert of_error(_refusal(code.format(status=status), status)) is retries.SERVICE


def test_known_code_says_more_than_the_status() -> None:
    """S3 says SlowDown with 503, and that is throttling."""
    assert of_error(_refusal("SlowDown", 503)) is retries.THROTTLING


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("ThrottlingException", retries.THROTTLING),
        ("ResourceLimitExceeded", retries.LIMIT),
        ("ExpiredTokenException", retries.CREDENTIALS),
        ("UnrecognizedClientException", retries.CREDENTIALS),
        ("AccessDeniedException", retries.DENIED),
        ("403", retries.DENIED),
        ("ValidationException", retries.REFUSED),
        ("NoSuchBucket", retries.REFUSED),
        ("Nonsense", retries.UNKNOWN),
    ],
)
def test_refusal_is_known_by_its_code(code: str, fault: Fault) -> None:
    """What AWS refused is what its code says."""
    assert of_error(_refusal(code)) is fault


def _subclasses(cls: type[Exception]) -> set[type[Exception]]:
    return {cls} | {each for child in cls.__subclasses__() for each in _subclasses(child)}


@pytest.mark.parametrize(
    "cls",
    sorted(
        {each for cls in TransientRetryableChecker._TRANSIENT_EXCEPTION_CLS for each in _subclasses(cls)},
        key=lambda cls: cls.__name__,
    ),
    ids=lambda cls: cls.__name__,
)
def test_every_failed_connection_of_botocore_is_the_services(cls: type[Exception]) -> None:
    """All that botocore takes for a connection that may hold next time is known by its class, whatever it is called."""
    error = cls.__new__(cls)
    assert isinstance(error, exceptions.BotoCoreError)
    assert of_error(error) is retries.SERVICE


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
        ConnectionResetError("reset by peer"),
        TimeoutError("no answer"),
        aiohttp.ServerDisconnectedError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failed_connection_is_the_services(error: Exception) -> None:
    """Those of botocore, of Python and of aiohttp, which the triggerer's client is made of."""
    assert of_error(error) is retries.SERVICE


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("fault"), exceptions.NoCredentialsError(), PartitionError("no such day")]
)
def test_any_other_error_is_unknown(error: Exception) -> None:
    """What says nothing of itself is tried again, patiently."""
    assert of_error(error) is retries.UNKNOWN
    assert retries.UNKNOWN.passes


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_error_that_carries_its_fault_is_believed(fault: Fault) -> None:
    """Whoever raised it knew more than its class says."""
    assert of_error(failed("no room", fault)) is fault


def test_only_a_fault_is_believed() -> None:
    """An attribute of that name of somebody else's error is no fault."""
    error = ConnectionError("reset")
    error.fault = "of the cable"  # type: ignore[attr-defined]
    assert of_error(error) is retries.SERVICE


@pytest.mark.parametrize("response", [None, {}, {"Error": {}}, {"ResponseMetadata": {}}, "odd"])
def test_answer_that_says_nothing_is_unknown(response: Any) -> None:
    """An error with a response of another form is no reason to fail otherwise."""
    error = ValueError("x")
    error.response = response  # type: ignore[attr-defined]
    assert of_error(error) is retries.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("CapacityError: Unable to provision requested ML compute capacity", retries.CAPACITY),
        ("InternalServerError: We encountered an internal error. Please try again.", retries.SERVICE),
        ("AlgorithmError: ExecuteUserScriptError: exit code 1", retries.ALGORITHM),
        ("ClientError: Please use an instance type with more memory", retries.ALGORITHM),
        ("ClientError: Data download failed:NoSuchKey (404): The specified key does not exist", retries.DATA),
        ("ClientError: Data download failed:Access denied for bucket: lake. Please check the policy", retries.DENIED),
        (
            'ClientError: Data download failed:Please ensure that its trust relationship allows "sts:AssumeRole"',
            retries.DENIED,
        ),
        ("ClientError: Failed to pull ECR image: AccessDenied", retries.DENIED),
        ("ClientError: Artifact upload failed:Error 7: AccessDenied", retries.DENIED),
        ("ClientError: Error occurred while downloading: ThrottlingException", retries.THROTTLING),
        ("ClientError: Data download failed:SlowDown (503): Please reduce your request rate", retries.THROTTLING),
        # A key is its maker's words, and not AWS's.
        ("ClientError: Data download failed:NoSuchKey (404): s3://lake/models/throttle-risk/m.tar.gz", retries.DATA),
        ("ClientError: Data download failed: s3://lake/raw/forbidden-goods/a is no manifest", retries.DATA),
        ("ClientError: Data download failed:s3://lake/raw/a.parquet:AccessDenied (403)", retries.DENIED),
        ("AlgorithmError: AccessDenied, says the code, exit code: 1", retries.ALGORITHM),
        ("InternalServerError: Throttled", retries.SERVICE),
        ("the code said CapacityError", retries.UNKNOWN),
        ("", retries.UNKNOWN),
    ],
)
def test_job_is_judged_by_how_its_reason_begins(reason: str, fault: Fault) -> None:
    """SageMaker puts its own word first; what the code printed comes after it, and what AWS has answered SageMaker."""
    assert of_reason(reason) is fault


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("AlgorithmError: DataContractError: a.csv: column 'tenure' is missing, exit code: 1", retries.DATA),
        ("AlgorithmError: , exit code: 1; DataContractError: a.csv: the file is empty", retries.DATA),
        ("AlgorithmError: See job logs for more information; PartitionError: raw/a.parquet: not there", retries.DATA),
        ("AlgorithmError: , exit code: 1; ReportError: must be a finite number, got nan", retries.ALGORITHM),
        ("AlgorithmError: , exit code: 1; VersionError: champion version 3: it reads x; set …", retries.VERSION),
        ("AlgorithmError: NameError: name 'DataContractError' is not defined", retries.ALGORITHM),
        ("AlgorithmError: , exit code: 1; MyDataContractError: x", retries.ALGORITHM),
        ("CapacityError: DataContractError: x", retries.CAPACITY),
        ("DataContractError: x", retries.UNKNOWN),
    ],
)
def test_data_that_a_job_refuses_is_no_fault_of_its_code(reason: str, fault: Fault) -> None:
    """The job names the error, in FailureReason or in its own message; SageMaker says AlgorithmError of all of them."""
    assert of_reason(reason) is fault


def test_error_that_the_table_names_exists() -> None:
    """The table imports none of them: a class that is renamed would be found nowhere."""
    named = {name for fault in TABLE for name in fault.errors}
    assert named == {error.__name__ for error in (DataContractError, PartitionError, VersionError)}


@given(fault=faults, try_number=tries, identity=identities)
def test_wait_is_between_half_and_all_of_what_it_doubled_to(fault: Fault, try_number: int, identity: str) -> None:
    """Doubled with each try, and never longer than the fault's longest."""
    assert fault.first_s is not None
    most = min(fault.first_s * 2 ** (try_number - 1), fault.longest_s)
    assert most / 2 <= delay_s(fault, try_number, identity=identity) <= most <= fault.longest_s


@given(fault=faults, try_number=tries, identity=identities, pace=st.floats(0, 10))
def test_wait_depends_on_nothing_else(fault: Fault, try_number: int, identity: str, pace: float) -> None:
    """The same task instance waits as long whoever asks and however often; the pace multiplies that."""
    wait_s = delay_s(fault, try_number, identity=identity)
    assert delay_s(fault, try_number, identity=identity) == wait_s
    assert delay_s(fault, try_number, identity=identity, pace=pace) == pytest.approx(pace * wait_s)


@given(fault=faults, try_number=tries, pair=st.lists(identities, min_size=2, max_size=2, unique=True))
def test_tasks_that_failed_together_do_not_come_back_together(fault: Fault, try_number: int, pair: list[str]) -> None:
    """Two task instances wait for different times, on every try."""
    one, other = (delay_s(fault, try_number, identity=identity) for identity in pair)
    assert one != other


@pytest.mark.parametrize(("try_number", "most"), [(1, 5), (3, 20), (40, 120)])
def test_waits_of_many_tasks_are_spread(try_number: int, most: int) -> None:
    """They lie all over the time that there is, and never outside of it."""
    waits = [delay_s(retries.THROTTLING, try_number, identity=str(number)) for number in range(1000)]
    tenths = Counter(math.floor((wait_s - most / 2) / (most / 2) * 10) for wait_s in waits)
    assert set(tenths) == set(range(10))
    assert min(tenths.values()) >= 60


def test_wait_is_the_same_in_every_process() -> None:
    """It is drawn from a digest, not from Python's hash, which differs from one process to the next."""
    assert delay_s(retries.THROTTLING, 1, identity="churn_training manual__1 resolve -1") == pytest.approx(2.799362)


@pytest.mark.parametrize("fault", [fault for fault in TABLE if not fault.passes], ids=lambda fault: fault.name)
@given(try_number=tries)
def test_what_stays_is_not_waited_for(fault: Fault, try_number: int) -> None:
    """Not even where somebody asks."""
    assert delay_s(fault, try_number, identity="a") == 0


def test_table_needs_nothing() -> None:
    """The triggerer has neither the DAG folder on its path nor time to load Airflow once more."""
    program = (
        f"import sys, json; sys.path.insert(0, {str(PLUGINS)!r}); import perennial.retries; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/")
    loaded = set(json.loads(done.stdout))
    assert "perennial" in loaded
    assert loaded & {"airflow", "include", "boto3", "botocore", "pydantic"} == set()
