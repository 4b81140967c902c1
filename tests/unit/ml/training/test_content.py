"""A content digest is equal for equal models, in any process, and for equal models only."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io

from include.ml.training import content
from include.ml.training.content import ModelFileError

LIMIT = 2**30
FIT = """
import sys
import numpy as np, skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.ensemble import HistGradientBoostingClassifier
values = np.array([["a", "b", "c"][n % 3] for n in range(90)], dtype=object).reshape(-1, 1)
trees = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5, max_features=0.5, random_state=0)
pipeline = make_pipeline(OneHotEncoder(sparse_output=False), trees).fit(values, np.arange(90) % 2)
skops.io.dump(pipeline, sys.argv[1])
"""


def test_two_processes_give_the_same_content_and_other_bytes(tmp_path: Path) -> None:
    """skops writes memory addresses: without the digest of the content, no model could be compared with another."""
    files = [tmp_path / name for name in ("one.skops", "two.skops")]
    for seed, file in enumerate(files):
        # Another hash seed also gives sets another order.
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-c", FIT, str(file)], check=True, env=environment)
    assert files[0].read_bytes() != files[1].read_bytes()
    assert content.digest(files[0], size_limit=LIMIT) == content.digest(files[1], size_limit=LIMIT)


def dumped(folder: Path, value: object) -> str:
    file = folder / "value.skops"
    skops.io.dump(value, file)
    return content.digest(file, size_limit=LIMIT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-15])),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0], np.float32)),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ([1, 2], [2, 1]),
        ([1, 2], (1, 2)),
    ],
)
def test_another_value_has_another_digest(tmp_path: Path, one: object, other: object) -> None:
    """In an array's last bit, its type, a key, an order, a container."""
    assert dumped(tmp_path, one) != dumped(tmp_path, other)
    assert dumped(tmp_path, one) == dumped(tmp_path, one)


def test_a_set_has_no_order(tmp_path: Path) -> None:
    """Iteration order is the process's."""
    # Eight and sixteen share a slot of a small set: the one that came first is iterated first.
    assert list({8, 16}) != list({16, 8})
    assert dumped(tmp_path, {8, 16}) == dumped(tmp_path, {16, 8})
    assert dumped(tmp_path, {"a", "b"}) != dumped(tmp_path, {"a", "c"})


def test_types_are_listed_once_each(tmp_path: Path) -> None:
    """As dotted paths."""
    file = tmp_path / "value.skops"
    skops.io.dump([np.zeros(1), np.ones(1)], file)
    found = content.types(file, size_limit=LIMIT)
    assert "numpy.ndarray" in found
    assert list(found) == sorted(set(found))


def test_what_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    """A zip archive without a schema is none."""
    file = tmp_path / "value.skops"
    file.write_bytes(b"nonsense")
    with pytest.raises(ModelFileError, match=r"value\.skops: expected a skops file"):
        content.digest(file, size_limit=LIMIT)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(ModelFileError, match=r"schema\.json"):
        content.types(file, size_limit=LIMIT)
