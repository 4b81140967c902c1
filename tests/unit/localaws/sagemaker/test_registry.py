"""The model registry: rules, also when several clients use it at a time; what one of them sees is tested over HTTP."""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest

from localaws.sagemaker.errors import ValidationError
from localaws.sagemaker.registry import Registry

AT = datetime(2026, 3, 1, tzinfo=UTC)
CLIENTS = 4
ROUNDS = 200  # without a lock, some two in a hundred go wrong


@pytest.fixture(autouse=True)
def threads_that_take_turns_quickly() -> Iterator[None]:
    """What may happen between two steps of a thread does happen."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread for each client."""
    with ThreadPoolExecutor(CLIENTS) as made:
        yield made


def registry() -> Registry:
    """A registry with one group."""
    made = Registry(account="123456789012", region="eu-west-1")
    made.create_group({"ModelPackageGroupName": "churn"}, AT)
    return made


def at_once[T](pool: ThreadPoolExecutor, do: Callable[[int], T]) -> list[T]:
    """What each client got that did it when all others did."""
    ready = Barrier(CLIENTS)

    def when_all_are_there(number: int) -> T:
        ready.wait()
        return do(number)

    return list(pool.map(when_all_are_there, range(CLIENTS)))


def version(**members: Any) -> Mapping[str, Any]:
    """A request for a version of the group."""
    return {"ModelPackageGroupName": "churn", **members}


def test_one_client_token_registers_once_however_many_send_it(pool: ThreadPoolExecutor) -> None:
    """All of them are given the same version, one of them as new."""
    for _ in range(ROUNDS):
        churn = registry()
        found = at_once(pool, lambda _, churn=churn: churn.create(version(ClientToken="run-1"), AT))
        assert {package.arn for package, _ in found} == set(churn.packages)
        assert len(churn.packages) == 1
        assert sum(is_new for _, is_new in found) == 1


def test_versions_that_are_registered_at_once_are_all_there(pool: ThreadPoolExecutor) -> None:
    """Each has a number of its own."""
    for _ in range(ROUNDS):
        churn = registry()
        at_once(pool, lambda number, churn=churn: churn.create(version(ClientToken=str(number)), AT))
        assert sorted(package.version or 0 for package in churn.all_packages()) == [1, 2, 3, 4]


def test_changes_at_once_are_all_kept(pool: ThreadPoolExecutor) -> None:
    """Clients that each set one property of a version leave all of them."""
    for _ in range(ROUNDS):
        churn = registry()
        arn = churn.create(version(), AT)[0].arn
        at_once(
            pool,
            lambda number, churn=churn, arn=arn: churn.update(
                {"ModelPackageArn": arn, "CustomerMetadataProperties": {str(number): "set"}}, AT
            ),
        )
        assert set(churn.package(arn).fields["CustomerMetadataProperties"]) == {"0", "1", "2", "3"}


def test_a_group_is_made_once_however_many_ask(pool: ThreadPoolExecutor) -> None:
    """One of them makes it, the others are refused."""

    def make(churn: Registry) -> bool:
        try:
            churn.create_group({"ModelPackageGroupName": "fraud"}, AT)
        except ValidationError:
            return False
        return True

    for _ in range(ROUNDS):
        churn = registry()
        assert sum(at_once(pool, lambda _, churn=churn: make(churn))) == 1


def test_the_list_names_only_what_is_no_version() -> None:
    """Versions are told by ARN, group and number, as SageMaker does it; a package without a group by its name."""
    made = registry()
    of_group, alone = made.create(version(), AT)[0], made.create({"ModelPackageName": "single"}, AT)[0]
    assert "ModelPackageName" not in of_group.summary()
    assert of_group.summary()["ModelPackageGroupName"] == "churn"
    assert alone.summary()["ModelPackageName"] == "single"
    assert of_group.describe()["ModelPackageName"] == "churn"


def test_groups_do_not_differ_in_case_alone() -> None:
    """Their versions would have the same ARNs, and one would replace the other's."""
    with pytest.raises(ValidationError, match="Model Package Group already exists"):
        registry().create_group({"ModelPackageGroupName": "Churn"}, AT)
