"""moto's own SageMaker tests, from the source distribution of the version that is installed, run against localaws."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.contracts.localaws.harness import ROOT, start_server, unavailable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
DIFFERENCES = Path(__file__).with_name("moto_differences.txt")


def download(folder: Path, *arguments: str) -> None:
    """pip; without what it is to fetch there is nothing to test."""
    command = [sys.executable, "-m", "pip", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        unavailable("moto's source distribution could not be had in time")
    if done.returncode != 0:
        unavailable(f"moto's source distribution cannot be had: {done.stderr.strip()[-300:]}")


@pytest.fixture(scope="module")
def moto_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """moto's tests without moto: the installed one is to be tested."""
    folder = tmp_path_factory.mktemp("moto")
    download(folder, "download", "-q", "--no-binary", ":all:", "--no-deps", f"moto=={version('moto')}")
    (archive,) = folder.glob("moto-*.tar.gz")
    with tarfile.open(archive) as source:
        source.extractall(folder, filter="data")
    (root,) = (path for path in folder.glob("moto-*") if path.is_dir())
    (root / "moto").rename(root / "moto-of-the-archive")
    if find_spec("freezegun") is None:
        download(root, "install", "-q", "--no-deps", "--target", str(root), "freezegun")
    return root


def expected_failures() -> set[str]:
    lines = DIFFERENCES.read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def test_moto_passes_its_own_tests_here(moto_tests: Path, tmp_path: Path) -> None:
    """Every test of moto's SageMaker passes but those listed with a reason, and each of those still fails."""
    server = start_server(tmp_path, "--lenient", "--stop-grace-seconds", "1")
    try:
        environment = os.environ | {
            "PYTHONPATH": str(moto_tests),
            "TEST_SERVER_MODE": "true",
            "TEST_SERVER_MODE_ENDPOINT": server.endpoint,
            "NO_COLOR": "1",
        }
        command = [sys.executable, "-m", "pytest", "-q", "--color=no", "--tb=no", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, "tests/test_sagemaker"],
            cwd=moto_tests,
            env=environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
    finally:
        server.end()
    failed = set(re.findall(r"^(?:FAILED|ERROR) tests/test_sagemaker/(\S+)", done.stdout, flags=re.MULTILINE))
    passed = re.search(r"\b[1-9]\d\d passed", done.stdout)
    assert passed, done.stdout[-2000:]
    assert failed == expected_failures()
    said = f"{passed[0].split()[0]} of moto's own SageMaker tests pass and {len(failed)} differ"
    assert said in (ROOT / "localaws" / "README.md").read_text().replace("\n", " "), f"localaws/README.md: {said}"
