"""A checkpoint is good for the fit it came from, whole, or not at all."""

from pathlib import Path

import pytest

from include.ml.training.checkpoint import Checkpoints


def test_what_was_saved_is_loaded(tmp_path: Path, trees) -> None:
    """With the number of iterations that it got to."""
    kept = Checkpoints(folder=tmp_path, identity="this fit")
    kept.save(trees.pipeline[-1])
    found = kept.load()
    assert found is not None
    assert found.n_iter_ == 12


def test_without_checkpoints_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing to say about it."""
    assert Checkpoints(folder=tmp_path, identity="this fit").load() is None
    assert capsys.readouterr().out == ""


def test_a_type_that_is_not_loaded_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even with the right name: the folder is a bucket's, and others may write to it."""
    kept = Checkpoints(folder=tmp_path, identity="this fit")
    kept.save(Path("a path is no estimator"))
    assert kept.load() is None
    assert "types that are not loaded: pathlib" in capsys.readouterr().out
