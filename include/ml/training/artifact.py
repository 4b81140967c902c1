"""The model artifact: a pipeline in skops format and a manifest of digests and types, refused before it is loaded.

Nothing here unpickles. A model file is data that an attacker may have written: sizes, digests and types are checked
first, and the types it may hold are listed in this file, not in the artifact.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

import skops.io
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from include.ml.container import replace_file
from include.ml.training import content
from include.specs import codec
from include.specs.errors import PerennialError
from include.specs.model import ModelSpec, Value
from include.specs.reports import MODEL_FILE, MODEL_MANIFEST, ModelManifest, PreprocessingReport

# What scikit-learn's own models hold beside the types that skops trusts by itself.
ALLOWED = frozenset(
    {
        "numpy.dtype",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    }
)
# Far above any model here, far below what would fill a disk.
SIZE_LIMIT = 2 * 2**30
MEMBER_LIMIT = 16
PACKAGES = ("numpy", "scikit-learn", "skops")


class ArtifactError(PerennialError):
    """A model artifact that is incomplete, altered, or holds types that this project does not load."""


def save(
    folder: Path,
    pipeline: Pipeline,
    *,
    model: ModelSpec,
    run: str,
    threshold: float,
    hyperparameters: Mapping[str, Value],
    split: PreprocessingReport,
) -> ModelManifest:
    """Write `pipeline` and its manifest into `folder`; the manifest.

    Args:
        threshold: probability from which a row is called positive.
        split: of the data that it was fitted on.

    Raises:
        ArtifactError: the pipeline holds a type that `load` would refuse.
    """
    file = folder / MODEL_FILE
    skops.io.dump(pipeline, file)
    _require_types(file)
    manifest = ModelManifest(
        model=model.name,
        run=run,
        sha256=digest(file),
        content_sha256=content.digest(file, size_limit=SIZE_LIMIT),
        types=content.types(file, size_limit=SIZE_LIMIT),
        features=tuple(column.name for column in model.dataset.features),
        positive=model.dataset.positive,
        threshold=threshold,
        boundary=split.boundary,
        hyperparameters=hyperparameters,
        packages=packages(),
        data_sha256=split.sha256,
        kinds={column.name: column.kind for column in model.dataset.features},
    )
    replace_file(folder / MODEL_MANIFEST, codec.encode(manifest))
    return manifest


def load(source: Path, *, sha256: str | None = None) -> tuple[Pipeline, ModelManifest]:
    """The fitted pipeline and its manifest, from a folder or a model.tar.gz.

    Args:
        sha256: of the model file, as the registry knows it; None where only the artifact's own manifest says.

    Raises:
        ArtifactError: a file is missing or too large, a digest differs, or a type is not one that may be loaded.
        ReportError: the manifest is not one.
    """
    with ExitStack() as stack:
        folder = source if source.is_dir() else stack.enter_context(_extracted(source))
        manifest = read_manifest(folder)
        file = folder / MODEL_FILE
        _require_digest(file, {manifest.sha256} if sha256 is None else {manifest.sha256, sha256})
        _require_listed(file, manifest)
        return load_file(file), manifest


def read_manifest(folder: Path) -> ModelManifest:
    """The manifest in `folder`.

    Raises:
        ArtifactError: there is none. ReportError: it is not one.
    """
    path = folder / MODEL_MANIFEST
    if not path.is_file():
        raise ArtifactError(f"expected {MODEL_MANIFEST} beside the model in {folder}, found none")
    return codec.decode(ModelManifest, path.read_bytes(), source=str(path))


def load_file(file: Path) -> BaseEstimator:
    """What a skops file holds, if it holds only types that may be loaded.

    Raises:
        ArtifactError: it holds others, or cannot be read.
    """
    try:
        # skops looks at all types before it makes the first object.
        return skops.io.load(file, trusted=sorted(ALLOWED))
    except UntrustedTypesFoundException:
        _require_types(file)  # which names those
        raise
    except Exception as error:
        raise ArtifactError(f"{file.name}: skops cannot load it: {type(error).__name__}: {error}") from error


def packages() -> Mapping[str, str]:
    """What a fitted pipeline depends on: name → installed version."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _extracted(archive: Path) -> Iterator[Path]:
    """The two files of a model.tar.gz, in a folder that does not outlive the block."""
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        try:
            with tarfile.open(archive) as tar:
                _extract(tar, Path(name))
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise ArtifactError(f"{archive.name}: expected a model.tar.gz: {error}") from error
        yield Path(name)


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    left = SIZE_LIMIT
    # One at a time: listing all of a bomb's members would be to unpack it.
    for count, member in enumerate(tar, start=1):
        left -= member.size
        if left < 0 or count > MEMBER_LIMIT:
            raise ArtifactError(f"expected at most {MEMBER_LIMIT} files and {SIZE_LIMIT} bytes in model.tar.gz")
        if member.isfile():
            tar.extract(member, folder, filter="data")


def _require_digest(file: Path, expected: Set[str]) -> None:
    if not file.is_file():
        raise ArtifactError(f"expected {file.name} beside its {MODEL_MANIFEST}, found none")
    found = digest(file)
    if expected != {found}:
        raise ArtifactError(
            f"{file.name}: expected SHA-256 {' and '.join(sorted(expected))}, got {found}; "
            "the artifact was altered or mixed up: register a new version from its run"
        )


def _require_types(file: Path) -> None:
    refused = set(skops.io.get_untrusted_types(file=file)) - ALLOWED
    if refused:
        raise ArtifactError(
            f"{file.name}: holds types that are not loaded: {', '.join(sorted(refused))}; "
            "only scikit-learn's own are, as listed in include/ml/training/artifact.py"
        )


def _require_listed(file: Path, manifest: ModelManifest) -> None:
    unlisted = set(content.types(file, size_limit=SIZE_LIMIT)) - set(manifest.types)
    if unlisted:
        raise ArtifactError(f"{file.name}: holds types that its manifest does not list: {', '.join(sorted(unlisted))}")
