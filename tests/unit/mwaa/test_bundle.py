"""The bundle of this checkout, and what it is made of."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from perennial import stamps

from mwaa import images
from mwaa.archive import sha256
from mwaa.bundle import CATALOG, Bundle, bundle, write
from mwaa.errors import DeployError

ROOT = Path(__file__).parents[3]
IMAGE = images.image("3.3")


@pytest.fixture(scope="module")
def made() -> Bundle:
    """The bundle for the Airflow that is deployed."""
    return bundle(ROOT, IMAGE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, with other times and other permissions."""
    for part in ("dags", "plugins", "include/__init__.py", "include/specs", "requirements.txt"):
        source, target = ROOT / part, tmp_path / part
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for file in tmp_path.rglob("*.py"):
        os.utime(file, (1e9, 1e9))
        file.chmod(0o600)
    return tmp_path


@pytest.fixture
def tracked(checkout: Path) -> Path:
    """That copy, committed."""
    git(checkout, "init", "--quiet")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "all of it")
    return checkout


def git(folder: Path, *arguments: str) -> str:
    """What git answers there."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True, text=True).stdout


def unpacked(made: Bundle) -> dict[str, bytes]:
    """What plugins.zip holds."""
    archive = zipfile.ZipFile(io.BytesIO(made.files["plugins.zip"]))
    return {name: archive.read(name) for name in archive.namelist()}


def test_same_files_give_the_same_bytes(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In another folder, at another time, with other permissions and what Python left there."""
    other = tmp_path_factory.mktemp("other") / "checkout"
    shutil.copytree(checkout, other, copy_function=shutil.copyfile)
    before = bundle(other, IMAGE)
    (checkout / "dags/__pycache__").mkdir(exist_ok=True)
    (checkout / "dags/__pycache__/drift.cpython-312.pyc").write_bytes(b"x")
    (checkout / "plugins/.DS_Store").write_bytes(b"x")
    assert bundle(checkout, IMAGE) == before


def test_only_what_git_tracks_is_shipped(tracked: Path) -> None:
    """A draft would become DAGs; what is added is shipped, before it is committed too, and what was deleted is gone."""
    before = bundle(tracked, IMAGE)
    drafts = ("dags/training.py.orig", "include/specs/catalog/draft.py", "plugins/perennial/draft.py")
    for draft in drafts:
        (tracked / draft).write_text("draft\n")
    found = bundle(tracked, IMAGE)
    assert (found.files, found.left_out) == (before.files, drafts)
    git(tracked, "add", drafts[1])
    (tracked / "dags/smoke.py").unlink()
    changed = bundle(tracked, IMAGE)
    assert set(changed.files) - set(before.files) == {"dags/include/specs/catalog/draft.py"}
    assert set(before.files) - set(changed.files) == {"dags/smoke.py"}


def test_code_version_is_the_commit_it_is_of(tracked: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A clone gives the same bytes; a commit of anything else changes nothing that takes an update."""
    made = bundle(tracked, IMAGE)
    assert made.code_version == git(tracked, "rev-parse", "HEAD").strip()
    clone = tmp_path_factory.mktemp("clone")
    git(tracked, "clone", "--quiet", str(tracked), str(clone))
    assert bundle(clone, IMAGE) == made
    git(tracked, "commit", "--quiet", "--allow-empty", "--message", "another")
    later = bundle(tracked, IMAGE)
    assert {path for path in made.files if later.files[path] != made.files[path]} == {
        "dags/include/bundle.json",
        "dags/include/code_version",
    }
    assert later.stamps["dags"] != made.stamps["dags"]  # else the proof could pass before the new one is there


def test_what_is_no_commit_is_named_for_what_it_is(tracked: Path) -> None:
    """Two changes of one commit have two names; a file that git does not track, and is not shipped, makes no change."""
    commit = bundle(tracked, IMAGE).code_version
    (tracked / "dags/draft.py").write_text("")
    assert bundle(tracked, IMAGE).code_version == commit
    file = tracked / "plugins/perennial/naming.py"
    names = []
    for edit in ("# one\n", "# two\n"):
        file.open("a").write(edit)
        names.append(bundle(tracked, IMAGE).code_version)
    assert all(re.fullmatch(rf"{commit}-dirty-[0-9a-f]{{12}}", name) for name in names)
    assert len(set(names)) == 2


def test_code_version_without_git_is_a_digest(checkout: Path) -> None:
    """Another plugin is another code version, whatever Airflow it is bundled for."""
    before = bundle(checkout, IMAGE).code_version
    assert re.fullmatch("sha256:[0-9a-f]{64}", before)
    assert bundle(checkout, images.image("3.2")).code_version == before
    (checkout / "plugins/perennial/naming.py").open("a").write("# edited\n")
    assert bundle(checkout, IMAGE).code_version != before


def test_a_task_finds_the_code_version_where_the_bundle_has_it(made: Bundle, tmp_path: Path) -> None:
    """Beside the vocabulary, as it is laid out in the DAG folder."""
    write(made, tmp_path)
    assert stamps.code_version(tmp_path / "dags/include") == made.code_version


def test_folder_of_which_git_knows_nothing_is_shipped_whole(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unpacked archive, also below a checkout of something else, and a machine without git."""
    (checkout / "dags/more.py").write_text("")
    found = bundle(checkout, IMAGE)
    assert "dags/more.py" in found.files
    git(checkout, "init", "--quiet")
    assert bundle(checkout, IMAGE) == found
    git(checkout, "add", "dags/training.py")
    git(checkout, "commit", "--quiet", "--message", "one file")
    with pytest.raises(DeployError, match=r"git tracks nothing of .*/plugins, and only what it tracks is shipped"):
        bundle(checkout, IMAGE)
    monkeypatch.setenv("PATH", "")
    assert bundle(checkout, IMAGE) == found


def test_checkout_that_git_cannot_read_is_refused(tracked: Path) -> None:
    """Rather than shipped with whatever lies in it; the message has git's own words."""
    (tracked / ".git/index").write_bytes(b"x")
    with pytest.raises(DeployError, match=r"git cannot read /.*: (error|fatal): .*index"):
        bundle(tracked, IMAGE)


def test_dag_folder_holds_the_vocabulary_and_no_computation(made: Bundle) -> None:
    """DAG files at the top, `include/specs` beside them, nothing that only jobs need."""
    paths = {path.removeprefix("dags/") for path in made.files if path.startswith("dags/")}
    assert {"training.py", ".airflowignore", "include/__init__.py", "include/specs/catalog/churn.py"} <= paths
    assert not [path for path in paths if path.startswith("include/ml") or "__pycache__" in path]
    files = {path.name for path in (ROOT / "dags").glob("*.py") if f"dags/{path.name}" not in made.left_out}
    assert made.dag_files == tuple(sorted(files - {CATALOG}))
    assert CATALOG in files & paths


def test_plugins_are_zipped_from_inside_their_folder(made: Bundle) -> None:
    """`perennial` is at the top, where MWAA's path finds it, and so are the constraints that requirements.txt names."""
    plugins = unpacked(made)
    assert {"perennial/__init__.py", "perennial_plugin.py", ".airflowignore"} <= set(plugins)
    assert plugins["constraints.txt"] == IMAGE.constraints.read_bytes()
    assert b'--constraint "/usr/local/airflow/plugins/constraints.txt"' in made.files["requirements.txt"]


def test_a_model_changes_no_plugin(checkout: Path) -> None:
    """A changed spec is an S3 sync: it changes the DAG folder and its stamp, nothing that takes an update."""
    before = bundle(checkout, IMAGE)
    (checkout / "include/specs/catalog/churn.py").open("a").write("# another threshold\n")
    changed = bundle(checkout, IMAGE)
    other = {path for path, digest in changed.digests.items() if digest != before.digests[path]}
    assert other == {
        "dags/include/specs/catalog/churn.py",
        "dags/include/bundle.json",
        "dags/include/code_version",
    }


def test_stamps_are_where_the_smoke_test_reads_them(made: Bundle) -> None:
    """One in each tree, saying the digest of that tree."""
    found = {"dags": made.files["dags/include/bundle.json"], "plugins": unpacked(made)["perennial/bundle.json"]}
    assert {tree: json.loads(stamp)["sha256"] for tree, stamp in found.items()} == made.stamps


def test_startup_script_asks_for_what_parsing_needs(made: Bundle) -> None:
    """What DAG files and triggers import, by name; not what a newer Airflow alone is asked for."""
    lines = made.files["startup.sh"].decode().splitlines()
    assert {"airflow.sdk:DAG", "airflow.triggers.base:BaseTrigger", "botocore.config:Config"} <= set(lines)
    assert "airflow.sdk:RetryPolicy" not in lines


def test_writing_leaves_nothing_of_an_earlier_bundle(made: Bundle, tmp_path: Path) -> None:
    """The folder holds the bundle's files and no others."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/removed.py").touch()
    write(made, tmp_path)
    found = {file.relative_to(tmp_path).as_posix(): sha256(file.read_bytes()) for file in files(tmp_path)}
    assert found == made.digests


def files(folder: Path) -> list[Path]:
    """The files below a folder."""
    return [file for file in folder.rglob("*") if file.is_file()]


def test_airflow_without_an_image_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(DeployError, match=r"AIRFLOW=2\.10: expected one of 3\.0\.6, 3\.2\.1, 3\.3\.1"):
        images.image("2.10")


def test_an_incomplete_checkout_is_refused(checkout: Path) -> None:
    """The message names the file."""
    (checkout / "requirements.txt").unlink()
    with pytest.raises(DeployError, match=r"requirements\.txt belongs into the bundle"):
        bundle(checkout, IMAGE)


@pytest.mark.parametrize("version", ["3.3.1", "3.2.1", "3.0.6"])
def test_image_pins_what_airflow_constrains(version: str) -> None:
    """MWAA's packages are those of the constraints, but for Airflow itself and what these leave open."""
    image = images.image(version)
    packages, constraints = pins(image.packages), pins(image.constraints)
    assert packages["apache-airflow"] == version
    assert {name: pin for name, pin in packages.items() if constraints.get(name, pin) != pin} == {}
    assert set(packages) - set(constraints) == {
        "apache-airflow",
        "apache-airflow-core",
        "apache-airflow-task-sdk",
        "fluent-logger",
    }
    assert not {"pandas", "numpy", "scikit-learn", "pyarrow", "scipy"} & set(packages)


def pins(file: Path) -> dict[str, str]:
    """Package → version."""
    lines = [line.strip() for line in file.read_text().splitlines() if "==" in line and not line.startswith("#")]
    return {
        name.lower().replace("_", "-").replace(".", "-"): pin
        for name, _, pin in (line.partition("==") for line in lines)
    }


def test_bundles_of_two_airflows_differ_in_constraints_alone(made: Bundle) -> None:
    """The code that goes to each of them is the same."""
    other = bundle(ROOT, images.image("3.2"))
    assert other != dataclasses.replace(made, airflow="3.2.1")
    assert {path for path in made.files if other.files[path] != made.files[path]} == {"plugins.zip"}
    differing = {path for path, content in unpacked(made).items() if unpacked(other)[path] != content}
    assert differing == {"constraints.txt", "perennial/bundle.json"}


def test_requirements_say_why_and_are_pinned() -> None:
    """Every line has its reason above it, and a package that is named has its version from the image's constraints."""
    reason = ""
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            assert reason, line
            name = re.match(r"[\w.-]+", line)
            assert line.startswith("--constraint ") or (name and name[0].lower() in pins(IMAGE.constraints)), line
        reason = line if line.startswith("#") else ""
