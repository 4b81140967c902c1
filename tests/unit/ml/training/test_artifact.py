"""An artifact predicts what was saved, or is refused before anything in it is loaded."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from include.ml.training import artifact
from include.ml.training.artifact import ArtifactError
from include.specs import codec
from include.specs.errors import PerennialError, ReportError
from include.specs.reports import ModelManifest, PreprocessingReport
from include.specs.run import SplitBoundary

SPLIT = PreprocessingReport(
    parts={}, boundary=SplitBoundary(seed=3, hash_from=0.25), method="stratified", sha256="d" * 64
)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., ModelManifest]:
    def keep(fitted, folder: Path = tmp_path) -> ModelManifest:
        folder.mkdir(exist_ok=True)
        return artifact.save(
            folder,
            fitted.pipeline,
            model=fitted.model,
            run="run-1",
            threshold=0.4,
            hyperparameters={"max_iter": 12},
            split=SPLIT,
        )

    return keep


def packed(folder: Path, members: Mapping[str, bytes] | None = None) -> Path:
    """A model.tar.gz of the two files, or of `members`."""
    found = members or {name: (folder / name).read_bytes() for name in ("model.skops", "manifest.json")}
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["trees", "logistic"])
@pytest.mark.parametrize("form", ["folder", "archive"])
def test_what_is_loaded_predicts_what_was_saved(
    tmp_path: Path, save, name: str, form: str, request: pytest.FixtureRequest
) -> None:
    """To the last bit, from a folder and from SageMaker's archive."""
    fitted = request.getfixturevalue(name)
    manifest = save(fitted)
    pipeline, read = artifact.load(packed(tmp_path) if form == "archive" else tmp_path, sha256=manifest.sha256)
    assert read == manifest
    assert np.array_equal(pipeline.predict_proba(fitted.frame), fitted.pipeline.predict_proba(fitted.frame))


def test_the_manifest_says_what_serving_and_comparing_need(save, trees) -> None:
    """Features with their kinds, class, threshold, and which rows may have been fitted on."""
    manifest = save(trees)
    assert manifest.features == ("size", "weight", "colour", "city")
    assert (manifest.kinds["size"], manifest.kinds["colour"]) == ("numeric", "categorical")
    assert (manifest.model, manifest.run, manifest.positive, manifest.threshold) == ("toy", "run-1", "yes", 0.4)
    assert (manifest.boundary, manifest.data_sha256) == (SPLIT.boundary, SPLIT.sha256)
    assert set(manifest.packages) == {"numpy", "scikit-learn", "skops"}
    assert "sklearn.pipeline.Pipeline" in manifest.types


def test_target_encoding_can_be_saved(save, toy, tmp_path: Path, logistic) -> None:
    """Its folds are a type of their own."""
    from include.ml.features.pipeline import build_pipeline  # noqa: PLC0415 only here

    model = replace(toy, features={"city": "target_encode"})
    pipeline = build_pipeline(model).fit(logistic.frame, logistic.positive)
    save(replace(logistic, pipeline=pipeline))
    loaded, _ = artifact.load(tmp_path)
    assert np.array_equal(loaded.predict_proba(logistic.frame), pipeline.predict_proba(logistic.frame))


def test_an_altered_model_is_refused(tmp_path: Path, save, trees) -> None:
    """A byte is enough, and the message says both digests."""
    manifest = save(trees)
    path = tmp_path / "model.skops"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArtifactError, match=f"expected SHA-256 {manifest.sha256}, got"):
        artifact.load(tmp_path)


def test_a_model_other_than_the_registrys_is_refused(tmp_path: Path, save, trees) -> None:
    """A whole artifact put in place of another, its manifest included."""
    save(trees)
    with pytest.raises(ArtifactError, match="altered or mixed up"):
        artifact.load(tmp_path, sha256="0" * 64)


def test_a_type_beyond_the_list_is_refused(tmp_path: Path, save, trees) -> None:
    """Whatever the artifact's own manifest says of it."""
    save(trees)
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    schema = json.loads(entries["schema.json"])
    poison = {"__class__": "system", "__module__": "os", "__loader__": "TypeNode", "__id__": 1}
    schema["content"]["content"]["verbose"] = poison
    with zipfile.ZipFile(path, "w") as new:
        for name, content in (entries | {"schema.json": json.dumps(schema).encode()}).items():
            new.writestr(name, content)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest |= {"sha256": artifact.digest(path), "types": [*manifest["types"], "os.system"]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"types that are not loaded: os\.system"):
        artifact.load(tmp_path)


def test_a_type_that_the_manifest_does_not_list_is_refused(tmp_path: Path, save, trees) -> None:
    """A model and a manifest that do not belong together."""
    manifest = save(trees)
    shorter = replace(manifest, types=tuple(name for name in manifest.types if "Hist" not in name))
    (tmp_path / "manifest.json").write_bytes(codec.encode(shorter))
    with pytest.raises(ArtifactError, match=r"does not list: sklearn\.ensemble"):
        artifact.load(tmp_path)


class Homemade(SVC):
    """A class that no loader has heard of."""


def test_what_could_not_be_loaded_is_not_saved(save, logistic) -> None:
    """The training job fails, not the endpoint a week later."""
    strange = Pipeline([("estimator", Homemade())])
    with pytest.raises(ArtifactError, match="Homemade"):
        save(replace(logistic, pipeline=strange))


def test_types_of_scikit_learn_that_skops_trusts_pass(save, logistic, tmp_path: Path) -> None:
    """Not only the catalog's estimators."""
    save(replace(logistic, pipeline=Pipeline([("estimator", SGDClassifier())])))
    assert isinstance(artifact.load(tmp_path)[0][-1], SGDClassifier)


@pytest.mark.parametrize("missing", ["model.skops", "manifest.json"])
def test_half_an_artifact_is_refused(tmp_path: Path, save, trees, missing: str) -> None:
    """The message names the file that is not there."""
    save(trees)
    (tmp_path / missing).unlink()
    with pytest.raises(ArtifactError, match=rf"{missing}.*found none"):
        artifact.load(tmp_path)


def test_a_manifest_that_is_none_is_refused(tmp_path: Path, save, trees) -> None:
    """It is read before the model is."""
    save(trees)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ReportError, match=r"manifest\.json"):
        artifact.load(tmp_path)


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    """Neither a traceback nor a half-read model."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"\x1f\x8b nonsense")
    with pytest.raises(ArtifactError, match=r"expected a model\.tar\.gz"):
        artifact.load(path)


def test_an_archive_cannot_write_outside(tmp_path: Path) -> None:
    """A member's path that climbs is refused, and nothing is left of it."""
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(ArtifactError, match="outside"):
        artifact.load(packed(folder, {"../../escaped": b"x"}))
    assert not list(tmp_path.rglob("escaped"))


def test_an_archive_with_too_much_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the sizes that it declares, and by the number of files."""
    with pytest.raises(ArtifactError, match="at most 16 files"):
        artifact.load(packed(tmp_path, {str(n): b"" for n in range(20)}))
    monkeypatch.setattr(artifact, "SIZE_LIMIT", 100)
    with pytest.raises(ArtifactError, match="100 bytes"):
        artifact.load(packed(tmp_path, {"model.skops": b"0" * 101}))


def test_a_skops_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, save, trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a zip archive itself."""
    save(trees)
    monkeypatch.setattr(artifact, "SIZE_LIMIT", 1000)
    with pytest.raises(PerennialError, match="at most 1000 bytes"):
        artifact.load(tmp_path)


def test_a_file_that_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    """As a damaged checkpoint may be."""
    path = tmp_path / "x.skops"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(ArtifactError, match="cannot load it"):
        artifact.load_file(path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """An array of objects that hides a pickle does not load."""
    path = tmp_path / "x.skops"
    skops.io.dump({"a": np.zeros(2)}, path)
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    hidden = io.BytesIO()
    np.save(hidden, np.array([print], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in entries.items():
            new.writestr(name, hidden.getvalue() if name.endswith(".npy") else content)
    with pytest.raises(ArtifactError, match="allow_pickle"):
        artifact.load_file(path)
