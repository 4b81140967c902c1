"""A fit in stages, and one that continues from a checkpoint, give the model of an uninterrupted fit, bit for bit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_info

from include.ml.features.pipeline import build_pipeline
from include.ml.training import content
from include.ml.training.checkpoint import Checkpoints
from include.ml.training.fit import fit
from include.specs.errors import SpecError


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    return Checkpoints(folder=tmp_path, identity="this fit")


def staged(fitted, kept: Checkpoints, every: int | None = 4, **hyperparameters: object):
    given = {**fitted.model.estimator.hyperparameters, **hyperparameters}
    spec = replace(fitted.model.estimator, checkpoint_every=every and every * len(fitted.frame))
    return fit(build_pipeline(fitted.model, given), fitted.frame, fitted.positive, spec=spec, checkpoints=kept)


def digest(pipeline: object, folder: Path) -> str:
    file = folder / "model.skops"
    skops.io.dump(pipeline, file)
    return content.digest(file, size_limit=2**30)


def interrupted(fitted, kept: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit that ends after its second checkpoint."""
    saved: list[int] = []

    def save(self: Checkpoints, estimator: object) -> None:
        original(self, estimator)
        saved.append(1)
        if len(saved) == 2:
            raise KeyboardInterrupt

    original = Checkpoints.save
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save)
        with pytest.raises(KeyboardInterrupt):
            staged(fitted, kept)


def test_stages_give_the_model_of_one_fit(trees, kept: Checkpoints) -> None:
    """Every prediction to the last bit, whatever the length of a stage."""
    expected = trees.pipeline.predict_proba(trees.frame)
    for every in (None, 1, 5, 12, 100):
        for path in kept.folder.glob("*"):
            path.unlink()
        assert np.array_equal(staged(trees, kept, every).predict_proba(trees.frame), expected), every


def test_a_continued_fit_gives_the_same_model(
    trees, kept: Checkpoints, tmp_path_factory, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its predictions and its content; and it did continue."""
    elsewhere = tmp_path_factory.mktemp("whole")
    whole = staged(trees, Checkpoints(folder=elsewhere, identity="this fit"))
    interrupted(trees, kept, monkeypatch)
    capsys.readouterr()
    resumed = staged(trees, kept)
    assert capsys.readouterr().out.splitlines() == [
        "continuing from the checkpoint at iteration 8 of 12",
        "iteration 12 of 12",
    ]
    assert np.array_equal(resumed.predict_proba(trees.frame), whole.predict_proba(trees.frame))
    assert digest(resumed, elsewhere) == digest(whole, elsewhere)


def test_the_end_of_a_fit_is_no_checkpoint(trees, kept: Checkpoints) -> None:
    """The model itself is saved at once: a fit that is shorter than a stage costs no checkpoint at all."""
    staged(trees, kept, every=12)
    assert not list(kept.folder.iterdir())


def test_a_stage_is_as_long_as_its_rows_allow(trees, kept: Checkpoints, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of the work between two checkpoints is done on half of the iterations; at least one each time."""
    rows = len(trees.frame)
    for every, said in ((6 * rows, [6, 12]), (4 * rows - 1, [3, 6, 9, 12]), (1, list(range(1, 13)))):
        for path in kept.folder.glob("*"):
            path.unlink()
        spec = replace(trees.model.estimator, checkpoint_every=every)
        fit(build_pipeline(trees.model), trees.frame, trees.positive, spec=spec, checkpoints=kept)
        assert capsys.readouterr().out.splitlines() == [f"iteration {done} of 12" for done in said]


def test_one_checkpoint_is_kept(trees, kept: Checkpoints) -> None:
    """The newest holds all of the earlier ones."""
    staged(trees, kept)
    assert len(list(kept.folder.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_checkpoint_is_ignored(
    trees, kept: Checkpoints, monkeypatch, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says so, and the model is that of a fit from the beginning."""
    interrupted(trees, kept, monkeypatch)
    (path,) = kept.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "changed": whole[:-9] + b"123456789", "empty": b""}[damage])
    pipeline = staged(trees, kept)
    assert "damaged or of another fit: ignored" in capsys.readouterr().out
    assert np.array_equal(pipeline.predict_proba(trees.frame), trees.pipeline.predict_proba(trees.frame))


def test_another_fits_checkpoint_is_ignored(trees, kept: Checkpoints, monkeypatch, capsys) -> None:
    """Other data, other hyper-parameters or other packages make another fit."""
    interrupted(trees, kept, monkeypatch)
    staged(trees, replace(kept, identity="another fit"))
    said = capsys.readouterr().out
    assert "ignored" in said
    assert "continuing" not in said


def test_early_stopping_ends_the_stages(trees, kept: Checkpoints, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that stops short is the last."""
    pipeline = staged(trees, kept, max_iter=400, early_stopping=True, n_iter_no_change=1, learning_rate=1.0)
    assert pipeline[-1].n_iter_ < 400
    assert capsys.readouterr().out.splitlines()[-1] == f"iteration {pipeline[-1].n_iter_} of 400"


def test_only_boosting_has_stages(logistic, kept: Checkpoints) -> None:
    """Logistic regression has a warm start as well, and would end elsewhere: the message names the field."""
    with pytest.raises(SpecError, match=r"estimator\.checkpoint_every must be None for LogisticRegression"):
        staged(logistic, kept, every=5)


def test_a_hyperparameter_out_of_range_is_refused(trees, kept: Checkpoints) -> None:
    """In scikit-learn's words, which name the range."""
    with pytest.raises(SpecError, match=r"'learning_rate' parameter .* must be a float in the range"):
        staged(trees, kept, learning_rate=-1.0)


@pytest.mark.parametrize("max_iter", [0, "many"])
def test_a_number_of_stages_that_cannot_be_counted_is_refused(trees, kept: Checkpoints, max_iter: object) -> None:
    """As it is where there are none."""
    with pytest.raises(SpecError, match=r"'max_iter' parameter .* must be an int in the range"):
        staged(trees, kept, max_iter=max_iter)


def test_hyperparameters_that_exclude_each_other_are_refused(logistic, kept: Checkpoints) -> None:
    """The class, what it was given, and scikit-learn's own sentence: no traceback."""
    wanted = r"must be such that sklearn\..*LogisticRegression can be fitted .*\(Solver lbfgs supports only dual=False"
    with pytest.raises(SpecError, match=rf"^estimator\.hyperparameters {wanted}.*\), got \{{.*'dual': True"):
        staged(logistic, kept, None, solver="lbfgs", dual=True)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_specs_threads_fit(trees, kept: Checkpoints, monkeypatch, threads: int) -> None:
    """Not the machine's cores: sums in another order would give another model."""
    seen: list[int] = []
    original = HistGradientBoostingClassifier.fit

    def spy(self: HistGradientBoostingClassifier, *arguments: object) -> HistGradientBoostingClassifier:
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "openmp")
        return original(self, *arguments)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", spy)
    model = replace(trees.model, estimator=replace(trees.model.estimator, threads=threads))
    staged(replace(trees, model=model), kept, every=None)
    assert seen
    assert set(seen) == {threads}
