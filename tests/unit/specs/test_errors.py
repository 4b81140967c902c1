"""An error says what was expected, what came and where; a caller can catch all of ours at once, or one kind."""

import pickle

import pytest

from include.specs.errors import DataContractError, PartitionError, PerennialError, ReportError, SpecError, require


def test_a_spec_error_says_what_was_expected_and_what_came() -> None:
    """As one sentence, with the value as it would be written."""
    assert str(SpecError("split.test", "be within (0, 1)", "2")) == "split.test must be within (0, 1), got '2'"


def test_a_spec_error_learns_where_it_happened() -> None:
    """The catalog knows the file, the check does not: the first error stays as it was."""
    error = SpecError("split.test", "be within (0, 1)", 2)
    placed = error.at("include/specs/catalog/toy.py")
    assert str(placed) == "split.test must be within (0, 1), got 2; edit include/specs/catalog/toy.py"
    assert (placed.field, placed.expected, placed.got) == (error.field, error.expected, error.got)
    assert error.where is None


def test_a_spec_error_survives_a_process_boundary() -> None:
    """Airflow's processors send what they caught to each other."""
    error = SpecError("split.test", "be within (0, 1)", 2)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 of our own making


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (SpecError("f", "be", 1), ValueError),
        (DataContractError("x"), ValueError),
        (ReportError("x"), ValueError),
        (PartitionError("x"), LookupError),
    ],
)
def test_every_error_is_ours_and_of_pythons_own_kind(error: Exception, builtin: type[Exception]) -> None:
    """What is caught by neither is a defect."""
    assert isinstance(error, PerennialError)
    assert isinstance(error, builtin)


def test_a_missing_partition_is_said_in_plain_words() -> None:
    """A KeyError would put its message in quotes."""
    assert str(PartitionError("raw/toy: not there")) == "raw/toy: not there"


def test_only_what_does_not_hold_is_refused() -> None:
    """A requirement that holds says nothing."""
    require(True, "f", "be", 1)
    with pytest.raises(SpecError, match="f must be positive, got -1"):
        require(False, "f", "be positive", -1)
