"""The bundle: what is uploaded, made from the files of a checkout. The same files give the same bytes, everywhere.

Where git knows the checkout, only what it tracks is shipped: a draft in the catalog would become DAGs.

dags/…              goes to the environment's DAG folder, with `include/specs` inside it
plugins.zip         zipped from inside plugins/, with Airflow's constraints beside the package
requirements.txt    as it is
startup.sh          what a container must be able to import, and what it does where it cannot
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mwaa import imports, startup
from mwaa.archive import sha256, tree_sha256, zipped
from mwaa.checkout import Checkout, checkout
from mwaa.errors import DeployError
from mwaa.images import Image

DAGS = "dags/"
SPECS = "include/specs"
FOLDERS = ("dags", "plugins", SPECS)
CATALOG = "catalog.py"  # in the DAG folder, without a DAG: its import error tells of a wrong spec
PLUGINS, REQUIREMENTS, STARTUP = "plugins.zip", "requirements.txt", "startup.sh"
# What is not a DAG file and changes only with an update of the environment.
ARTIFACTS = (PLUGINS, REQUIREMENTS, STARTUP)
STAMP = "bundle.json"
# Beside the vocabulary alone: in plugins.zip it would make every commit an update of the environment.
CODE_VERSION = "include/code_version"
KEPT_HIDDEN = ".airflowignore"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What is uploaded.

    Args:
        airflow: the version of Airflow that it is for.
        code_version: the commit that it is of; marked as dirty, and by its own digest, where files differ from that;
            the digest alone where git knows no commit. A task keeps it with every model version.
        files: path → content.
        stamps: tree → digest, of the trees `dags` and `plugins`; each of them carries its own, for a task to find.
        dag_files: the files that hold DAGs, by their names in the DAG folder.
        left_out: files that lie among the shipped ones and are not, since git does not track them.
    """

    airflow: str
    code_version: str
    files: Mapping[str, bytes]
    stamps: Mapping[str, str]
    dag_files: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def digests(self) -> Mapping[str, str]:
        """Path → SHA-256 of its content, in hexadecimal."""
        return {path: sha256(content) for path, content in self.files.items()}

    @property
    def digest(self) -> str:
        """The digest of all of it."""
        return tree_sha256(self.files)


def bundle(repo: Path, image: Image) -> Bundle:
    """The bundle of the checkout `repo` for that image.

    Raises:
        DeployError: a file that it is made of is missing, or git cannot read the checkout.
    """
    known = checkout(repo)
    trees, left_out = _trees(repo, known)
    # As far as DAGs and plugins need `include`: what only jobs need stays out of the DAG folder.
    vocabulary = {f"{SPECS}/{path}": content for path, content in trees[SPECS].items()}
    dags = {**trees["dags"], "include/__init__.py": _read(repo / "include/__init__.py"), **vocabulary}
    plugins = {**trees["plugins"], "constraints.txt": _read(image.constraints)}
    needed = imports.foreign(_sources({**dags, **plugins}), _roots({**dags, **plugins}))
    version = _code_version(known, dags | {f"plugins/{path}": content for path, content in trees["plugins"].items()})
    dags[CODE_VERSION] = f"{version}\n".encode()
    stamps = {"dags": tree_sha256(dags), "plugins": tree_sha256(plugins)}
    dags[f"include/{STAMP}"] = _stamp(stamps["dags"])
    plugins[f"perennial/{STAMP}"] = _stamp(stamps["plugins"])
    files = {DAGS + path: content for path, content in dags.items()} | {
        PLUGINS: zipped(plugins),
        REQUIREMENTS: _read(repo / REQUIREMENTS),
        STARTUP: startup.script(needed).encode(),
    }
    names = tuple(path for path in sorted(dags) if path.endswith(".py") and "/" not in path and path != CATALOG)
    return Bundle(
        airflow=image.airflow,
        code_version=version,
        files=dict(sorted(files.items())),
        stamps=stamps,
        dag_files=names,
        left_out=left_out,
    )


def write(made: Bundle, folder: Path) -> None:
    """Lay the bundle out in `folder`, in place of what an earlier one left there."""
    for path, content in made.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for stale in [file for file in folder.rglob("*") if file.is_file()]:
        if stale.relative_to(folder).as_posix() not in made.files:
            stale.unlink()


def _trees(repo: Path, known: Checkout | None) -> tuple[dict[str, dict[str, bytes]], tuple[str, ...]]:
    """Each folder's files, by their paths in it; and what lies among them that git does not track."""
    found = {folder: _sources_below(repo / folder) for folder in FOLDERS}
    paths = [f"{folder}/{name}" for folder, names in found.items() for name in names]
    left_out = tuple(sorted(path for path in paths if known and path not in known.tracked))
    trees = {
        folder: {name: _read(repo / folder / name) for name in names if f"{folder}/{name}" not in left_out}
        for folder, names in found.items()
    }
    for folder, files in trees.items():
        if not files:
            raise DeployError(f"git tracks nothing of {repo / folder}, and only what it tracks is shipped: git add it")
    return trees, left_out


def _code_version(known: Checkout | None, files: Mapping[str, bytes]) -> str:
    """What says which code this is: two that differ have two, of one commit too."""
    digest = tree_sha256(files)
    if known is None:
        return f"sha256:{digest}"
    return f"{known.commit}-dirty-{digest[:12]}" if known.dirty else known.commit


def _sources_below(folder: Path) -> list[str]:
    found = [PurePosixPath(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file()]
    if not found:
        raise DeployError(f"{folder} was expected to hold what is uploaded, and holds nothing; run this in a checkout")
    return sorted(str(path) for path in found if _is_source(path))


def _is_source(path: PurePosixPath) -> bool:
    hidden = [part for part in path.parts if part.startswith(".") and part != KEPT_HIDDEN]
    return not hidden and "__pycache__" not in path.parts


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DeployError(f"{path} belongs into the bundle and is missing") from error


def _stamp(digest: str) -> bytes:
    return f"{json.dumps({'sha256': digest})}\n".encode()


def _sources(files: Mapping[str, bytes]) -> dict[str, str]:
    """Module → source text."""
    return {_module(path): content.decode() for path, content in files.items() if path.endswith(".py")}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _roots(files: Iterable[str]) -> Iterator[str]:
    """What Airflow imports by itself: DAG files, the plugin's entry file, triggers; and specs, which are looked for."""
    for path in files:
        alone = "/" not in path
        if path.endswith(".py") and (alone or path.startswith(("include/specs/", "perennial/triggers/"))):
            yield _module(path)
