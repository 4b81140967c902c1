"""The champion's pointer says what the registry says, whoever writes it last."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from perennial import champions
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages

from include.specs import codec
from include.specs.errors import ReportError
from include.specs.run import Champion, ChampionPointer

KEY = "champions/churn.json"
Register = Callable[..., str]


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


@pytest.fixture
def register(aws: SimpleNamespace) -> Register:  # noqa: ARG001 moto comes first
    """Registers a version with an approval; its ARN."""
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")

    def make(approval: str, *, url: str = "s3://lake/m", **metadata: str) -> str:
        container, properties = {"Image": "ml", "ModelDataUrl": url}, {"model_sha256": "c" * 64, **metadata}
        made = sagemaker.create_model_package(
            ModelPackageGroupName="churn",
            ModelApprovalStatus=approval,
            InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["text/csv"]},
            CustomerMetadataProperties={key: value for key, value in properties.items() if value},
        )
        arn: str = made["ModelPackageArn"]
        return arn

    return make


def _approve(arn: str, status: str) -> None:
    # All that moto would blank is sent along.
    known = boto3.client("sagemaker").describe_model_package(ModelPackageName=arn)
    boto3.client("sagemaker").update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus=status,
        CustomerMetadataProperties=known["CustomerMetadataProperties"],
        InferenceSpecification=known["InferenceSpecification"],
    )


def _pinned(lake: Lake, run: str = "r1", packages: Any = None) -> Champion | None:
    known = packages or Packages(sagemaker=boto3.client("sagemaker"))
    return champions.pinned("churn", run, group="churn", lake=lake, packages=known)


def _pointer(aws: SimpleNamespace) -> ChampionPointer:
    return codec.decode(ChampionPointer, aws.get(KEY), source=KEY)


@pytest.mark.parametrize("approval", ["Approved", "PendingManualApproval"])
def test_version_of_another_deployment_is_no_champion(lake: Lake, register: Register, approval: str) -> None:
    """Its model lies in another bucket: the older one of this one's is the champion, or none."""
    register(approval, url="s3://lake-2/m")
    assert _pinned(lake) is None
    register(approval)
    register(approval, url="s3://lake-2/m")
    champion = _pinned(lake)
    assert champion is not None
    assert champion.version == 2


def test_version_that_nobody_here_registered_is_still_refused(lake: Lake, register: Register) -> None:
    """Wherever its model lies: that it was approved says that somebody meant it."""
    register("Approved", url="s3://elsewhere/m", model_sha256="")
    with pytest.raises(ReportError, match="has no model_sha256"):
        _pinned(lake)


def test_champion_has_a_pointer(aws: SimpleNamespace, lake: Lake, register: Register) -> None:
    """It names the version, its approval, and the run that saw it."""
    arn = register("Approved")
    champion = _pinned(lake)
    assert champion is not None
    assert (champion.package_arn, champion.version) == (arn, 1)
    assert _pointer(aws) == ChampionPointer(run="r1", version=1, package_arn=arn, approval_status="Approved")


def test_pointer_that_is_right_is_left_alone(aws: SimpleNamespace, lake: Lake, register: Register) -> None:
    """The run that saw a version become the champion stays the one that is named."""
    register("Approved")
    found = [_pinned(lake, run) for run in ("r1", "r2", "r3")]
    assert found[0] == found[1] == found[2]
    assert _pointer(aws).run == "r1"


def test_new_champion_is_pointed_to(aws: SimpleNamespace, lake: Lake, register: Register) -> None:
    """From the first run on that sees it."""
    register("Approved")
    _pinned(lake)
    arn = register("Approved")
    _pinned(lake, "r2")
    assert _pointer(aws) == ChampionPointer(run="r2", version=2, package_arn=arn, approval_status="Approved")


def test_approval_is_news(aws: SimpleNamespace, lake: Lake, register: Register) -> None:
    """The same version, once it is approved, is a champion of another kind."""
    arn = register("PendingManualApproval")
    _pinned(lake)
    assert _pointer(aws).approval_status == "PendingManualApproval"
    _approve(arn, "Approved")
    _pinned(lake, "r2")
    assert _pointer(aws) == ChampionPointer(run="r2", version=1, package_arn=arn, approval_status="Approved")


@pytest.mark.parametrize("versions", [[], [("Rejected", {})], [("PendingManualApproval", {"past_window": "true"})]])
def test_without_champion_there_is_no_pointer(
    aws: SimpleNamespace, lake: Lake, register: Register, versions: list[tuple[str, dict[str, str]]]
) -> None:
    """A model of which no version counts has none, and nothing is written."""
    for approval, metadata in versions:
        register(approval, **metadata)
    assert _pinned(lake) is None
    assert aws.listing() == []


def test_model_without_a_group_has_no_champion(aws: SimpleNamespace, lake: Lake) -> None:
    """The first run of a model finds nothing, and that is no error."""
    assert _pinned(lake) is None
    assert aws.listing() == []


def test_pointer_says_when_no_version_is_left(aws: SimpleNamespace, lake: Lake, register: Register) -> None:
    """When the last is rejected, the pointer does not go on naming it."""
    arn = register("Approved")
    _pinned(lake)
    _approve(arn, "Rejected")
    assert _pinned(lake, "r2") is None
    assert _pointer(aws) == ChampionPointer(run="r2")


class RacedLake(Lake):
    """A lake in which somebody else does something just before the first swaps."""

    def __init__(self, lake: Lake, *others: Callable[[], object]) -> None:
        super().__init__(lake.bucket, s3=lake._s3)
        self.others, self.swaps = list(others), list[bool]()

    def swap(self, key: str, body: bytes, *, tag: str | None) -> bool:
        if self.others:
            self.others.pop(0)()
        self.swaps.append(super().swap(key, body, tag=tag))
        return self.swaps[-1]


@pytest.mark.parametrize("known", [False, True], ids=["first pointer", "another pointer"])
def test_run_that_saw_an_older_registry_does_not_have_the_last_word(
    aws: SimpleNamespace, lake: Lake, register: Register, known: bool
) -> None:
    """Between its look at the registry and its write, another run has pointed to a newer version: it looks again."""
    register("Approved")
    if known:
        _pinned(lake, "r0")
        register("Approved")

    def overtake() -> None:
        register("Approved")
        _pinned(lake, "faster")

    raced = RacedLake(lake, overtake)
    champion = _pinned(raced, "slower")
    newest = 3 if known else 2
    assert champion is not None
    assert champion.version == newest
    assert (_pointer(aws).version, _pointer(aws).run) == (newest, "faster")
    # The second look found the pointer right already.
    assert raced.swaps == [False]


def test_pointer_that_changes_under_every_look_is_right_in_the_end(
    aws: SimpleNamespace, lake: Lake, register: Register
) -> None:
    """However often it is overtaken by pointers that are wrong, a run writes what the registry says."""
    register("Approved")
    stale = [lambda i=i: aws.put(KEY, ChampionPointer(run=f"stale-{i}", version=90 + i)) for i in range(3)]
    raced = RacedLake(lake, *stale)
    _pinned(raced, "last")
    assert raced.swaps == [False, False, False, True]
    assert (_pointer(aws).version, _pointer(aws).run) == (1, "last")


def test_pointer_that_was_deleted_meanwhile_is_written_anew(
    aws: SimpleNamespace, lake: Lake, register: Register
) -> None:
    """A person may tidy up at any time."""
    register("Approved")
    _pinned(lake)
    register("Approved")
    raced = RacedLake(lake, lambda: aws.s3.delete_object(Bucket="lake", Key=KEY))
    _pinned(raced, "r2")
    assert raced.swaps == [False, True]
    assert _pointer(aws).version == 2
